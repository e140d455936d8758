"""Importing files that are no rosters, or not to be read as one: a code, and nothing is applied."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from ops.roster import reading
from tests.integration.cli import contents, run
from tests.integration.homes import bare, home
from tests.integration.imports import CLERK, counts, given, taken
from tests.rosters import clean, person

__all__ = ["bare", "home"]


def _zip(*parts: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return made.getvalue()


def _good() -> dict[str, bytes]:
    made = io.BytesIO()
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in clean("persons", [person(1)]):
        book.active.append(row)
    book.save(made)
    with zipfile.ZipFile(made) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _with(name: str, content: bytes) -> bytes:
    return _zip(*{**_good(), name: content}.items())


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a0 "ha">'
    + b"".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">'.encode() for n in range(1, 10))
    + b']><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b"<si><t>&a9;</t></si></sst>"
)

HEAD = "姓名,身份证号,区县,户籍\n"

WRONG: list[tuple[Callable[[], bytes], str]] = [
    (lambda: b"", "roster-headings"),
    (lambda: b"\x00\x01\x02\xff" * 9, "roster-unreadable"),
    (lambda: b"%PDF-1.4 \x00\xff", "roster-unreadable"),
    (lambda: b"PK\x03\x04 and no more", "roster-unreadable"),
    (lambda: _zip(("word/document.xml", b"<w/>")), "roster-unreadable"),
    (lambda: OLE + "Workbook".encode("utf-16-le"), "roster-unreadable"),
    (lambda: OLE + "EncryptedPackage".encode("utf-16-le"), "roster-protected"),
    (lambda: _with("xl/vbaProject.bin", b"x"), "roster-has-macros"),
    (lambda: _with("xl/styles.xml", bytes(reading.PART_BYTES + 1)), "roster-too-large"),
    (lambda: _with("xl/workbook.xml", LAUGHS), "roster-unreadable"),
    (lambda: _zip(*((f"xl/{n}", b"") for n in range(reading.PARTS + 1))), "roster-too-large"),
    (lambda: bytes(reading.FILE_BYTES + 1), "roster-too-large"),
    (lambda: HEAD.encode() + b"x\n" * reading.ROWS, "roster-too-large"),
    ((HEAD + "x," * 101 + "x\n").encode, "roster-too-large"),
    ((HEAD + '"' + "x" * 200_000 + '"').encode, "roster-unreadable"),
    ("姓名,性别\n测,男\n".encode, "roster-headings"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code"), WRONG, ids=[f"{i}-{w[1]}" for i, w in enumerate(WRONG)]
)
def test_a_wrong_file_has_its_code_and_nothing_is_applied(
    home: Path, content: Callable[[], bytes], code: str
) -> None:
    file, before = home.parent / "wrong.xlsx", contents(home)
    file.write_bytes(content())
    ended = run(home, "import", "persons", str(file), *CLERK)
    assert "Error" not in ended.err  # Python's names say nothing to who made the file
    assert (ended.status, ended.out) == (2, b"")
    assert f"错误 {code}: " in ended.err
    assert contents(home) == before


def test_a_file_or_sheet_that_is_not_there_is_not_found(home: Path) -> None:
    for arguments in (("/nowhere",), (str(given(home, [person(1)])), "--sheet", "没有")):
        ended = run(home, "import", "persons", *arguments, *CLERK)
        assert ended.status == 2
        assert "not-found" in ended.err


def test_of_several_sheets_with_a_roster_one_must_be_named(home: Path) -> None:
    file = given(home, [person(1)])
    book = openpyxl.load_workbook(file)
    assert book.active is not None
    book.copy_worksheet(book.active).title = "另一份"
    book.create_sheet("说明").append(["填表说明"])
    book.save(file)
    assert "roster-sheets" in taken(home, file).err
    assert counts(taken(home, file, "--sheet", "另一份")) == (1, 0, 0, 0)


def test_a_row_behind_a_gap_longer_than_a_roster_is_not_silently_cut_off(home: Path) -> None:
    file = given(home, [person(1)])
    book = openpyxl.load_workbook(file)
    assert book.active is not None
    book.active.cell(reading.ROWS + 5, 1).value = "测"
    book.save(file)
    assert "roster-too-large" in taken(home, file).err


def test_a_screen_in_english_says_what_was_done(home: Path) -> None:
    file = given(home, [person(1), person(2, urban=None), {**person(3), "name": None}])
    ended = run(home, "import", "persons", str(file), *CLERK, "--lang", "en")
    assert "there already" in ended.text
    assert "cell-missing" in ended.text
    assert "2 rejected rows" in ended.err
    assert os.listdir(home.parent).count("名册-退回.xlsx") == 1
