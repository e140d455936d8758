"""Opening a roster's file: XLSX or CSV, told by what is in it and never by its name.

The file is someone else's: its size is bounded before it is opened, a workbook's parts before they
are unpacked, rows and columns while they are read. Formulas are not computed and macros not
opened; a formula's stored value is what counts.
"""

import codecs
import csv
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from ledger.domain.errors import NotFound
from ops.files import read_given
from ops.roster.cells import Cell
from ops.roster.errors import RosterHasMacros, RosterProtected, RosterTooLarge, RosterUnreadable

MIB = 2**20
FILE_BYTES = 32 * MIB
SHEET_BYTES = 128 * MIB
"""Of a sheet, unpacked: some 100,000 rows of 20 columns."""
PART_BYTES = 16 * MIB
"""Of any other part, unpacked, but for the texts that sheets share."""
TEXTS_BYTES = 64 * MIB
PARTS = 1_000
ROWS = 100_000
COLUMNS = 100
LAST_ROW = 2**20
"""The last row that a worksheet can have."""

EPOCH = date(1899, 12, 30)
"""Day 0 of spreadsheets; a workbook may have another."""

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    InvalidFileException,
    EOFError,
    OSError,
    NotImplementedError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What openpyxl and zipfile end with on a damaged workbook; neither has an error of its own."""


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet: its rows from the first on, and the day that its serial days count from."""

    sheet: str
    rows: list[tuple[Cell, ...]]
    epoch: date = EPOCH


def read_tables(path: Path, sheet: str | None = None) -> list[Table]:
    """The sheets that are shown, or the one that is named; a CSV file is one table.

    Raises :class:`NotFound` for a sheet that is not there, RosterUnreadable, RosterProtected,
    RosterHasMacros, RosterTooLarge, and what :func:`~ops.files.read_given` raises.
    """
    content = read_given(path, FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise RosterTooLarge(what="MiB", limit=FILE_BYTES // MIB)
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise RosterProtected()
        raise RosterUnreadable(reason="XLS")
    if content.startswith(b"PK\x03\x04"):
        return _workbook(content, sheet)
    if sheet is not None:
        raise NotFound(what=sheet)
    return [Table("", _csv_rows(_decoded(content)))]


# --- XLSX


def _workbook(content: bytes, sheet: str | None) -> list[Table]:
    try:
        _check_parts(content)
        with warnings.catch_warnings():
            # About styles and validations that it leaves out: nothing that a roster needs.
            warnings.filterwarnings("ignore", module="openpyxl")
            return _tables(content, sheet)
    except _DAMAGE as error:
        # Its words may quote a cell, and its name says nothing to who made the file.
        raise RosterUnreadable(reason="XLSX") from error


def _check_parts(content: bytes) -> None:
    """Bound what will be unpacked: zipfile reads no more of a part than its entry says."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        entries = parts.infolist()
    if len(entries) > PARTS:
        raise RosterTooLarge(what="parts", limit=PARTS)
    for entry in entries:
        name = entry.filename.lower()
        if entry.flag_bits & 1:
            raise RosterProtected()
        if name.endswith("vbaproject.bin") or "/macrosheets/" in name:
            raise RosterHasMacros()
        limit = PART_BYTES
        if "/worksheets/" in name:
            limit = SHEET_BYTES
        elif name.endswith("sharedstrings.xml"):
            limit = TEXTS_BYTES
        if entry.file_size > limit:
            raise RosterTooLarge(what="MiB", limit=limit // MIB)
    if all(entry.filename != "[Content_Types].xml" for entry in entries):
        raise RosterUnreadable(reason="ZIP")  # some other archive


def _tables(content: bytes, sheet: str | None) -> list[Table]:
    book = openpyxl.load_workbook(
        io.BytesIO(content), read_only=True, data_only=True, keep_links=False
    )
    try:
        sheets: list[Any] = [s for s in book.worksheets if s.sheet_state == "visible"]
        if sheet is not None:
            sheets = [s for s in book.worksheets if s.title == sheet]
            if not sheets:
                raise NotFound(what=sheet)
        epoch = book.epoch.date()
        return [Table(s.title, _bounded(_sheet_rows(s)), epoch) for s in sheets]
    finally:
        book.close()


def _sheet_rows(sheet: Any) -> Iterator[tuple[Cell, ...]]:
    # What the sheet says of its own size is disregarded. Rows are read to the end of what the
    # format has, so that one behind a gap is not silently cut off; gaps cost next to nothing.
    sheet.reset_dimensions()
    for row in sheet.iter_rows(max_row=LAST_ROW, values_only=True):
        yield tuple(_cell(value) for value in row)


def _cell(value: object) -> Cell:
    """A cell's value; what is neither text, number nor day is shown as text."""
    if value is None or isinstance(value, (str, bool, int, float, datetime, date)):
        return value
    return value.isoformat() if isinstance(value, time) else str(value)


# --- CSV


def _decoded(content: bytes) -> str:
    """UTF-8, with or without a byte order mark, or GB18030, which Chinese spreadsheets write."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            found = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in found:
            return found
    raise RosterUnreadable(reason="UTF-8, GB18030")


def _csv_rows(content: str) -> list[tuple[Cell, ...]]:
    """Between commas, semicolons or tabs: whichever the first lines have most of."""
    head = content[:20_000]
    delimiter = max(",\t;", key=head.count)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    try:
        return _bounded(tuple(cell or None for cell in row) for row in reader)
    except csv.Error as error:
        raise RosterUnreadable(reason="CSV") from error


def _bounded(rows: Iterable[Sequence[Cell]]) -> list[tuple[Cell, ...]]:
    """The rows without empty cells at their ends; RosterTooLarge above the bounds."""
    found: list[tuple[Cell, ...]] = []
    last = 0
    for row in rows:
        width = max((i for i, cell in enumerate(row, 1) if cell not in (None, "")), default=0)
        if width > COLUMNS:
            raise RosterTooLarge(what="columns", limit=COLUMNS)
        found.append(tuple(row[:width]))
        last = len(found) if width else last
        if last > ROWS:
            raise RosterTooLarge(what="rows", limit=ROWS)
    return found[:last]
