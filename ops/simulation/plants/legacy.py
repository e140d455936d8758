"""A careless legacy import: raw events in the year after the simulated one, past every command.

It tells histories of people of its own and writes them through the store's own encoder, with the
ids, versions, canonical bytes and times that any event has; only nobody decided whether they may
be. Pay runs are made of the lines told, so that they agree unless a history says otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
from stdnum.iso7064 import mod_11_2

from ledger.codec import encode
from ledger.domain.events import EventData
from ledger.domain.events import enrollment as en
from ledger.domain.events import fund as fu
from ledger.domain.events import payrun as pr
from ledger.domain.events import person as pe
from ledger.domain.payrun import Line, to_document
from ledger.domain.rules import ProgramDefinition
from ledger.domain.stream import enrollment_id, fund_id, payrun_id
from ledger.randomness import rfc3339
from ledger.store.mapper import NewEvent
from ops.home import Home
from ops.simulation.calendar import CITY

DISTRICT, NEIGHBOR = "220202", "220203"
LIVING, NURSING = "living-subsidy", "nursing-subsidy"

Data = EventData | Callable[[str], EventData]
"""An event's data, or what makes it once the event's id is known (sealed data need it)."""


class Planted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, order=True):
    """A finding that an audit of the planted home must yield."""

    code: str
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
    causation: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """A pay run to make: of a program and month, issued in a month, out of a fund.

    ``number`` is its batch; ``approver`` and ``short_fen`` are what is wrong with it.
    """

    program: str
    month: str
    paid_in: str
    fund: str
    number: int = 1
    approver: str = f"officer-{CITY}-02"
    short_fen: int = 0


@dataclass(frozen=True, slots=True)
class Payment:
    """One line of a run; ``settled_fen`` where the bank says another amount."""

    who: str
    amount_fen: int
    account: str | None
    division: str
    settled_fen: int | None = None


@dataclass(slots=True)
class Resident:
    """A person of the import, with what later events need."""

    id: str
    account: str
    division: str


@dataclass(slots=True)
class Legacy:
    """Histories as they are told; :meth:`events` writes them down in order of time."""

    home: Home
    year: int
    programs: Mapping[str, ProgramDefinition]
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
    ) -> None:
        """An event that holds from ``on``; recorded on that day unless said otherwise."""
        at = datetime.combine(recorded or on, time(hour), UTC) + timedelta(seconds=second)
        told = Told(at, len(self.told), stream, subject or stream, data, on, division, actor, role)
        self.told.append(told)

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
        holder: str | None = None,
        expires_on: date | None = None,
        wrong: str | None = None,
    ) -> Resident:
        """Someone in need of care with certificate and account, registered on 2 January.

        ``wrong`` names what of the identity disagrees.
        """
        n = self.people
        self.people += 1
        vault = self.home.vault
        # Born before anyone of the simulated city, so no number is taken.
        born = date(1920, 1, 1) + timedelta(days=n)
        body = f"{division}{born:%Y%m%d}991"
        number = str(body + mod_11_2.calc_check_digit(body))
        person = vault.person_id(number)
        identity = number
        if wrong == "checksum":
            identity = number[:-1] + ("0" if number[-1] != "0" else "1")
        name, numbered = f"测试{'甲乙丙丁戊己庚辛壬癸'[n % 10]}", f"6299{n:015d}"
        account = account or numbered
        on = self.day(1, 2)
        registered = _Sealing(
            vault,
            person,
            {"birth_date": born.isoformat(), "id_number": identity, "name": name, "phone": ""},
            lambda sealed: pe.PersonRegistered(
                sealed=sealed,
                birth_year=born.year + (1 if wrong == "birth-date" else 0),
                sex="female" if wrong == "sex" else "male",
                urban=True,
            ),
        )
        self.event(registered, person, on, division=division)
        if certified:
            prefix = f"{DISTRICT}19000101991X" if wrong == "certificate-prefix" else identity
            issued = _Sealing(
                vault,
                person,
                {"certificate": f"{prefix}{category}{grade}"},
                lambda sealed: pe.CertificateIssued(
                    sealed=sealed, category=category, grade=grade, expires_on=expires_on
                ),
            )
            self.event(issued, person, on, division=division)
        reference = vault.account_ref(account)
        changed = _Sealing(
            vault,
            person,
            {"account": account, "holder": holder or name},
            lambda sealed: pe.BankAccountChanged(sealed=sealed, account=reference, bank="农信社"),
        )
        self.event(changed, person, on, division=division)
        care = pe.LifeFactRecorded(fact="needs_care", value=True, document="评估表")
        self.event(care, person, on, division=division)
        if low_income:
            poor = pe.LowIncomeRecognized(kind="low-income", document="低保证")
            self.event(poor, person, on, division=division)
        return Resident(person, reference, division)

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

    def _run(self, batch: Batch, lines: list[Payment], number: int) -> None:
        """A run and its lines, from opening to result, on the days of the simulated year."""
        program, month = batch.program, batch.month
        run = payrun_id(program, month, number)
        year, paid_in = int(batch.paid_in[:4]), int(batch.paid_in[5:])

        def on(day: int) -> date:
            return date(year, paid_in, day)

        about: dict[str, Any] = {"program": program, "month": month}
        rule = self.programs[program].rules[-1]
        total_fen = sum(x.amount_fen for x in lines)
        listed = self.home.documents.put(to_document([_line(program, x) for x in lines]))
        nothing = self.home.documents.put(b"")
        by_division: dict[str, int] = {}
        for x in lines:
            by_division[x.division] = by_division.get(x.division, 0) + x.amount_fen

        def step(data: EventData, day: int, officer: int | str, hour: int = 1) -> None:
            actor = officer if isinstance(officer, str) else f"officer-{CITY}-{officer:02d}"
            self.event(data, run, on(day), division=CITY, actor=actor, role="cashier", hour=hour)

        step(pr.PayRunOpened(**about, batch=number, fund=batch.fund), 16, 1)
        computed = pr.PayRunComputed(
            **about,
            cutoff_position=0,
            count=len(lines),
            total_fen=total_fen,
            by_division=by_division,
            lines=listed,
            rule=rule.valid_from,
            left_out={},
            left_out_lines=nothing,
        )
        step(computed, 16, 1, 2)
        noticed = pr.PayRunNoticed(
            **about, notice_from=on(17), notice_until=on(23), place="网站", lines=listed
        )
        step(noticed, 16, 1, 3)
        self._commit(batch, run, on(24), total_fen)
        approved = pr.PayRunApproved(
            **about, count=len(lines), total_fen=total_fen, fund=batch.fund, lines=listed
        )
        step(approved, 24, batch.approver, 2)
        for x in lines:
            self._grant(batch, run, x, on(25))
        issued = pr.PayRunIssued(
            **about,
            count=len(lines),
            total_fen=total_fen + batch.short_fen,
            by_division=by_division,
            fund=batch.fund,
            lines=listed,
        )
        step(issued, 25, 3, 2)
        for x in lines:
            self._settle(batch, run, x, on(27))
        settled_fen = sum(x.settled_fen or x.amount_fen for x in lines)
        done = pr.PayRunSettled(
            **about,
            settled_count=len(lines),
            settled_fen=settled_fen,
            returned_count=0,
            returned_fen=total_fen - settled_fen,
            result=nothing,
        )
        step(done, 27, 3, 2)

    def _commit(self, batch: Batch, run: str, on: date, amount_fen: int) -> None:
        data = fu.FundsCommitted(
            fund=batch.fund,
            program=batch.program,
            commitment=run,
            amount_fen=amount_fen,
            form="cash",
        )
        by: dict[str, Any] = {"division": CITY, "actor": f"officer-{CITY}-02", "role": "director"}
        self.event(data, fund_id(batch.fund), on, subject=fund_id(batch.fund), **by)

    def _grant(self, batch: Batch, run: str, line: Payment, on: date) -> None:
        rule = self.programs[batch.program].rules[-1]
        data = en.SubsidyGranted(
            program=batch.program,
            month=batch.month,
            period=batch.month if rule.period == "month" else batch.month[:4],
            amount_fen=line.amount_fen,
            fund=batch.fund,
            rule=rule.valid_from,
            payrun=run,
            account=line.account,
            facts={},
            zh="历史数据导入",
            en="taken over from the old system",
        )
        self._line_step(batch, line, data, on)

    def _settle(self, batch: Batch, run: str, line: Payment, on: date) -> None:
        data = en.PaymentSettled(
            program=batch.program,
            month=batch.month,
            amount_fen=line.settled_fen or line.amount_fen,
            fund=batch.fund,
            payrun=run,
            receipt=f"{batch.month}-{line.who[-10:]}",
        )
        self._line_step(batch, line, data, on)

    def _line_step(self, batch: Batch, line: Payment, data: EventData, on: date) -> None:
        cashier = f"officer-{CITY}-03"
        by: dict[str, Any] = {"division": line.division, "actor": cashier, "role": "cashier"}
        self.step(line.who, batch.program, data, on, **by)

    # --- writing

    def events(self) -> list[NewEvent]:
        """All that was told, as events to store, in order of recorded time."""
        numbers: dict[tuple[str, str], int] = {}
        for batch, lines in sorted(self.batches.items(), key=lambda item: _order(item[0])):
            number = numbers[batch.program, batch.month] = (
                numbers.get((batch.program, batch.month), 0) + 1
            )
            self._run(batch, lines, number)
        self.batches = {}
        versions: dict[str, int] = {}
        made = []
        for told in sorted(self.told, key=lambda t: (t.at, t.nth)):
            if told.stream not in versions:
                versions[told.stream] = self.home.store.version(told.stream)
            version = versions[told.stream] = versions[told.stream] + 1
            made.append(self._written(told, version))
        return made

    def _written(self, told: Told, version: int) -> NewEvent:
        event_id = f"{told.stream}/{version}"
        data = told.data if isinstance(told.data, EventData) else told.data(event_id)
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


@dataclass(frozen=True, slots=True)
class _Sealing:
    """Data that seals fields of a person for the event it will be."""

    vault: Any
    person: str
    fields: dict[str, Any]
    make: Callable[[Any], EventData]

    def __call__(self, event_id: str) -> EventData:
        return self.make(self.vault.seal(self.person, event_id, self.fields))


def _line(program: str, line: Payment) -> Line:
    return Line(
        account=line.account,
        amount_fen=line.amount_fen,
        beneficiary=line.who,
        division=line.division,
        enrollment=enrollment_id(line.who, program),
        start_month="",
        version=0,
    )


def _order(batch: Batch) -> tuple[Any, ...]:
    return (
        batch.program,
        batch.month,
        batch.paid_in,
        batch.number,
        batch.fund,
        batch.approver,
        batch.short_fen,
    )
