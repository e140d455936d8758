"""All error codes, wherever they live: each is one error's, in two languages, and documented."""

import importlib
import pkgutil
import re
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

import consumers
import ledger
import ops
import projections
import schemas
from ledger.domain.errors import LedgerError
from ops.roster import errors as roster

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
ROW_PROBLEMS = {
    roster.CellMissing,
    roster.CellTooLong,
    roster.CellUnclear,
    roster.CellsDisagree,
    roster.DigitsLost,
    roster.RowsDisagree,
}
"""What no command ends with: they are told beside a row."""
_ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (?:(\d) \| )?(.+) \|$", re.MULTILINE)


def _errors(root: type[LedgerError]) -> set[type[LedgerError]]:
    return set().union({root}, *(_errors(one) for one in root.__subclasses__()))


def _all_errors() -> list[type[LedgerError]]:
    """Every error of the packages, all modules of which are imported for it."""
    packages = {
        package.__name__: package.__path__
        for package in (schemas, ledger, projections, consumers, ops)
    }
    for name, path in packages.items():
        for module in pkgutil.walk_packages(path, f"{name}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    ours = (one for one in _errors(LedgerError) if one.__module__.split(".")[0] in packages)
    return sorted(ours, key=lambda one: one.code)


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


ERRORS = _all_errors()


def test_a_code_is_of_one_error() -> None:
    said_anew = [error.code for error in ERRORS if "code" in vars(error)]
    assert [code for code, times in Counter(said_anew).items() if times > 1] == []
    assert len(ERRORS) > 150


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_an_error_says_the_same_in_chinese_and_in_english(error: type[LedgerError]) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+|excluded|unexpected", error.code)
    assert re.search("[\u4e00-\u9fff]", error.zh)
    assert re.search("[a-z]", error.en)
    assert not re.search("[\u4e00-\u9fff]", error.en)
    assert _fields(error.zh) == _fields(error.en)


def test_the_operators_page_lists_every_code_with_its_exit_status() -> None:
    page = OPERATIONS.read_text("utf-8").partition("## Error codes")[2]
    rows = [(code, status) for code, status, _ in _ROW.findall(page)]
    assert [code for code, times in Counter(code for code, _ in rows).items() if times > 1] == []
    assert dict(rows) == {
        error.code: str(error.exit_code) if error not in ROW_PROBLEMS else ""
        for error in ERRORS
        if error is not LedgerError
    }
