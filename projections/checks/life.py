"""Checks about life and identity: death, late stops, ghosts, numbers that disagree."""

from array import array
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from ledger.domain.city_time import day_of
from ledger.domain.enrollment import OPEN_ENDED
from ledger.domain.events import Event, EventData
from ledger.domain.events import enrollment as en
from ledger.domain.events import person as pe
from ledger.domain.month import month_of, span_of
from ledger.domain.program import find_rule
from projections.checks.check import Check
from projections.checks.files import File, Step, paid_in
from projections.checks.finding import Finding, months_said, span_said
from projections.checks.judging import MonthsAgainst
from projections.view import on


class DeadPaid(MonthsAgainst):
    """A month is decided on its first day, so the month of death itself is due."""

    code, severity = "dead-paid", "high"
    name_zh, name_en = "死亡次月起仍发放", "paid after the month of death"
    fact = "alive"
    found_zh = "死亡后仍发放{n}个月({span})"
    found_en = "{months} paid after death ({span})"

    def proof(self, file: File) -> list[int]:
        """Of a duplicate, the death recorded of the person whose record is kept too."""
        kept = self.book.kept(file.beneficiary)
        of_kept = [] if kept == file.beneficiary else self.book.facts_at.get((kept, self.fact), [])
        return [*super().proof(file), *of_kept]


LOST: dict[type[EventData], tuple[str, str, str, str]] = {
    pe.DeathRecorded: ("alive", "death", "死亡", "a death"),
    pe.ResidenceChanged: ("resident", "move", "迁出本市", "a move out of the city"),
    pe.CertificateExpired: ("certified", "expired", "残疾人证失效", "a lapse of the certificate"),
    pe.CertificateFrozen: ("certified", "frozen", "残疾人证失效", "a lapse of the certificate"),
    pe.CertificateCancelled: (
        "certified",
        "cancelled",
        "残疾人证失效",
        "a lapse of the certificate",
    ),
}
"""Events by which a fact is lost that a rule asks for: the fact, the kind, and the words."""

PROBLEMS = {
    "form": ("号码形式", "the number's form"),
    "checksum": ("校验码", "the check digit"),
    "birth-date": ("出生日期", "the birth date"),
    "sex": ("性别码", "the sex digit"),
    "seal": ("密封内容被改动", "the seal, which was altered"),
    "certificate-prefix": ("残疾人证号前18位", "the certificate's first 18 digits"),
    "certificate-class": ("残疾人证号的类别等级", "the certificate's category and grade"),
}
"""What may disagree in an identity, by the code that recognition gives."""


