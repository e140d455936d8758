"""The divisions of the city, and what lies below which."""

from pathlib import Path

import pytest

from ledger.catalog import load_divisions
from ledger.catalog.checks import division_problems
from ledger.catalog.loader import CatalogInvalid
from ledger.domain.division import Division, covers, is_division_code
from ledger.domain.errors import UnknownDivision


def test_divisions_are_the_city_its_districts_and_its_counties() -> None:
    divisions = load_divisions()
    below = [d for d in divisions.values() if d.parent == "220200"]
    assert len(divisions) == 10
    assert len(below) == 9
    assert [d.code for d in below if d.urban] == ["220202", "220203", "220204", "220211"]
    assert divisions["220221"].zh == "永吉县"


@pytest.mark.parametrize(
    ("parent", "code", "expected"),
    [
        ("220200", "220200", True),
        ("220200", "220284", True),
        ("220000", "220284", True),
        ("220202", "220202", True),
        ("220202", "220203", False),
        ("220202", "220200", False),
        ("220200", "220102", False),
        ("220000", "210200", False),
    ],
)
def test_a_division_covers_itself_and_what_lies_below(
    parent: str, code: str, expected: bool
) -> None:
    assert covers(parent, code) is expected


@pytest.mark.parametrize(
    "code", ["", "22020", "2202000", "22O200", "２２０２００", "000000", "220002"]
)
def test_a_malformed_division_is_refused(code: str) -> None:
    assert not is_division_code(code)
    with pytest.raises(UnknownDivision):
        covers("220200", code)


def test_a_division_outside_its_parent_is_a_problem() -> None:
    known = frozenset({"220200", "220221"})
    stray = Division(code="220102", zh="南关区", en="Nanguan", parent="220200")
    orphan = Division(code="220221", zh="永吉县", en="Yongji", parent="220300")
    good = Division(code="220221", zh="永吉县", en="Yongji", parent="220200")
    assert len(division_problems(stray, known)) == 1
    assert len(division_problems(orphan, known)) == 1
    assert division_problems(good, known) == []


def test_a_bad_divisions_file_is_refused_with_all_its_problems(tmp_path: Path) -> None:
    file = tmp_path / "divisions.toml"
    city = '[[divisions]]\ncode = "220200"\nzh = "吉林市"\nen = "Jilin City"\n'
    file.write_text(city + city + "mayor = 1\n\n[[divisions]]\ncode = 7\n", "utf-8")
    with pytest.raises(CatalogInvalid) as caught:
        load_divisions(file)
    text = caught.value.message("en")
    for expected in ("unknown key mayor", "Expected `str`, got `int`", "en is missing"):
        assert expected in text
