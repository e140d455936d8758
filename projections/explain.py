"""Explanations: the events behind a beneficiary's balance.

It is folded by the balances view's own fold, so that it cannot disagree with what was paid. Pure:
records are passed in, and personal data is never opened. Figures are explained in
:mod:`projections.explain_figure`, months in :mod:`projections.explain_month`.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ledger.codec import decode
from ledger.domain.discard import Passed
from ledger.domain.events import Event
from ledger.domain.postings import postings
from ledger.log.feed import Record
from projections.rows import Rows, TableDef
from projections.views.balances import BALANCES, Balance, Balances


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """A posting of an event, in fen."""

    account: str
    amount_fen: int


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event of an explanation. ``value`` is what it adds: fen for money, a number otherwise.

    ``counts`` is False for an event that shows the same person or thing once more, or that is
    listed because it takes a count back.
    """

    position: int
    id: str
    type: str
    subject: str
    effective: str
    recorded: str
    actor: str
    value: int = 0
    counts: bool = True
    key: str | None = None
    zh: str | None = None
    en: str | None = None
    postings: list[Leg] = []
    change: dict[str, int] = {}


class BalanceExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """A beneficiary's balance in a program and, event by event, how it came about."""

    beneficiary: str
    program: str
    balance: dict[str, Any]
    positions: list[int]
    events: list[Entry]


def explain_balance(
    records: Iterable[Record], beneficiary: str, program: str, passed: Passed
) -> BalanceExplanation:
    """Fold the enrollment's events with the balances view; ``change`` is what each one moved.

    What that view passes over by ``passed`` is not there.
    """
    source = _Memory(Rows(BALANCES))
    view = Balances(source)
    handlers = view.handlers()
    entries = []
    before = Balance(beneficiary, program)
    for position, raw in records:
        if Balances.name in passed.get(position, ()):
            continue
        event = decode(raw)
        fold: Callable[[int, Event[Any]], None] | None = handlers.get(type(event.data))
        if fold is None:
            continue
        fold(position, event)
        after = source.rows.get((beneficiary, program)) or before
        entries.append(entry(position, event, change=_change(before, after)))
        before = msgspec.structs.replace(after)
    return BalanceExplanation(
        beneficiary=beneficiary,
        program=program,
        balance=msgspec.to_builtins(before),
        positions=[e.position for e in entries],
        events=entries,
    )


class _Memory:
    """The rows of a single table, for a fold outside any database."""

    def __init__(self, rows: Rows[Any]) -> None:
        self.rows = rows

    def of(self, table: TableDef[Any]) -> Rows[Any]:
        assert table is self.rows.table, table.name
        return self.rows


def _change(before: Balance, after: Balance) -> dict[str, int]:
    moved = {
        name: getattr(after, name) - getattr(before, name)
        for name in Balance.__struct_fields__
        if name.endswith("_fen")
    }
    return {name: fen for name, fen in moved.items() if fen}


def entry(
    position: int,
    event: Event[Any],
    *,
    value: int = 0,
    key: str | None = None,
    change: dict[str, int] | None = None,
) -> Entry:
    """An event as an explanation shows it, with its own words for why."""
    d = event.data
    reason = getattr(d, "reason", None)
    return Entry(
        position=position,
        id=event.id,
        type=event.type,
        subject=event.subject,
        effective=event.effective.isoformat(),
        recorded=event.time,
        actor=event.actor,
        value=value,
        key=key,
        zh=getattr(d, "zh", None) or reason,
        en=getattr(d, "en", None) or reason,
        postings=[Leg(account=p.account, amount_fen=p.amount_fen) for p in postings(event)],
        change=change or {},
    )