class LateStop(Check):
    """Of programs paid by month whose rule asks for the fact that was lost."""

    code, severity = "late-stop", "medium"
    name_zh, name_en = "知悉后停发过迟", "stopped too late after it was known"
    kinds = ("death", "move", "expired", "frozen", "cancelled", "not-stopped", "undone")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._known: list[tuple[int, Event[Any]]] = []
        self._undone: dict[tuple[str, str], list[tuple[int, date]]] = {}
        self._held_from: dict[tuple[str, str], list[tuple[int, date]]] = {}

    @on(*LOST)
    def _lost(self, position: int, event: Event[Any]) -> None:
        if getattr(event.data, "to_division", None) is None:
            self._known.append((position, event))
        else:
            self._back(position, event, "resident")

    @on(pe.DeathRevoked)
    def _revoked(self, position: int, event: Event[pe.DeathRevoked]) -> None:
        self._back(position, event, "alive")

    @on(pe.CertificateIssued, pe.CertificateChanged)
    def _renewed(self, position: int, event: Event[Any]) -> None:
        if event.data.__class__ is pe.CertificateChanged:
            self._back(position, event, "certified")
        else:
            self._holds(position, event, "certified")

    def _back(self, position: int, event: Event[Any], fact: str) -> None:
        said = self._undone.setdefault((event.subject, fact), [])
        said.append((position, day_of(event.time)))
        self._holds(position, event, fact)

    def _holds(self, position: int, event: Event[Any], fact: str) -> None:
        said = self._held_from.setdefault((event.subject, fact), [])
        said.append((position, event.effective))

    def findings(self) -> Iterator[Finding]:
        for position, event in self._known:
            fact = LOST[type(event.data)][0]
            for file in self.book.of_person.get(event.subject, ()):
                if self._asks_for(file, fact, event.effective):
                    yield from self._judge(file, position, event)

    def _asks_for(self, file: File, fact: str, day: date) -> bool:
        program = self.book.programs.get(file.program)
        rule = find_rule(program, day) if program is not None else None
        return (
            rule is not None
            and rule.period == "month"
            and any(c.fact == fact for c in rule.eligibility)
        )

    def _judge(self, file: File, position: int, event: Event[Any]) -> Iterator[Finding]:
        fact, kind, zh, english = LOST[type(event.data)]
        held_from = self._held_from.get((event.subject, fact), ())
        if any(at < position and day > event.effective for at, day in held_from):
            return  # when the loss became known it was over: months are owed, nothing is to stop
        running = _running(file, position, month_of(event.effective))
        if not running:
            return
        known = day_of(event.time)
        stops = [s for s in file.steps if s.position > position and _is_stop(s)]
        undone = [x for x in self._undone.get((event.subject, fact), ()) if x[0] > position]
        stopped = stops[0] if stops else None
        if undone and (stopped is None or undone[0][0] < stopped.position):
            kind, until, proof = "undone", undone[0][1], [undone[0][0]]
        elif stopped is not None:
            until, proof = stopped.recorded, [stopped.position]
        else:
            kind, until, proof = "not-stopped", self.book.today, []
        days = (until - known).days
        limit = self.number("limit_days", known)
        if days > limit:
            ending = "" if proof else ",至今未停"
            still = "" if proof else "; not stopped yet"
            yield self.found(
                event.subject,
                kind=kind,
                program=file.program,
                key=f"{file.program} {event.id}",
                positions=[position, running, *proof],
                zh=f"知悉{zh}{days}天后才停发(限{limit}天){ending}",
                en=f"{days} days from knowing of {english} to the stop (limit {limit}){still}",
            )


def _is_stop(step: Step) -> bool:
    return step.kind in ("EnrollmentEnded", "EnrollmentSuspended")


def _running(file: File, position: int, month: str) -> int:
    """The position of the step by which the enrollment was running then; 0 if it was not."""
    before = [s for s in file.steps if s.position < position]
    if not before or _is_stop(before[-1]):
        return 0
    terms = [s.until for s in before if s.kind == "EnrollmentApproved"] or [OPEN_ENDED]
    return before[-1].position if month < terms[-1] else 0


class AfterDeath(Check):
    """Acts that need a living person. Money has its own checks, and what closes a case (ends,
    reviews, returns, recoveries) may come after a death."""

    code, severity = "after-death", "medium"
    name_zh, name_en = "死亡后仍有业务", "acts effective after death"

    ACTS = (
        en.ApplicationSubmitted,
        en.EnrollmentApproved,
        en.ServiceDelivered,
        en.DeviceAssessed,
        en.DeviceFitted,
        en.SurgeryCompleted,
        en.PassIssued,
        en.PassRecharged,
        en.GoodsDistributed,
        en.TrainingCompleted,
        en.EmploymentStarted,
        en.EmploymentVerified,
        pe.CertificateIssued,
        pe.CertificateChanged,
        pe.ResidenceChanged,
        pe.LowIncomeRecognized,
        pe.OtherAllowanceRecorded,
        pe.LifeFactRecorded,
        pe.CustodyRecorded,
        pe.BankAccountChanged,
    )

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._acts: dict[str, array[int]] = {}

    @on(*ACTS)
    def _act(self, position: int, event: Event[Any]) -> None:
        acts = self._acts.get(event.subject)
        if acts is None:
            acts = self._acts[event.subject] = array("q")
        acts.append(position)
        acts.append(event.effective.toordinal())

    def findings(self) -> Iterator[Finding]:
        for person in self.book.persons.values():
            acts = self._acts.get(person.id)
            if person.died_on is None or acts is None:
                continue
            died = person.died_on.toordinal()
            late = [p for p, day in zip(acts[::2], acts[1::2], strict=True) if day > died]
            if late:
                yield self.found(
                    person.id,
                    key=" ".join(map(str, late)),
                    positions=late,
                    zh=f"{person.died_on}死亡后仍有{len(late)}项业务",
                    en=f"acts effective after the death of {person.died_on}: {len(late)}",
                )


