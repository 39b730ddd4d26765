"""The theory's claims as sentences a newspaper could quote, each with its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One claim, answered.

    Attributes
    ----------
    code : str
        ``S1`` to ``S9``, or ``S13`` for the conclusion.
    title : str
        What is claimed, in a few words.
    sentence : str
        The answer.
    numbers : mapping of str to float
        The numbers of the sentence, unrounded.
    """

    code: str
    title: str
    sentence: str
    numbers: Mapping[str, float]
