"""The workbook of rejects: the bad rows as they were given, and beside each what is wrong with it.

The only place where what a row holds is written down; its file's mode is 0600. Every cell is text,
so that nothing is computed, no number loses its digits, and the corrected workbook can be given to
the next import as it is.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter

from ops.files import plain, write_whole
from ops.roster.cells import Cell, number, text
from ops.roster.headings import Layout
from ops.roster.importing import Row

REASON = "原因"


def write_rejects(path: Path, layout: Layout, rows: Sequence[Row]) -> None:
    """Whole or not at all. Raises as :func:`ops.files.write_whole` does."""
    reason = {i for i, title in layout.titles.items() if title.strip() == REASON}
    width = max([*layout.titles, *(len(row.cells) - 1 for row in rows)]) + 1
    kept = [i for i in range(width) if i not in reason]
    book = Workbook(write_only=True)
    sheet = book.create_sheet("名册")
    for letter in range(1, len(kept) + 1):
        sheet.column_dimensions[get_column_letter(letter)].width = 18
    sheet.column_dimensions[get_column_letter(len(kept) + 1)].width = 60
    sheet.freeze_panes = "A2"
    titles = [layout.titles.get(i, "") for i in kept]
    sheet.append([_written(sheet, cell) for cell in (*titles, REASON)])
    for row in rows:
        given = [row.cells[i] if i < len(row.cells) else None for i in kept]
        sheet.append([_written(sheet, cell) for cell in (*given, row.why)])
    write_whole(path, 0o600, book.save)


def _written(sheet: Any, cell: Cell) -> Any:
    """The cell as text, also where it begins like a formula."""
    match cell:
        case None:
            return None
        case str():
            shown = ILLEGAL_CHARACTERS_RE.sub(" ", cell)
        case bool():
            shown = text(cell) or ""
        case int() | float():
            shown = number(cell)
        case _:
            shown = text(cell) or ""
    written = WriteOnlyCell(sheet, value=shown)
    written.data_type = "s"
    written.number_format = "@"
    if not plain(shown):
        written.quotePrefix = True
    return written


def free_path(roster: Path) -> Path:
    """A name beside the roster that nothing has: a workbook being corrected is never replaced."""
    path, n = roster.with_name(f"{roster.stem}-退回.xlsx"), 2
    while path.exists():
        path, n = roster.with_name(f"{roster.stem}-退回{n}.xlsx"), n + 1
    return path
