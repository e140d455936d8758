"""Two moments compared: which figures changed, whose money changed, and which events did it.

A moment is views of the past and the bounds that they were made by; what lies between two moments
are the events that exactly one of them lets in. With the same effective bound and two recorded
times that answers what was *learned* in between; with two effective dates, what *happened*. An
event bears on a figure when :func:`projections.contributions.contributions` gives it a part in its
measure, and on a person's money when the balances view folds it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from ledger.codec import TYPE_OF, decode, type_name
from ledger.domain.discard import Passed
from ledger.domain.events import Event
from ledger.domain.events.program import RuleSet
from ledger.log.feed import Record
from projections.asof import attribute
from projections.contributions import POVERTY_REGISTER, RULES, contributions
from projections.figures import Figure
from projections.report import Report
from projections.views.balances import Balance, Balances
from projections.year import EXITED, REGISTERED, view_of

NAMED = 100
"""Positions named of what bears on one figure or balance; ``events`` counts all of them."""

_RULE = "rate"
"""The measure of a rule: its rate, or its cap."""


@dataclass(frozen=True, slots=True)
class Moment:
    """How far views had come, in events, and the effective date that bounds them."""

    position: int
    effective: date | None = None

    def admits(self, position: int, effective: str) -> bool:
        """Whether an event is part of what was looked at."""
        within = self.effective is None or effective <= self.effective.isoformat()
        return position < self.position and within


@dataclass(frozen=True, slots=True)
class Look:
    """What a moment's views say: each person's money and, unless only that is asked, the report."""

    moment: Moment
    balances: Sequence[Balance]
    report: Report | None = None


class Causes(msgspec.Struct, kw_only=True):
    """The events behind a change: how many of each type, and the first positions."""

    events: int = 0
    types: dict[str, int] = {}
    positions: list[int] = []

    def take(self, position: int, kind: str) -> None:
        self.events += 1
        self.types[kind] = self.types.get(kind, 0) + 1
        if len(self.positions) < NAMED:
            self.positions.append(position)


class FigureChange(msgspec.Struct, frozen=True, kw_only=True):
    """``before`` and ``after`` are exact, in ``unit`` (money in yuan)."""

    id: str
    zh: str
    en: str
    unit: str
    before: str
    after: str
    causes: Causes


class MoneyChange(msgspec.Struct, frozen=True, kw_only=True):
    """A beneficiary in a program; amounts in fen, at the first and at the second moment."""

    beneficiary: str
    program: str
    granted_fen: tuple[int, int]
    settled_fen: tuple[int, int]
    owed_fen: tuple[int, int]
    causes: Causes


class Differences(msgspec.Struct, frozen=True, kw_only=True):
    """``events`` lie between the moments; ``types`` counts them by type."""

    before: int
    after: int
    events: int
    types: dict[str, int]
    figures: list[FigureChange]
    money: list[MoneyChange]


@dataclass(slots=True)
class _Wanted:
    """What to find causes for, as the log is read once."""

    money: dict[tuple[str, str], Causes] = field(default_factory=dict)
    measures: dict[tuple[str, str], list[tuple[Figure, Causes]]] = field(default_factory=dict)


def between(
    batches: Iterable[Sequence[Record]], one: Moment, other: Moment, subject: str | None = None
) -> Iterator[Record]:
    """The events, one subject's or all, that exactly one of two moments lets in.

    ``batches`` begin at :func:`first_between`.
    """
    for batch in batches:
        for position, raw in batch:
            if subject is not None and attribute(raw, b'"subject":"') != subject:
                continue
            effective = attribute(raw, b'"effective":"')
            if one.admits(position, effective) != other.admits(position, effective):
                yield position, raw


def first_between(one: Moment, other: Moment) -> int:
    """The position before which no event lies between the moments."""
    return min(one.position, other.position) if one.effective == other.effective else 0


def differences(
    one: Look,
    other: Look,
    records: Iterable[Record],
    figures: Sequence[Figure],
    year: int,
    *,
    passed: Passed,
) -> Differences:
    """``records`` are those :func:`between` the moments, ``figures`` the reports' of ``year``.

    What a view passes over by ``passed`` is no cause of what is read from it.
    """
    wanted = _Wanted()
    changed = []
    if one.report is not None and other.report is not None:
        changed = _changed_figures(one.report, other.report, {f.id: f for f in figures}, wanted)
    money = _changed_money(one.balances, other.balances, wanted)
    types: Counter[str] = Counter()
    for position, raw in records:
        name = type_name(raw)
        types[name.decode().split(".")[1]] += 1
        if name in _BEARING:
            _attribute(position, decode(raw), wanted, year, passed.get(position, frozenset()))
    return Differences(
        before=one.moment.position,
        after=other.moment.position,
        events=types.total(),
        types=dict(types.most_common()),
        figures=changed,
        money=money,
    )


def _changed_figures(
    one: Report, other: Report, figures: dict[str, Figure], wanted: _Wanted
) -> list[FigureChange]:
    changed = []
    for before, after in zip(one.figures, other.figures, strict=True):
        assert before.id == after.id, "both reports are of one account"
        if (before.actual_value, before.medals) == (after.actual_value, after.medals):
            continue
        causes = Causes()
        figure = figures[after.id]
        for measure in _measures(figure):
            wanted.measures.setdefault(measure, []).append((figure, causes))
        changed.append(
            FigureChange(
                id=after.id,
                zh=after.zh,
                en=after.en,
                unit=after.unit,
                before=before.actual_value,
                after=after.actual_value,
                causes=causes,
            )
        )
    return changed


def _measures(figure: Figure) -> list[tuple[str, str]]:
    """The measures that a figure is made of, each with its program."""
    if figure.id in (REGISTERED, EXITED):
        kinds = ["registered"] if figure.id == REGISTERED else ["exited", "exit-undone"]
        return [(POVERTY_REGISTER, kind) for kind in kinds]
    match figure.measure:
        case "completion":
            return [(figure.program, "persons"), (figure.program, "target")]
        case "rate" | "cap":
            return [(figure.program, _RULE)]
        case measure:
            return [(figure.program, measure)]


def _changed_money(
    one: Sequence[Balance], other: Sequence[Balance], wanted: _Wanted
) -> list[MoneyChange]:
    """Debts first, then by how much changed hands."""
    before, after = ({(b.beneficiary, b.program): b for b in rows} for rows in (one, other))
    changed = []
    for key in before.keys() | after.keys():
        was, now = before.get(key) or Balance(*key), after.get(key) or Balance(*key)
        pairs = {
            "granted_fen": (was.granted_fen, now.granted_fen),
            "settled_fen": (was.settled_fen, now.settled_fen),
            "owed_fen": (was.owed_fen, now.owed_fen),
        }
        if any(a != b for a, b in pairs.values()):
            causes = wanted.money[key] = Causes()
            changed.append(MoneyChange(beneficiary=key[0], program=key[1], causes=causes, **pairs))
    return sorted(changed, key=_weight)


def _weight(change: MoneyChange) -> tuple[int, int, str, str]:
    moved = [abs(b - a) for a, b in (change.owed_fen, change.settled_fen)]
    return -moved[0], -moved[1], change.beneficiary, change.program


_FOLDED = frozenset(kind for fold in vars(Balances).values() for kind in getattr(fold, "kinds", ()))
_BEARING = frozenset(TYPE_OF[kind].encode() for kind in {*_FOLDED, *RULES, RuleSet})


def _attribute(
    position: int, event: Event[Any], wanted: _Wanted, year: int, without: frozenset[str]
) -> None:
    """Count the event among the causes of all that it bears on, but for these views' numbers."""
    d, kind = event.data, type(event.data).__name__
    if type(d) in _FOLDED and Balances.name not in without:
        causes = wanted.money.get((event.subject, d.program))
        if causes is not None:
            causes.take(position, kind)
    if isinstance(d, RuleSet):
        parts = {(d.program, _RULE)}
    else:
        parts = {(program, measure) for program, measure, *_ in contributions(event)}
    for part in parts:
        if view_of(part[1]) in without:
            continue
        for figure, causes in wanted.measures.get(part, ()):
            stock = figure.id in (REGISTERED, EXITED)
            if stock or part[1] in (_RULE, "target") or event.effective.year == year:
                causes.take(position, kind)
