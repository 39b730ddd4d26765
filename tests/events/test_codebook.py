"""The codebook agrees with itself, and its codes stay text."""

import re

import pandas as pd
import pytest

from forecast.base.errors import DataError, SpecError
from forecast.base.resources import data_folder
from forecast.data.events.codebook import read_codes, read_scale, read_small_csv

FOLDER = data_folder() / "codebook"


def test_a_statement_is_not_a_demand():
    codes = read_codes()
    assert codes.loc["010", "name"] == "Make statement"
    assert codes.loc["10", "name"] == "DEMAND"


def test_codes_are_unique_and_stand_under_their_root():
    codes = read_codes()
    assert codes.index.is_unique
    assert (codes.index.str[:2] == codes["root_code"]).all()
    assert codes["goldstein"].between(-10, 10).all()


def test_the_quad_class_follows_from_the_root():
    codes = read_codes()
    root = codes["root_code"].astype(int)
    expected = pd.cut(root, [0, 5, 8, 13, 20], labels=[1, 2, 3, 4]).astype(int)
    assert (codes["quad"] == expected).all()


def test_classes_name_the_same_codes():
    classes = read_small_csv(FOLDER / "classes.csv")
    codes = read_codes()
    assert list(classes["code"]) == list(codes.index)
    assert list(classes["name"]) == list(codes["name"])


@pytest.mark.parametrize("name", ["commitment", "goldstein"])
def test_a_scale_uses_every_class_it_names(name):
    scale = read_scale(name)
    assert set(scale.class_of) == set(range(len(scale.classes)))
    assert (len(scale.classes), scale.zero_cut) == (8, 4)


def test_goldstein_classes_are_what_their_names_say():
    scale = read_scale("goldstein")
    for place, name in enumerate(scale.classes):
        low, high = (float(bound) for bound in name.removeprefix("Goldstein ").split(" to "))
        values = read_codes()["goldstein"][scale.class_of == place]
        assert values.between(low, high).all(), name


def test_the_boundary_of_the_goldstein_scale_is_zero():
    scale = read_scale("goldstein")
    assert ((read_codes()["goldstein"] < 0) == (scale.class_of < scale.zero_cut)).all()


def test_conflict_on_the_commitment_scale_is_what_the_quad_class_calls_conflict():
    scale = read_scale("commitment")
    assert ((read_codes()["quad"] >= 3) == (scale.class_of < scale.zero_cut)).all()


def test_joint_codes_are_those_the_coding_sheet_names():
    joint = set(read_codes().index[read_codes()["joint"]])
    consultation = {"040", "041", "042", "043", "044", "046", "050", "054", "057"}
    material = {"060", "061", "062", "063", "064", "087", "0871", "0872", "0873", "0874"}
    assert joint == consultation | material


def test_an_unknown_scale_is_refused_with_those_there_are():
    with pytest.raises(SpecError, match="commitment, goldstein"):
        read_scale("warmth")


@pytest.mark.parametrize(("separator", "written"), [(";", ";"), ("\t", "tab"), ("|", "|")])
def test_another_separator_of_a_small_table_is_named(tmp_path, separator, written):
    path = tmp_path / "eras.csv"
    path.write_text(separator.join(["dyad", "era", "start"]) + "\n")
    with pytest.raises(
        DataError, match=re.escape(f"separated by {written!r}, and ',' is expected")
    ):
        read_small_csv(path, ("dyad", "era", "start"))
