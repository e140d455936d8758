"""Two engines, one answer: the money views beside what SQL makes of the archived events.

The views are folded by Python from the feed, the figures here by DuckDB from the archive, from the
published table of postings; they share no code. Every cell is compared; a row whose amounts and
counts are all zero is equal to no row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from projections.archive.asking import Archive
from projections.archive.errors import ArchiveOfAnotherLog
from projections.engine import Projector

VIEWS = ("balances", "funds", "program_totals")
"""The views that a projector of the past needs to be compared."""


@dataclass(frozen=True, slots=True)
class MoneyTable:
    """A table of a view: its key, and the columns that are compared.

    ``where`` picks the rows of which the second engine has the like.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    where: Mapping[str, Any] | None = None


_BALANCE_FEN = (
    "granted reversed instructed settled returned returned_late overpaid recovered waived "
    "cancelled refunded in_transit payable owed"
)
_FUND_FEN = (
    "appropriated donated_cash donated_goods commitments released available_cash available_goods"
)
TABLES = (
    MoneyTable(
        "balances",
        ("beneficiary", "program"),
        (
            *(f"{name}_fen" for name in _BALANCE_FEN.split()),
            *("grants", "settlements", "returns", "last_month", "last_settled_month"),
        ),
    ),
    MoneyTable("funds", ("fund",), tuple(f"{name}_fen" for name in _FUND_FEN.split())),
    MoneyTable(
        "trial_balance",
        ("account", "fund", "program", "division"),
        ("debit_fen", "credit_fen", "balance_fen"),
    ),
    MoneyTable(
        "program_totals",
        ("program", "division", "month", "measure"),
        ("count", "quantity", "amount_fen"),
        {"measure": "amount"},
    ),
)
"""What is compared: all that is money."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One cell. ``view`` is what the view has, ``sql`` what the second engine has."""

    table: str
    key: list[str]
    column: str
    view: int | str | None
    sql: int | str | None


class Recomputed(msgspec.Struct, frozen=True, kw_only=True):
    """``rows`` maps a table to how many of its rows were compared, of either engine."""

    position: int
    rows: dict[str, int]
    differences: list[Difference]


def recompute(
    archive: Archive,
    projector: Projector,
    *,
    position: int | None = None,
    known: str | None = None,
    effective: date | None = None,
) -> Recomputed:
    """Compare at the projector's position, or as of the bounds by which it was made.

    ``position`` None is where the projector is. Raises :class:`ArchiveOfAnotherLog` where the
    archive ends before that.
    """
    reached = projector.position()
    until = reached if position is None else position
    if archive.manifest.end < min(until, reached):
        raise ArchiveOfAnotherLog(what="length", archive=archive.manifest.end, log=until)
    bounds = (until, known, effective.isoformat() if effective else None)
    rows: dict[str, int] = {}
    differences: list[Difference] = []
    for table in TABLES:
        of_view = _keyed(table, projector.select(table.name, table.where))
        of_sql = _asked(archive, table, bounds)
        keys = sorted(of_view.keys() | of_sql.keys())
        rows[table.name] = len(keys)
        for key in keys:
            differences += _compared(table, key, of_view.get(key), of_sql.get(key))
    return Recomputed(position=reached, rows=rows, differences=differences)


Cells = Sequence[int | str | None]


def _keyed(table: MoneyTable, rows: list[Any]) -> dict[tuple[str, ...], Cells]:
    found: dict[tuple[str, ...], Cells] = {}
    for row in rows:
        cells = [getattr(row, name) for name in table.columns]
        if any(cells):
            found[tuple(str(getattr(row, name)) for name in table.key)] = cells
    return found


def _asked(
    archive: Archive, table: MoneyTable, bounds: tuple[int, str | None, str | None]
) -> dict[tuple[str, ...], Cells]:
    columns = ", ".join((*table.key, *table.columns))
    answer = archive.ask(
        f"SELECT {columns} FROM {table.name}_as_of(until := $1, known := $2, effective_by := $3)",
        bounds,
        limit=None,
    )
    width = len(table.key)
    return {
        tuple(str(part) for part in row[:width]): row[width:]
        for row in answer.rows
        if any(row[width:])
    }


def _compared(
    table: MoneyTable, key: tuple[str, ...], view: Cells | None, sql: Cells | None
) -> Iterator[Difference]:
    for at, name in enumerate(table.columns):
        one = view[at] if view is not None else None
        other = sql[at] if sql is not None else None
        if (one or 0) != (other or 0):
            yield Difference(table=table.name, key=list(key), column=name, view=one, sql=other)
