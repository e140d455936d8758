"""Explanations of figures: the events that add up to a published number.

Runs :func:`projections.contributions.contributions` over the log again, decoding only events that
can matter, so it can't tell another story than the totals. The log is passed in; nothing is opened
that is sealed.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec

from ledger.codec import TYPE_OF, decode, type_name
from ledger.domain.discard import Passed
from ledger.domain.events import Event, EventData
from ledger.domain.events import household as hh
from ledger.domain.events.program import RuleSet, TargetSet
from ledger.domain.rules import Rule
from ledger.log.feed import Record
from projections.contributions import RULES, contributions, medal_key
from projections.explain import Entry, entry
from projections.figures import Figure
from projections.year import COLORS, EXITED, REGISTERED, view_of


class FigureExplanation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a figure rests on. ``total`` is the sum or count of it (fen for money).

    ``positions`` are those of every event that adds to the figure, ascending; ``repeated`` is how
    many further events show what was counted already.
    """

    figure: str
    program: str
    measure: str
    year: int
    zh: str
    en: str
    rule_zh: str
    rule_en: str
    total: int
    positions: list[int]
    events: list[Entry]
    repeated: int = 0
    rules: list[Rule] = []
    target: int | None = None


MEASURES: dict[str, tuple[str, str]] = {
    "persons": (
        "按人去重:本年内有到账、缴费、服务、适配、培训、就业等任一事件的人,每人计一次",
        "distinct persons reached in the year by any payment, service, device, training or job",
    ),
    "registered": (
        "年末建档立卡残疾人:登记在册时的户内残疾人,每人计一次",
        "persons on the poverty register by the year's end, each counted once",
    ),
    "exited": (
        "年末已脱贫残疾人:退出公告所列残疾人,撤销退出或返贫的户不计",
        "persons of households that exited, less those whose exit was revoked or that relapsed",
    ),
    "amount": (
        "本年实际支出净额:到账、缴费和实物发放之和,减去到账后退回与追回",
        "disbursed in the year: settled, contributed and given, less what came back",
    ),
    "households": (
        "按户去重:本年验收的工程",
        "distinct households with works accepted in the year",
    ),
    "organizations": ("按组织去重:本年认定", "distinct organizations recognized in the year"),
    "cases": ("本年受理的案件", "cases received in the year"),
    "classes": ("本年举办的培训班", "classes held in the year"),
    "sessions": ("本年举办的场次", "sessions held in the year"),
    "kinds": ("按项目或辅具类别去重", "distinct items or device classes"),
    "events": ("本年发生次数", "occurrences in the year"),
    "quantity": ("本年数量之和", "the sum of quantities in the year"),
    "rate": ("本年有效规则的标准", "the rate of the rule in force in the year"),
    "cap": ("本年有效规则的上限,不是标准", "the cap, not a rate, of the rule in force in the year"),
    "completion": (
        "服务人数除以本年任务数",
        "persons served divided by the year's target",
    ),
    "medals": ("本年该赛事各色奖牌数", "medals of each color in that competition"),
    "rank": ("本年该赛事名次", "the rank in that competition"),
}
"""How each measure is counted, in words."""


def explain_figure(
    batches: Iterable[Iterable[Record]], figure: Figure, year: int, passed: Passed
) -> FigureExplanation:
    """Read the log and pick the events behind a figure.

    What the view that the figure is read from passes over by ``passed`` is not among them.
    """
    measure = {REGISTERED: "registered", EXITED: "exited"}.get(figure.id, figure.measure)
    tally = _TALLIES.get(measure, _Tally)(figure, year, measure)
    tally.passed = passed
    tally.read(batches)
    rule_zh, rule_en = MEASURES[measure]
    return FigureExplanation(
        figure=figure.id,
        program=figure.program,
        measure=measure,
        year=year,
        zh=figure.zh,
        en=figure.en,
        rule_zh=rule_zh,
        rule_en=rule_en,
        total=tally.total,
        positions=sorted({e.position for e in tally.entries if e.counts}),
        events=tally.entries,
        repeated=tally.repeated,
        rules=tally.rules,
        target=tally.target,
    )


