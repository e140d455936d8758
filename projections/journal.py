"""The postings as a journal for other people's bookkeeping: Beancount and hledger.

An account is the ledger's own with the fund and the program as further parts,
``Expenses:Benefits:City-welfare:Nursing-subsidy``; the budget's memo accounts stand below
``Equity:Budget``, since both programs know five roots. Amounts are yuan with two decimals, exact
from fen, in the commodity CNY. Dates are effective dates. The balances asserted at the end are
those of the trial balance *view*, and the transactions are made of the *events*: a checker that
accepts the file has found both to be the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, Protocol

from ledger.codec import TYPE_OF, decode, type_name
from ledger.domain.discard import Passed
from ledger.domain.events import Event
from ledger.domain.month import last_day, month_of
from ledger.domain.postings import MOVING, postings
from ledger.log.feed import Record
from projections.asof import AsOf
from projections.views.funds import TrialBalance

Detail = Literal["event", "month"]
"""One transaction an event, or one a month, type of event, fund and program."""

Batches = Iterator[Sequence[Record]]

VIEW = "funds"
"""The view whose trial balance is asserted; what it passes over is no transaction either."""

NO_FUND = "No-Fund"
NO_PROGRAM = "All-Programs"
"""Parts of account names that no code can come out as: a code has one capital at most."""

_ROOTS = {"Budget": "Equity:Budget"}
_TYPES = frozenset(TYPE_OF[kind].encode() for kind in MOVING)
_COMMODITY = "CNY"


@dataclass(frozen=True, slots=True)
class Transaction:
    """``legs`` maps accounts to fen and sums to zero; ``event`` is None for a month's sum."""

    day: date
    type: str
    note: str
    legs: Mapping[str, int]
    event: str | None = None
    position: int | None = None
    subject: str | None = None


def account_name(account: str, fund: str | None, program: str | None) -> str:
    """The ledger's account with its fund and program; other codes are other names."""
    root, _, rest = account.partition(":")
    parts = (_ROOTS.get(root, root), rest, _part(fund, NO_FUND), _part(program, NO_PROGRAM))
    return ":".join(parts)


def _part(code: str | None, none: str) -> str:
    return code[0].upper() + code[1:] if code else none


def closing(rows: Iterable[TrialBalance]) -> dict[str, int]:
    """Balances to assert, in fen: the trial balance by account name, divisions summed."""
    found: dict[str, int] = {}
    for row in rows:
        name = account_name(row.account, row.fund, row.program)
        found[name] = found.get(name, 0) + row.balance_fen
    return dict(sorted(found.items()))


def transactions(
    batches: Iterable[Iterable[Record]], bound: AsOf, passed: Passed, detail: Detail
) -> Iterator[Transaction]:
    """The transactions of the events that ``bound`` lets in, in position order or by month."""
    single = _single(batches, bound, passed)
    return single if detail == "event" else _by_month(single)


def _single(
    batches: Iterable[Iterable[Record]], bound: AsOf, passed: Passed
) -> Iterator[Transaction]:
    for batch in batches:
        for position, raw in batch:
            if bound.too_late(raw):
                return
            if type_name(raw) not in _TYPES or VIEW in passed.get(position, ()):
                continue
            event = decode(raw)
            if bound.admits(event) and (legs := _legs(event)):
                yield _of(position, event, legs)


def _legs(event: Event[Any]) -> dict[str, int]:
    legs: dict[str, int] = {}
    for account, fund, program, _, amount_fen in postings(event):
        name = account_name(account, fund, program)
        legs[name] = legs.get(name, 0) + amount_fen
    return {name: fen for name, fen in legs.items() if fen}


def _of(position: int, event: Event[Any], legs: dict[str, int]) -> Transaction:
    d = event.data
    said = [getattr(d, "program", None) or d.fund, getattr(d, "month", None)]
    return Transaction(
        day=event.effective,
        type=type(d).__name__,
        note=" ".join(part for part in said if part),
        legs=legs,
        event=event.id,
        position=position,
        subject=event.subject,
    )


