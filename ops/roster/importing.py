"""From a table to the ledger: every row checked, the good ones carried out in chunks.

A row is taken in as a whole or not at all, and what decides whether it is there already is the
ledger's own state (``ledger.commands.roster``): so a list may be given again at any time, whole or
in part, after a crash between two chunks too.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from ledger.application import Command, Ledger, Outcome
from ledger.work import Context
from ops.roster import applications, persons
from ops.roster.cells import Cell
from ops.roster.errors import Problem, RosterHeadings, RosterSheets, RowsDisagree, in_words
from ops.roster.fields import Entry, Reference
from ops.roster.headings import Layout, columns, find, title
from ops.roster.reading import Table

Kind = Literal["persons", "applications"]
Read = Callable[[Mapping[str, Cell], Reference], tuple[Entry | None, list[Problem]]]

READERS: dict[str, Read] = {persons.KIND: persons.read, applications.KIND: applications.read}

CHUNK = 500
"""Rows of one transaction: some 2,500 events."""

LEDGER = "账本"
"""Where a reason stands that the ledger gives."""


@dataclass(slots=True)
class Row:
    """A row with something in it: its number in the sheet, and what became of it.

    ``reasons`` are (heading, code) and hold no cell's text; ``why`` is for the workbook of rejects.
    """

    number: int
    cells: tuple[Cell, ...]
    entry: Entry | None = None
    repeats: bool = False
    reasons: list[tuple[str, str]] = field(default_factory=list)
    why: str = ""
    events: int = 0

    def reject(self, problems: Sequence[Problem]) -> None:
        """Note why the row can't be taken in."""
        self.reasons += [(p.heading, p.error.code) for p in problems]
        self.why = ";".join(part for part in (self.why, in_words(problems)) if part)


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Rows read, and of them: applied, there already, said twice in the list, rejected."""

    read: int
    applied: int
    present: int
    repeated: int
    rejected: int
    events: int
    reasons: dict[str, int]


def choose(kind: Kind, tables: Sequence[Table], given: frozenset[str]) -> tuple[Table, Layout]:
    """The one table that has the headings. Raises RosterHeadings, RosterSheets."""
    found: list[tuple[Table, Layout]] = []
    first: RosterHeadings | None = None
    for table in tables:
        try:
            found.append((table, find(kind, table.rows, given)))
        except RosterHeadings as error:
            first = first or error
    if len(found) > 1:
        raise RosterSheets(sheets="、".join(table.sheet for table, _ in found))
    if not found:
        raise first or RosterHeadings(missing="、".join(c.heading for c in columns(kind).values()))
    return found[0]


def check(kind: Kind, table: Table, layout: Layout, reference: Reference) -> list[Row]:
    """The rows of a table, each with its entry or with all its problems. Pure.

    Rows without a cell in any column we know are passed over, and headings printed once more. A
    row said twice counts once; rows that say different things about one person are all refused,
    since nobody can tell which is right.
    """
    rows = list(_rows(table, layout))
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        named = {name: _at(row.cells, i) for name, i in layout.columns.items()}
        row.entry, problems = READERS[kind](named, reference)
        row.reject(problems)
        if row.entry is not None:
            by_key.setdefault(row.entry.key, []).append(row)
    heading = columns(kind)["id_number"].heading
    for same in by_key.values():
        agree = all(row.entry == same[0].entry for row in same)
        for row in same[1:] if agree else same:
            if agree:
                row.repeats = True
                continue
            others = "、".join(str(r.number) for r in same if r is not row)
            row.reject([Problem(heading, RowsDisagree(rows=others))])
    return rows


def _rows(table: Table, layout: Layout) -> Iterator[Row]:
    used = layout.columns.values()
    for number, cells in enumerate(table.rows[layout.first :], layout.first + 1):
        filled = {i: cell for i in used if not _empty(cell := _at(cells, i))}
        if filled and any(title(cell) != layout.titles[i] for i, cell in filled.items()):
            yield Row(number, cells)


def _at(cells: Sequence[Cell], index: int) -> Cell:
    cell = cells[index] if index < len(cells) else None
    return None if _empty(cell) else cell


def _empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def carry_out(
    ledger: Ledger,
    rows: Sequence[Row],
    context: Context,
    progress: Callable[[int, int], None],
    *,
    rehearse: bool = False,
    chunk_rows: int = CHUNK,
) -> None:
    """Ask the ledger for every good row, in chunks of one transaction each; note the answers.

    A chunk's key is made of what it asks and of the length of the log it is asked on: asked again
    on another log it is decided anew, so that a refusal doesn't stand when its cause has gone.
    """
    good = [row for row in rows if row.entry is not None and not row.reasons and not row.repeats]
    for start in range(0, len(good), chunk_rows):
        chunk = good[start : start + chunk_rows]
        items = [_item(row, context) for row in chunk]
        if rehearse:
            outcomes = ledger.rehearse(items)
        else:
            content = msgspec.json.encode([items, ledger.feed().end()])
            key = f"roster-{ledger.vault.keyed_digest('roster', content)[:32]}"
            outcomes = ledger.execute_group(items, key=key).outcomes
        for row, outcome in zip(chunk, outcomes, strict=True):
            _note(row, outcome)
        progress(start + len(chunk), len(good))


def _item(row: Row, context: Context) -> tuple[Command, Context]:
    assert row.entry is not None, row.number
    if row.entry.effective is not None:
        context = msgspec.structs.replace(context, effective=row.entry.effective)
    return row.entry.command, context


def _note(row: Row, outcome: Outcome) -> None:
    if outcome.error is not None:
        row.reasons.append((LEDGER, outcome.error))
        row.why = outcome.zh or ""
    row.events = outcome.events


def summary(rows: Sequence[Row]) -> Summary:
    """What became of the rows; reasons by ``heading code``, a row counting once for each."""
    rejected = [row for row in rows if row.reasons]
    good = [row for row in rows if not row.reasons]
    reasons = Counter(f"{heading} {code}" for r in rejected for heading, code in set(r.reasons))
    return Summary(
        read=len(rows),
        applied=sum(1 for r in good if r.events),
        present=sum(1 for r in good if not r.events and not r.repeats),
        repeated=sum(1 for r in good if r.repeats),
        rejected=len(rejected),
        events=sum(r.events for r in rows),
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
    )
