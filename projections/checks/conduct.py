"""Checks of officers' conduct: decisions in patterns, and readings of sealed data."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from ledger.domain.city_time import day_of
from ledger.domain.events import Event
from ledger.domain.events import case as ca
from ledger.domain.events import enrollment as en
from ledger.domain.events import payrun as pr
from ledger.domain.events import person as pe
from ledger.domain.finding import is_finding_id
from ledger.domain.month import month_of
from ledger.domain.program import find_rule
from projections.checks.check import Check
from projections.checks.finding import Finding
from projections.view import on

MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Alike:
    """Decisions of one officer that say the same: when and where each was."""

    times: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    amount_fen: int = 0


class BatchPattern(Check):
    """Bulk within a minute counts only with identical reasons or with amounts that hug a cap.

    Offices decide in batches, and a batch is recorded in one moment: time alone shows nothing.
    What follows from a fact has the fact's reason and is left aside.
    """

    code, severity = "batch-pattern", "low"
    name_zh, name_en = "批量异常决定", "decisions in a pattern"
    kinds = ("reason", "cap")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._alike: dict[tuple[str, str, str, str], Alike] = {}

    @on(
        en.EnrollmentRejected,
        en.EnrollmentSuspended,
        en.EnrollmentResumed,
        en.EnrollmentEnded,
        en.ObjectionResolved,
        en.RecoveryWaived,
    )
    def _reasoned(self, position: int, event: Event[Any]) -> None:
        if event.causationid is None:
            kind = type(event.data).__name__
            fen = getattr(event.data, "amount_fen", 0)
            self._note(
                (event.actor, event.data.program, kind, event.data.reason), event, position, fen
            )

    @on(en.EnrollmentApproved)
    def _approved(self, position: int, event: Event[en.EnrollmentApproved]) -> None:
        d = event.data
        program = self.book.programs.get(d.program)
        rule = find_rule(program, event.effective) if program is not None else None
        if d.amount_fen is None or rule is None or rule.cap_fen is None:
            return
        cap_fen = rule.cap_fen // 12 if rule.period == "month" else rule.cap_fen
        slack = self.number("hug_per_mille", event.effective)
        if cap_fen * (1000 - slack) <= d.amount_fen * 1000 < cap_fen * 1000:
            self._note((event.actor, d.program, "cap", ""), event, position, d.amount_fen)

    def _note(
        self, key: tuple[str, str, str, str], event: Event[Any], position: int, fen: int
    ) -> None:
        alike = self._alike.setdefault(key, Alike())
        alike.times.append(event.time)
        alike.positions.append(position)
        alike.amount_fen += fen

    def findings(self) -> Iterator[Finding]:
        least = self.number("decisions", self.book.today)
        for (actor, program, kind, reason), alike in self._alike.items():
            for first, last in _bursts(alike.times, least):
                positions = alike.positions[first:last]
                n = len(positions)
                if kind == "cap":
                    zh, english = "金额紧贴上限", "with amounts that hug the cap"
                else:
                    zh, english = f"理由同为“{reason}”", f"for the same reason “{reason}”"
                yield self.found(
                    actor,
                    kind="cap" if kind == "cap" else "reason",
                    program=program,
                    key=f"{program} {kind} {positions[0]}",
                    amount_fen=alike.amount_fen * n // len(alike.positions),
                    positions=positions,
                    zh=f"一分钟内{n}项决定,{zh}",
                    en=f"{n} decisions within a minute {english}",
                )


def _bursts(times: list[str], least: int) -> Iterable[tuple[int, int]]:
    """Ranges of at least so many of the sorted times, each within a minute of its first."""
    moments = [datetime.fromisoformat(t) for t in times]
    first = 0
    while first < len(moments):
        last = first
        while last < len(moments) and moments[last] - moments[first] <= MINUTE:
            last += 1
        if last - first >= least:
            yield first, last
        first = last


BARE = {
    "no-case": ("无案件", "without a case"),
    "unknown-case": ("以未受理的案件", "for a case that was not received"),
}
"""What a reading lacks, in words."""


class AccessAbuse(Check):
    """A reading needs a case that was received by then, a finding, or a purpose that needs neither;
    readings of a month are compared.

    A reading for a pay run is its run's and is not judged here, but counts among peers.
    """

    code, severity = "access-abuse", "medium"
    name_zh, name_en = "滥用查阅权限", "sealed data read without a case, or too often"
    kinds = ("no-case", "unknown-case", "too-often")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._read: dict[tuple[str, str], dict[str, list[int]]] = {}
        self._cases: set[str] = set()
        self._bare: list[tuple[int, Event[pe.PersonDataAccessed], str]] = []

    @on(ca.CaseReceived)
    def _case(self, position: int, event: Event[ca.CaseReceived]) -> None:
        self._cases.add(event.stream)

    @on(pe.PersonDataAccessed, pr.PayRunDataAccessed)
    def _reading(self, position: int, event: Event[Any]) -> None:
        month = self._read.setdefault((event.role, month_of(day_of(event.time))), {})
        month.setdefault(event.actor, []).append(position)
        if not isinstance(event.data, pe.PersonDataAccessed):
            return
        case = event.data.case
        if case is None:
            if event.data.purpose not in self.words("purposes", event.effective):
                self._bare.append((position, event, "no-case"))
        elif case not in self._cases and not is_finding_id(case):
            self._bare.append((position, event, "unknown-case"))

    def findings(self) -> Iterator[Finding]:
        for position, event, kind in self._bare:
            zh, english = BARE[kind]
            yield self.found(
                event.subject,
                kind=kind,
                key=event.id,
                positions=[position],
                zh=f"{event.actor}{zh}而查阅密封信息",
                en=f"{event.actor} read sealed data {english}",
            )
        for (role, month), by_actor in self._read.items():
            for actor, positions in by_actor.items():
                others = [len(p) for other, p in by_actor.items() if other != actor]
                least = self.number("least", self.book.today)
                factor = self.number("peers_factor", self.book.today)
                if len(positions) >= least and others and len(positions) > factor * median(others):
                    n = len(positions)
                    yield self.found(
                        actor,
                        kind="too-often",
                        key=f"{role} {month} {n}",
                        positions=positions,
                        zh=f"{month}查阅{n}次,远多于同岗位人员",
                        en=f"{n} readings in {month}, far more than peers",
                    )