class Ghost(Check):
    """Nobody registered under that id, or nobody whose certificate was ever recorded."""

    code, severity = "ghost", "high"
    name_zh, name_en = "无身份或无证件者领款", "paid without a verified identity or certificate"
    kinds = ("unregistered", "uncertified")

    def findings(self) -> Iterator[Finding]:
        for file in self.book.files.values():
            if not self.book.is_person_program(file.program):
                continue
            person = self.book.persons.get(file.beneficiary)
            registered = file.beneficiary in self.book.registered_at
            if registered and person is not None and person.history.get("certificate"):
                continue
            paid = list(file.paid())
            if not paid:
                continue
            months = [m.month for m in paid]
            lacking = (
                ("身份登记", "registration") if not registered else ("残疾人证", "certificate")
            )
            yield self.found(
                file.beneficiary,
                kind="uncertified" if registered else "unregistered",
                program=file.program,
                months=months,
                amount_fen=sum(m.paid_fen for m in paid),
                overpaid=paid_in(paid),
                positions=[p for m in paid for p in m.at],
                zh=f"没有{lacking[0]}而发放{len(months)}个月({span_of(months)})",
                en=f"{months_said(months)} paid without a {lacking[1]} ({span_said(months)})",
            )


class BadIdentity(Check):
    """Compared beside the vault, which answers with codes and opens nothing to anyone.

    The kind is the first thing that disagrees; the words have all of them.
    """

    code, severity = "bad-identity", "high"
    name_zh, name_en = "身份信息不一致", "identity data that disagree"
    kinds = tuple(PROBLEMS)
    needs_recognizer = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._registered: dict[str, tuple[int, Event[pe.PersonRegistered]]] = {}
        self._problems: dict[str, list[tuple[str, int]]] = {}

    @on(pe.PersonRegistered)
    def _person(self, position: int, event: Event[pe.PersonRegistered]) -> None:
        if self.sources.recognizer is None:
            return
        self._registered[event.subject] = (position, event)
        self._note(event.subject, position, self.sources.recognizer.registration(event))

    @on(pe.CertificateIssued)
    def _certificate(self, position: int, event: Event[pe.CertificateIssued]) -> None:
        known = self._registered.get(event.subject)
        if self.sources.recognizer is not None and known is not None:
            problems = self.sources.recognizer.certificate(known[1], event)
            self._note(event.subject, position, problems)

    def _note(self, person: str, position: int, problems: Iterable[str]) -> None:
        for problem in problems:
            self._problems.setdefault(person, []).append((problem, position))

    def findings(self) -> Iterator[Finding]:
        for person, problems in self._problems.items():
            codes = list(dict.fromkeys(code for code, _ in problems))
            files = self.book.of_person.get(person, ())
            registered = self._registered[person][0]
            yield self.found(
                person,
                kind=codes[0],
                key=" ".join(codes),
                amount_fen=sum(f.paid_fen for f in files),
                positions=[registered, *(p for _, p in problems)],
                zh="不一致:" + "、".join(PROBLEMS[c][0] for c in codes),
                en="disagrees: " + ", ".join(PROBLEMS[c][1] for c in codes),
            )