def _by_month(single: Iterable[Transaction]) -> Iterator[Transaction]:
    """One transaction for all of a month, type and accounts, on the month's last day."""
    sums: dict[tuple[str, str, tuple[str, ...]], dict[str, int]] = {}
    for one in single:
        key = (month_of(one.day), one.type, tuple(sorted(one.legs)))
        legs = sums.setdefault(key, {})
        for name, fen in one.legs.items():
            legs[name] = legs.get(name, 0) + fen
    for (month, kind, _), legs in sorted(sums.items()):
        yield Transaction(last_day(month), kind, month, {n: f for n, f in legs.items() if f})


class Writer(Protocol):
    """One program's syntax, as text."""

    def head(self, title: str) -> str: ...
    def transaction(self, t: Transaction) -> str: ...
    def foot(self, opened: date, closed: date, balances: Mapping[str, int]) -> str: ...


class Journal:
    """A journal to be written: iterating over it gives its text in pieces.

    ``count`` is how many transactions it gave so far.
    """

    def __init__(
        self, writer: Writer, title: str, made: Iterable[Transaction], balances: Mapping[str, int]
    ) -> None:
        """``balances`` are asserted on the day after the last transaction, in fen."""
        self.count = 0
        self._writer, self._title, self._made, self._balances = writer, title, made, balances

    def __iter__(self) -> Iterator[str]:
        yield self._writer.head(self._title)
        first, last = date.max, date.min
        for one in self._made:
            first, last = min(first, one.day), max(last, one.day)
            self.count += 1
            yield self._writer.transaction(one)
        if self.count:
            yield self._writer.foot(first, last + timedelta(days=1), self._balances)


def yuan(fen: int) -> str:
    """Exact, with two decimals and no grouping."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


class Beancount:
    """Beancount v3. Its ``balance`` holds at the start of a day, and is a fen lax if it may be."""

    def head(self, title: str) -> str:
        return f'option "title" "{title}"\noption "operating_currency" "{_COMMODITY}"\n'

    def transaction(self, t: Transaction) -> str:
        lines = [f'\n{t.day} * "{t.type}" "{t.note}"']
        if t.event is not None:
            lines.append(f'  event: "{t.event}"\n  subject: "{t.subject}"')
            lines.append(f"  position: {t.position}")
        lines += [f"  {name}  {yuan(fen)} {_COMMODITY}" for name, fen in t.legs.items()]
        return "\n".join(lines) + "\n"

    def foot(self, opened: date, closed: date, balances: Mapping[str, int]) -> str:
        lines = [f"\n{opened} commodity {_COMMODITY}"]
        lines += [f"{opened} open {name} {_COMMODITY}" for name in balances]
        lines += [
            f"{closed} balance {name}  {yuan(fen)} ~ 0.00 {_COMMODITY}"
            for name, fen in balances.items()
        ]
        return "\n".join(lines) + "\n"


class Hledger:
    """hledger: accounts and the commodity are declared, so that ``check --strict`` passes."""

    def head(self, title: str) -> str:
        return f"; {title}\n\ndecimal-mark .\ncommodity 1000.00 {_COMMODITY}\n"

    def transaction(self, t: Transaction) -> str:
        tags = ""
        if t.event is not None:
            tags = f"  ; event:{t.event}, position:{t.position}, subject:{t.subject}"
        lines = [f"\n{t.day} * {t.type} | {t.note}{tags}"]
        lines += [f"    {name}  {yuan(fen)} {_COMMODITY}" for name, fen in t.legs.items()]
        return "\n".join(lines) + "\n"

    def foot(self, opened: date, closed: date, balances: Mapping[str, int]) -> str:
        lines = ["", *(f"account {name}" for name in balances)]
        lines.append(f"\n{closed} * trial balance | asserted")
        lines += [
            f"    {name}  0.00 {_COMMODITY} = {yuan(fen)} {_COMMODITY}"
            for name, fen in balances.items()
        ]
        return "\n".join(lines) + "\n"
