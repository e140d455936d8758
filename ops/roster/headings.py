"""Headings: which row of a table has them, and which column is what. Pure.

Above the headings may stand titles and notes, and the headings themselves may take two rows (a
group's name over its columns). The names of columns are data, in ``headings.toml``.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ops.roster import cells
from ops.roster.cells import Cell
from ops.roster.errors import CellTooLong, RosterHeadings

LOOKED_AT = 30
"""Rows from the top among which the headings are."""

_ASIDE = re.compile(r"\(.*?\)|\[.*?\]|【.*?】|[\s:*·]")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a kind of roster may have; ``group``: one of the group is needed."""

    field: str
    heading: str
    needed: bool
    group: str | None


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns are. ``first`` is the index of the row after the headings.

    ``columns`` maps a field to the index of its column, ``titles`` all columns' headings as given,
    ``unknown`` those that mean nothing to us.
    """

    first: int
    columns: dict[str, int]
    titles: dict[int, str]
    unknown: list[str]


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(files("ops.roster").joinpath("headings.toml").read_text("utf-8"))


@cache
def columns(kind: str) -> dict[str, Column]:
    """The columns of a kind of roster by field."""
    return {
        field: Column(field, c["headings"][0], c.get("needed", False), c.get("group"))
        for field, c in _data()[kind].items()
    }


@cache
def names(kind: str) -> dict[str, list[str]]:
    """What each field's column may be called."""
    return {field: c["headings"] for field, c in _data()[kind].items()}


@cache
def words(name: str) -> dict[str, str]:
    """What the words of a column stand for."""
    return {word: meaning for meaning, all in _data()["words"][name].items() for word in all}


@cache
def _fields(kind: str) -> dict[str, str]:
    return {_bare(h): field for field, called in names(kind).items() for h in called}


@cache
def _ignored() -> frozenset[str]:
    return frozenset(_bare(h) for h in _data()["ignored"]["headings"])


def _bare(heading: str) -> str:
    return _ASIDE.sub("", heading).lower()


def find(kind: str, rows: Sequence[Sequence[Cell]], given: frozenset[str] = frozenset()) -> Layout:
    """The layout of a table by its first rows; ``given`` are fields that need no column.

    Raises :class:`RosterHeadings` naming every column that is needed and missing.
    """
    best: tuple[int, dict[int, str]] = (0, {})
    for first, titles in _candidates(rows[:LOOKED_AT]):
        if len(_placed(kind, titles)) > len(_placed(kind, best[1])):
            best = first, titles
    first, titles = best
    placed = _placed(kind, titles)
    if missing := _missing(kind, set(placed) | given):
        raise RosterHeadings(missing="、".join(missing))
    used = set(placed.values())
    spare = [t for i, t in sorted(titles.items()) if i not in used and _bare(t) not in _ignored()]
    return Layout(first, placed, titles, spare)


def _candidates(rows: Sequence[Sequence[Cell]]) -> Iterator[tuple[int, dict[int, str]]]:
    """Each row as headings, and each with the next one below it."""
    above: dict[int, str] = {}
    for index, row in enumerate(rows):
        titles = _titles(row)
        yield index + 1, titles
        yield index + 1, above | titles
        above = titles


def _titles(row: Sequence[Cell]) -> dict[int, str]:
    found = {}
    for index, cell in enumerate(row):
        said = title(cell)
        if said is not None:
            found[index] = said
    return found


def title(cell: Cell) -> str | None:
    """A cell as a heading: None where it is empty, or too long for one."""
    try:
        return cells.text(cell)
    except CellTooLong:
        return None


def _placed(kind: str, titles: Mapping[int, str]) -> dict[str, int]:
    """The first column of each field."""
    placed: dict[str, int] = {}
    for index, title in sorted(titles.items()):
        field = _fields(kind).get(_bare(title))
        if field is not None:
            placed.setdefault(field, index)
    return placed


def _missing(kind: str, found: set[str]) -> list[str]:
    """The headings that are needed and not there; those of a group together."""
    missing: list[str] = []
    groups: dict[str, list[Column]] = {}
    for field, column in columns(kind).items():
        if column.group is not None:
            groups.setdefault(column.group, []).append(column)
        elif column.needed and field not in found:
            missing.append(column.heading)
    for members in groups.values():
        if not any(c.field in found for c in members):
            missing.insert(0, "/".join(c.heading for c in members))
    return missing
