"""A careless legacy import: raw events in the year after the simulated one, past every command.

It tells histories of people of its own and writes them through the store's own encoder, with the
ids, versions, canonical bytes and times that any event has; only nobody decided whether they may
be. Pay runs are made of the lines told, so that they agree unless a history says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
from stdnum.iso7064 import mod_11_2

from ledger.codec import encode
from ledger.domain.events import EventData
from ledger.domain.events import enrollment as en
from ledger.domain.events import person as pe
from ledger.domain.rules import ProgramDefinition
from ledger.domain.stream import enrollment_id
from ledger.randomness import rfc3339
from ledger.store.mapper import NewEvent
from ops.home import Home
from ops.simulation.plants.people import (
    Data,
    Identity,
    Resident,
    bank_account,
    certificate,
    registration,
)
from ops.simulation.plants.runs import Batch, Payment, tell_run

DISTRICT, NEIGHBOR = "220202", "220203"
LIVING, NURSING = "living-subsidy", "nursing-subsidy"


class Planted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, order=True):
    """A finding that an audit of the planted home must yield."""

    code: str
    kind: str = ""
    subject: str
    program: str | None = None
    months: list[str] = []
    amount_fen: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """An event as told: when it is recorded, on which stream, about whom."""

    at: datetime
    nth: int
    stream: str
    subject: str
    data: Data
    effective: date
    division: str
    actor: str
    role: str
    cutoff: bool


@dataclass(slots=True)
class Legacy:
    """Histories as they are told; :meth:`events` writes them down in order of time."""

    home: Home
    year: int
    programs: dict[str, ProgramDefinition]
    told: list[Told] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    batches: dict[Batch, list[Payment]] = field(default_factory=dict)
    accounts: list[dict[str, str]] = field(default_factory=list)
    kin: list[dict[str, str]] = field(default_factory=list)
    people: int = 0

    def day(self, month: int, day: int, *, year: int = 0) -> date:
        """A day of the import's year, or of ``year`` years later."""
        return date(self.year + year, month, day)

    def month(self, month: int) -> str:
        """A benefit month; 13 is January of the next year."""
        return f"{self.year + (month - 1) // 12:04d}-{(month - 1) % 12 + 1:02d}"

    def expect(self, code: str, subject: str, program: str | None = None, **said: Any) -> None:
        """An audit must find this."""
        self.planted.append(Planted(code=code, subject=subject, program=program, **said))

    def event(
        self,
        data: Data,
        stream: str,
        on: date,
        *,
        subject: str | None = None,
        division: str = DISTRICT,
        actor: str = f"officer-{DISTRICT}-01",
        role: str = "registrar",
        recorded: date | None = None,
        hour: int = 1,
        second: int = 0,
        cutoff: bool = False,
    ) -> None:
        """An event that holds from ``on``; recorded on that day unless said otherwise.

        ``cutoff``: a run's computation, as of all that is recorded before it.
        """
        at = datetime.combine(recorded or on, time(hour), UTC) + timedelta(seconds=second)
        about = (stream, subject or stream, data, on, division, actor, role, cutoff)
        self.told.append(Told(at, len(self.told), *about))

    # --- people

    def person(
        self,
        *,
        grade: int = 1,
        category: int = 4,
        low_income: bool = True,
        certified: bool = True,
        division: str = DISTRICT,
        account: str | None = None,
        banked: bool = True,
        holder: str | None = None,
        expires_on: date | None = None,
        wrong: str | None = None,
    ) -> Resident:
        """Someone in need of care with certificate and account, registered on 2 January.

        ``wrong`` names what of the identity disagrees; who is not ``banked`` has told no account.
        """
        n = self.people
        self.people += 1
        vault = self.home.vault
        # Born before anyone of the simulated city, so no number is taken.
        born = date(1920, 1, 1) + timedelta(days=n)
        body = f"{division}{born:%Y%m%d}991"
        number = str(body + mod_11_2.calc_check_digit(body))
        account = account or f"6299{n:015d}"
        who = Resident(vault.person_id(number), vault.account_ref(account), division)
        name = f"测试{'甲乙丙丁戊己庚辛壬癸'[n % 10]}"
        identity = Identity(number, name, born, wrong)
        facts: list[Data] = [registration(vault, who, identity)]
        if certified:
            said: dict[str, Any] = {"category": category, "grade": grade}
            facts.append(certificate(vault, who, identity, expires_on=expires_on, **said))
        if banked:
            facts.append(bank_account(vault, who, account, holder or name))
        facts.append(pe.LifeFactRecorded(fact="needs_care", value=True, document="评估表"))
        if low_income:
            facts.append(pe.LowIncomeRecognized(kind="low-income", document="低保证"))
        for fact in facts:
            self.event(fact, who.id, self.day(1, 2), division=division)
        return who

    def about(self, who: Resident, data: EventData, on: date, **said: Any) -> None:
        """An event of a person."""
        self.event(data, who.id, on, division=who.division, **said)

    # --- enrollments

    def step(self, who: str, program: str, data: EventData, on: date, **said: Any) -> None:
        """An event of an enrollment."""
        self.event(data, enrollment_id(who, program), on, subject=who, **said)

    def enroll(
        self,
        who: str,
        program: str,
        *,
        month: int = 1,
        submitter: str | None = None,
        approver: str | None = None,
        notice_days: int = 7,
        objection: bool = False,
        start: int | None = None,
        amount_fen: int | None = None,
        kin: Sequence[str] = (),
        applied_on: date | None = None,
        documents: Sequence[str] = ("申请表",),
        division: str = DISTRICT,
    ) -> None:
        """Applied for on the 4th, noticed from the 5th on, approved on the 14th."""
        clerk = submitter or f"officer-{division}-01"
        chief = approver or f"officer-{division}-02"
        by: dict[str, Any] = {"division": division, "actor": clerk}
        rule = self.programs[program].rules[-1]
        day, decided = self.day(month, 4), self.day(month, 14)
        applied = en.ApplicationSubmitted(program=program, kin=[*kin], documents=[*documents])
        self.step(who, program, applied, applied_on or day, recorded=day, **by)
        assessed = en.EligibilityAssessed(
            program=program,
            eligible=True,
            rule=rule.valid_from,
            trace=[],
            zh="符合全部条件",
            en="meets every condition",
        )
        self.step(who, program, assessed, day, **by)
        if notice_days and rule.notice_days:
            first = day + timedelta(days=1)
            last = day + timedelta(days=notice_days)
            noticed = en.NoticePublished(
                program=program, notice_from=first, notice_until=last, place="公示栏"
            )
            self.step(who, program, noticed, day, **by)
            if objection:
                raised = en.ObjectionRaised(
                    program=program, objection="objection-1", ground="收入不实"
                )
                self.step(who, program, raised, first, **by)
            closed = en.NoticeClosed(program=program)
            self.step(who, program, closed, decided, **by)
        approved = en.EnrollmentApproved(
            program=program,
            rule=rule.valid_from,
            start_month=self.month(start or month),
            amount_fen=amount_fen,
            zh="批准",
            en="approved",
        )
        self.step(
            who, program, approved, decided, division=division, actor=chief, role="approver", hour=2
        )

    def end(self, who: str, program: str, last: int, on: date, reason: str) -> None:
        """The enrollment ends with a month."""
        ended = en.EnrollmentEnded(
            program=program,
            last_month=self.month(last),
            reason=reason,
            zh="停止享受",
            en="ended",
        )
        self.step(who, program, ended, on, hour=3)

    # --- money

    def rate_fen(self, program: str) -> int:
        """What a period of the program pays."""
        return self.programs[program].rules[-1].rate_fen or 0

    def pay(
        self,
        who: Resident,
        program: str,
        *months: int,
        amount_fen: int | None = None,
        account: str | None = None,
        division: str | None = None,
        settled_fen: int | None = None,
        paid_in: int | None = None,
        **batch: Any,
    ) -> None:
        """Lines of the months' runs, settled by the bank; ``batch`` says what is odd of the run."""
        definition = self.programs[program]
        for month in months:
            key = Batch(
                program,
                self.month(month),
                self.month(paid_in or month),
                definition.fund or "",
            )
            line = Payment(
                who.id,
                amount_fen or self.rate_fen(program),
                account or who.account,
                division or who.division,
                settled_fen,
            )
            self.batches.setdefault(replace(key, **batch), []).append(line)

    def enroll_and_pay(self, who: Resident, program: str, *months: int, **said: Any) -> None:
        """The ordinary course: enrolled in January and paid for months."""
        self.enroll(who.id, program, division=who.division)
        self.pay(who, program, *months, **said)

    # --- writing

    def events(self) -> list[NewEvent]:
        """All that was told, as events to store, in order of recorded time."""
        numbers: dict[tuple[str, str], int] = {}
        for batch, lines in sorted(self.batches.items(), key=lambda item: item[0]):
            number = numbers[batch.program, batch.month] = (
                numbers.get((batch.program, batch.month), 0) + 1
            )
            tell_run(self, batch, lines, number)
        self.batches = {}
        versions: dict[str, int] = {}
        made: list[NewEvent] = []
        start = self.home.feed.end()
        for told in sorted(self.told, key=lambda t: (t.at, t.nth)):
            if told.stream not in versions:
                versions[told.stream] = self.home.store.version(told.stream)
            version = versions[told.stream] = versions[told.stream] + 1
            made.append(self._written(told, version, start + len(made)))
        return made

    def _written(self, told: Told, version: int, position: int) -> NewEvent:
        event_id = f"{told.stream}/{version}"
        data = told.data if isinstance(told.data, EventData) else told.data(event_id)
        if told.cutoff:
            data = msgspec.structs.replace(data, cutoff_position=position)
        raw, event = encode(
            actor=told.actor,
            correlationid=f"legacy-import/{told.nth}",
            data=data,
            division=told.division,
            effective=told.effective,
            id=event_id,
            operator=self.home.info.operator,
            role=told.role,
            subject=told.subject,
            time=rfc3339(told.at),
        )
        return NewEvent(told.stream, version, raw, event)
