"""Cells: what people type, cleaned into what it means. Pure; each function takes one cell.

Full-width letters, digits and signs become their usual forms; invisible characters and the
apostrophe that forces text go; an empty cell is None. Raises the errors of a row.
"""

import re
import unicodedata
from datetime import date, datetime, timedelta

from ops.roster.errors import CellTooLong, CellUnclear, DigitsLost

Cell = str | int | float | bool | datetime | date | None
"""A cell as the file has it. CSV has text only."""

LONGEST = 200
"""Characters of a cell that means something to the ledger."""

EXACT = 10**15
"""Spreadsheets keep 15 digits of a number; an identity number has 18."""

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xA0: " "}
_INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202C, 0x202D, 0x2060, 0xFEFF])
_QUOTED = re.compile(r'="(.*)"')
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d{1,3}")
_DATE = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日?|(\d{2})(\d{2}))"
    r"(?:[ T]0{1,2}:00(?::00(?:\.0+)?)?)?"
)
_SERIALS = range(61, 73_051)
"""1900-03-01, before which the serial days of spreadsheets are wrong, to 2099-12-31."""


def text(cell: Cell) -> str | None:
    """The cell as trimmed text in NFC; whole numbers without a decimal point, days as ISO dates."""
    match cell:
        case None:
            return None
        case bool():
            return "是" if cell else "否"
        case datetime():
            return (
                cell.isoformat(sep=" ") if cell.time() != datetime.min.time() else str(cell.date())
            )
        case date():
            return cell.isoformat()
        case int() | float():
            return number(cell)
    cleaned = cell.translate(_FULL_WIDTH).translate(_INVISIBLE)
    cleaned = "".join(c if unicodedata.category(c) != "Cc" else " " for c in cleaned).strip()
    quoted = _QUOTED.fullmatch(cleaned)
    cleaned = (quoted.group(1) if quoted else cleaned.removeprefix("'")).strip()
    if len(cleaned) > LONGEST:
        raise CellTooLong(limit=LONGEST)
    return unicodedata.normalize("NFC", cleaned) or None


def number(value: int | float) -> str:
    """A number as text. One with more digits than a spreadsheet keeps shows that they are gone."""
    if abs(value) >= EXACT:
        return f"{min(abs(value), 10**300):.14E}"
    return str(int(value)) if value == int(value) else repr(value)


def digits(cell: Cell) -> str | None:
    """A number that is a name (identity, certificate, account): without spaces and hyphens.

    Raises :class:`DigitsLost` for one that the spreadsheet took for a quantity.
    """
    found = text(cell)
    if found is None:
        return None
    if isinstance(cell, float) and not cell.is_integer():
        raise CellUnclear(value=found)
    if _SCIENTIFIC.fullmatch(found):
        raise DigitsLost()
    return re.sub(r"[\s\-]", "", found).upper() or None


def name(cell: Cell) -> str | None:
    """A name: the spaces that pad Chinese names go, those between other words are one each."""
    found = text(cell)
    if found is None:
        return None
    words = found.split()
    return ("" if any("\u3400" <= c <= "\u9fff" for c in found) else " ").join(words)


def day(cell: Cell, epoch: date) -> date | None:
    """A day: 2017-03-05, 2017/3/5, 2017.3.5, 2017年3月5日, 20170305, or a spreadsheet's serial day.

    ``epoch`` is the workbook's day 0. Years have four digits. Raises :class:`CellUnclear`.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    found = text(cell)
    if found is None:
        return None
    serial = re.fullmatch(r"(\d{2,5})(\.\d+)?", found)
    if serial and int(serial.group(1)) in _SERIALS:
        return epoch + timedelta(days=int(serial.group(1)))
    match = _DATE.fullmatch(re.sub(r"\s*([-/.年月日])\s*", r"\1", found))
    if match is None:
        raise CellUnclear(value=found)
    year, _, *rest = match.groups()
    month, dom = (int(part) for part in rest if part is not None)
    try:
        return date(int(year), month, dom)
    except ValueError as error:
        raise CellUnclear(value=found) from error


def listed(cell: Cell) -> list[str]:
    """The items of a cell, between commas, semicolons or enumeration commas."""
    return [item.strip() for item in re.split(r"[,;、]", text(cell) or "") if item.strip()]


def word(cell: Cell, words: dict[str, str]) -> str | None:
    """What the cell's word stands for; :class:`CellUnclear` for a word not in the list."""
    found = text(cell)
    if found is None:
        return None
    meaning = words.get("".join(found.split()).lower())
    if meaning is None:
        raise CellUnclear(value=found)
    return meaning
