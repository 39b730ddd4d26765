"""References: which addresses last, and how one that was not looked up is shown."""

import re
from urllib.parse import urlsplit

UNCHECKED = "unchecked: "
"""What the reference of an event begins with that was coded from general knowledge and not looked up."""

_ADDRESS = re.compile(r"https?://[^\s;]+")
_PASSING = {
    "test", "testing", "tests", "staging", "stage", "wpstage", "dev", "preview", "prod", "cdn", "mirror", "mirrors",
    "proxy", "localhost", "ciaotest", "dvincitest",
}  # fmt: skip
"""Words in the name of a host that is not the publisher's own for good: a copy for tests, a mirror, a cache."""
_UPLOADS = {
    "docslib", "9dok", "timetoast", "studocu", "scribd", "issuu", "issuhub", "studylib", "docplayer", "lawsdocbox",
    "vdocument", "vdocuments", "cupdf", "dokumen", "pdfcoffee", "slideshare", "coursehero", "freeessay", "essaytgt",
    "flipbuilder", "pastebin",
}  # fmt: skip
"""Names of sites to which anybody uploads what others have written."""


def passing_address(reference: str) -> str:
    """Describe why an address in a reference is not the publisher's own, lasting page; an empty text if it is.

    A reference without an address is fine. A copy of a wire report on a site of good standing cannot be told from its
    address.
    """
    if re.fullmatch(r"(?:www\.)?(?:[\w-]+\.)+[a-z]{2,}/?", reference):
        return "a host without a page"
    reasons = [_passing(address) for address in _ADDRESS.findall(reference)]
    return next(filter(None, reasons), "")


def shown_reference(reference: str) -> str:
    """Return the reference of an event that was not looked up: where to look, and no citation."""
    return f"{UNCHECKED}{reference}".strip()


def is_unchecked(reference: str) -> bool:
    """Whether a shown reference is of an event that was not looked up."""
    return reference.startswith(UNCHECKED.strip())


def _passing(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "not an address"
    host = parts.netloc.lower()
    if re.search(r":\d|^[\d.]+$|@", host):
        return "a host by its number or port"
    if _PASSING & set(re.split(r"[.-]", host)):
        return "a host for tests, a mirror or a cache"
    if _UPLOADS & set(host.split(".")):
        return "a site of uploads"
    if re.search(r"(?:^|&)p=\d", parts.query) or "wp-json" in parts.path:
        return "an address of a draft or a database"
    return "" if parts.path.strip("/") or parts.query else "a host without a page"