class _Tally:
    """Sums or counts one measure of a program in a year. Subclasses differ in what they take."""

    names: frozenset[str] | None = None
    kinds: tuple[type[EventData], ...] = tuple(RULES)

    def __init__(self, figure: Figure, year: int, measure: str) -> None:
        self.figure, self.year, self.measure = figure, year, measure
        self.passed: Passed = {}
        self.total, self.repeated = 0, 0
        self.target: int | None = None
        self.rules: list[Rule] = []
        self.entries: list[Entry] = []
        self._seen: set[str] = set()

    def read(self, batches: Iterable[Iterable[Record]]) -> None:
        types = frozenset(TYPE_OF[kind].encode() for kind in self.kinds)
        mark = self.mark()
        for batch in batches:
            for position, raw in batch:
                if type_name(raw) in types and mark in raw:
                    event = decode(raw)
                    if view_of(self.part(event)) not in self.passed.get(position, ()):
                        self.take(position, event)
        self.finish()

    def part(self, event: Event[Any]) -> str:
        """The measure to which the event would add."""
        return self.measure

    def mark(self) -> bytes:
        """Bytes without which an event cannot matter."""
        return b'"program":"%b"' % self.figure.program.encode()

    def take(self, position: int, event: Event[Any]) -> None:
        if event.effective.year != self.year:
            return
        for program, measure, key, quantity, amount_fen in contributions(event):
            if program == self.figure.program and self.wanted(measure, key):
                self.add(position, event, key, quantity, amount_fen)

    def wanted(self, measure: str, key: str | None) -> bool:
        return measure == self.measure

    def add(
        self, position: int, event: Event[Any], key: str | None, quantity: int, amount_fen: int
    ) -> None:
        if key is None:
            value = amount_fen if self.measure == "amount" else quantity
            self.total += value
            self.entries.append(entry(position, event, value=value))
        elif key in self._seen:
            self.repeated += 1
        else:
            self._seen.add(key)
            self.total += 1
            self.entries.append(entry(position, event, value=1, key=key))

    def finish(self) -> None:
        """Called at the end of the log."""


class _Results(_Tally):
    """Medals or ranks of one competition; every result counts."""

    def wanted(self, measure: str, key: str | None) -> bool:
        competition = self.figure.competition or ""
        if self.measure == "medals":
            return measure == "medals" and key in {medal_key(competition, c) for c in COLORS}
        return measure == "rank" and (key or "").startswith(f"{competition}/")

    def add(
        self, position: int, event: Event[Any], key: str | None, quantity: int, amount_fen: int
    ) -> None:
        if self.measure == "medals":
            self.total += 1
        else:
            self.total = min(self.total or quantity, quantity)
        self.entries.append(entry(position, event, value=quantity, key=key))


class _Completion(_Tally):
    """Persons served, and the target they are measured against."""

    def wanted(self, measure: str, key: str | None) -> bool:
        return measure == "persons" or (measure == "target" and key == str(self.year))

    def part(self, event: Event[Any]) -> str:
        return "target" if isinstance(event.data, TargetSet) else "persons"

    def take(self, position: int, event: Event[Any]) -> None:
        if isinstance(event.data, TargetSet):
            if event.data.program == self.figure.program and event.data.year == self.year:
                self.target = event.data.target
                self.entries.append(entry(position, event, value=event.data.target))
            return
        super().take(position, event)


class _RuleInForce(_Tally):
    """The rules that held in the year; the last one gives the rate or the cap."""

    kinds = (RuleSet,)

    def take(self, position: int, event: Event[Any]) -> None:
        rule, first, last = event.data.rule, date(self.year, 1, 1), date(self.year, 12, 31)
        if event.data.program != self.figure.program or rule.valid_from > last:
            return
        if rule.valid_to is not None and rule.valid_to < first:
            return
        self.total = (rule.rate_fen if self.measure == "rate" else rule.cap_fen) or 0
        if rule.valid_from <= first:  # it ended what was before the year
            self.entries.clear()
            self.rules.clear()
        self.rules.append(rule)
        self.entries.append(entry(position, event, value=self.total))


class _Register(_Tally):
    """Stocks of the poverty register: what has happened until the year's end."""

    kinds = (hh.PovertyRegistered, hh.ExitDecided, hh.ExitRevoked, hh.RelapseRecorded)

    def mark(self) -> bytes:
        return b""

    def take(self, position: int, event: Event[Any]) -> None:
        d = event.data
        if event.effective > date(self.year, 12, 31):
            return
        if self.measure == "registered":
            if isinstance(d, hh.PovertyRegistered):
                fresh = [p for p in d.members if p not in self._seen]
                self._seen.update(fresh)
                self.repeated += len(d.members) - len(fresh)
                self._note(position, event, len(fresh))
        elif isinstance(d, hh.ExitDecided):
            self._out[event.subject] = len(d.members)
            self._note(position, event, len(d.members))
        elif not isinstance(d, hh.PovertyRegistered) and event.subject in self._out:
            self._note(position, event, -self._out.pop(event.subject))

    def __init__(self, figure: Figure, year: int, measure: str) -> None:
        super().__init__(figure, year, measure)
        self._out: dict[str, int] = {}

    def _note(self, position: int, event: Event[Any], persons: int) -> None:
        if persons:
            self.total += persons
            self.entries.append(entry(position, event, value=persons))


_TALLIES: dict[str, type[_Tally]] = {
    "medals": _Results,
    "rank": _Results,
    "completion": _Completion,
    "rate": _RuleInForce,
    "cap": _RuleInForce,
    "registered": _Register,
    "exited": _Register,
}


def explain_program(batches: Iterable[Iterable[Record]], program: str) -> list[Entry]:
    """Every event that names a program: what there is of one without a figure."""
    mark = b'"program":"%b"' % program.encode()
    found = []
    for batch in batches:
        for position, raw in batch:
            if mark in raw:
                event = decode(raw)
                if getattr(event.data, "program", None) == program:
                    found.append(entry(position, event))
    return found
