"""A ledger to test against: a small city's office in a folder, with a clock that the test sets.

The officers are always the same five: a district's clerk and approver, and the city's accountant,
director and cashier. Steps are told by month, on the days of the simulated year: deaths and moves
become known on the 14th, a run is computed on the 16th, noticed from the 17th to the 23rd, approved
on the 24th, issued on the 25th and read back on the 27th.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from stdnum.iso7064 import mod_11_2

from ledger.application import Command, Ledger, Result
from ledger.catalog.loader import load_funds, load_programs
from ledger.codec import decode
from ledger.commands import enrollment as en
from ledger.commands import payrun as pr
from ledger.commands import person as pe
from ledger.commands.certificate import IssueCertificate
from ledger.commands.disbursement import IssuePayRun, ReadBankResult
from ledger.commands.program import AdoptProgram, AppropriateFunds, OpenFund, WidenEarmark
from ledger.domain.events import Event
from ledger.domain.payrun import PAYRUN, BankLine, Line, read_document, to_document
from ledger.domain.rules import ProgramDefinition
from ledger.domain.stream import enrollment_id
from ledger.work import Context
from ops.home import Home
from ops.home_file import StoreKind

CITY, DISTRICT, NEIGHBOR, AWAY = "220200", "220202", "220203", None
LIVING, NURSING, POVERTY = "living-subsidy", "nursing-subsidy", "poverty-register"
LIVING_FEN, NURSING_FEN = 7_000, 7_500


def day(text: str | date) -> date:
    """A date from ``YYYY-MM-DD``; a month stands for its first day."""
    if isinstance(text, date):
        return text
    return date.fromisoformat(text if len(text) > 7 else f"{text}-01")


def by(actor: str, on: str | date, division: str = DISTRICT) -> Context:
    """An officer deciding something that holds from a day."""
    return Context(actor=actor, role=actor.partition("-")[0], division=division, effective=day(on))


@lru_cache
def catalog() -> Mapping[str, Any]:
    """The packaged catalog, read once."""
    return load_programs()


def identity(number: int, born: date = date(1960, 5, 17)) -> str:
    """A well-formed identity number of nobody."""
    body = f"{DISTRICT}{born:%Y%m%d}{number:03d}"
    return body + str(mod_11_2.calc_check_digit(body))


class Office:
    """One process's hold on the ledger of a folder; a second one on the same folder is a rival."""

    def __init__(
        self,
        path: Path,
        *,
        programs: Iterable[str] = (LIVING, NURSING, POVERTY),
        own: Iterable[ProgramDefinition] = (),
        funds_fen: int = 100_000_000,
        name: str = "",
        database_url: str | None = None,
    ) -> None:
        """``own`` are programs of the test's; ``database_url`` keeps all in PostgreSQL."""
        self.path = path
        self.database_url = database_url
        self.name = name
        self.now = datetime(2016, 12, 1, 1, tzinfo=UTC)
        store: StoreKind = "sqlite" if database_url is None else "postgres"
        self.home = Home.create(path, seed=1, store=store, database_url=database_url)
        self.programs = {code: catalog()[code] for code in programs} | {p.code: p for p in own}
        self.ledger = Ledger(
            self.home.store,
            self.home.vault,
            operator=CITY,
            clock=lambda: self.now,
            programs=self.programs,
            documents=self.home.documents,
            standings=self.home.standings,
        )
        self._keys = 0
        if not self.home.feed.end():
            self._open(funds_fen)

    def _open(self, funds_fen: int) -> None:
        director = by("director-1", "2016-12-01", CITY)
        items: list[tuple[Command, Context]] = [
            (AdoptProgram(definition=program), director) for program in self.programs.values()
        ]
        for code in sorted({p.fund for p in self.programs.values() if p.fund}):
            items.append((OpenFund(definition=load_funds()[code]), director))
            if funds_fen:
                money = AppropriateFunds(fund=code, amount_fen=funds_fen, year=2017, document="b")
                items.append((money, director))
            payable = {p.code for p in self.programs.values() if p.fund == code}
            if own := sorted(payable - set(load_funds()[code].earmark)):
                items.append((WidenEarmark(fund=code, programs=own, document="d"), director))
        outcomes = self.ledger.execute_group(items, key="opening").outcomes
        assert all(o.error is None for o in outcomes), outcomes

    def rival(self) -> "Office":
        """Another process on the same files."""
        return Office(self.path, name=f"{self.name}rival-", database_url=self.database_url)

    def close(self) -> None:
        self.home.close()

    # --- time and commands

    def at(self, when: str | date, hour: int = 1) -> "Office":
        """Set the clock to a day."""
        self.now = datetime.combine(day(when), datetime.min.time(), tzinfo=UTC) + timedelta(
            hours=hour
        )
        return self

    def do(self, command: Command, context: Context, key: str | None = None) -> Result:
        """Carry out a command, under a key of its own unless one is given."""
        self._keys += 1
        return self.ledger.execute(command, context, key=key or f"{self.name}{self._keys}")

    # --- people

    def person(
        self,
        number: int,
        *,
        low_income: bool = True,
        care: bool = False,
        grade: int = 2,
        account: str | None = "",
        household: str | None = None,
        since: str = "2016-12-01",
    ) -> str:
        """Someone with a certificate; ``account`` None for somebody without one."""
        clerk, number_text = by("clerk-1", since), identity(number)
        who = self.do(
            pe.RegisterPerson(
                id_number=number_text,
                name=f"测试{number}",
                division=DISTRICT,
                urban=True,
                household=household,
            ),
            clerk,
        ).stream
        self.do(
            IssueCertificate(
                person=who,
                number=f"{number_text}4{grade}",
                id_number=number_text,
                category=4,
                grade=grade,
            ),
            clerk,
        )
        if account is not None:
            text = account or f"62170000{number:011d}"
            self.do(pe.ChangeBankAccount(person=who, account=text, bank="b", holder="h"), clerk)
        if low_income:
            self.do(pe.RecognizeHardship(person=who, document="d"), clerk)
        if care:
            fact = pe.RecordLifeFact(person=who, fact="needs_care", value=True, document="d")
            self.do(fact, clerk)
        return who

    def enroll(
        self,
        who: str,
        program: str = LIVING,
        *,
        applied: str = "2016-12-02",
        start: str | None = "2017-01",
        end: str | None = None,
    ) -> str:
        """From application to approval, on whose day the clock is then; the enrollment's id."""
        about, on = {"program": program, "beneficiary": who}, day(applied)
        until = on + timedelta(days=7)
        clerk, approver = by("clerk-1", on), by("approver-1", until + timedelta(days=1))
        self.do(en.SubmitApplication(**about), clerk)
        self.do(en.AssessEligibility(**about), clerk)
        start_day = on + timedelta(days=1)
        notice = en.PublishNotice(**about, notice_from=start_day, notice_until=until, place="p")
        self.do(notice, clerk)
        if self.now.date() <= until:
            self.at(approver.effective)
        self.do(en.CloseNotice(**about), approver)
        approve = en.ApproveEnrollment(**about, start_month=start, end_month=end)
        self.do(approve, approver)
        return enrollment_id(who, program)

    def enrolled(self, number: int, program: str = LIVING, **said: Any) -> str:
        """A person who receives a monthly subsidy from January 2017 on; the person's id."""
        said.setdefault("care", program == NURSING)
        who = self.person(number, **said)
        self.enroll(who, program)
        return who

    # --- pay runs

    def compute(self, month: str, program: str = LIVING, *, batch: int = 1) -> str:
        """Open and compute a run; its id."""
        self.at(f"{month}-16")
        accountant = by("accountant-1", f"{month}-16", CITY)
        opening = pr.OpenPayRun(program=program, month=month, batch=batch)
        run = self.do(opening, accountant).stream
        self.do(pr.ComputePayRun(payrun=run), accountant)
        return run

    def notice(self, run: str, month: str, *, objections: Iterable[str] = ()) -> None:
        """Public notice; each objected enrollment's objection is upheld."""
        self.at(f"{month}-17")
        first, last = day(f"{month}-17"), day(f"{month}-23")
        accountant = by("accountant-1", first, CITY)
        said = pr.NoticePayRun(payrun=run, notice_from=first, notice_until=last, place="p")
        self.do(said, accountant)
        for n, enrollment in enumerate(objections):
            raised = pr.ObjectToLine(
                payrun=run, enrollment=enrollment, objection=f"o{n}", ground="g"
            )
            self.do(raised, accountant)
            settled = pr.ResolveLineObjection(
                payrun=run, objection=f"o{n}", upheld=True, reason="r"
            )
            self.do(settled, by("director-1", first, CITY))

    def approve(self, run: str, month: str) -> None:
        self.at(f"{month}-24")
        lines = self.ledger.state(PAYRUN, run).lines
        self.do(pr.ApprovePayRun(payrun=run, lines=lines), by("director-1", f"{month}-24", CITY))

    def issue(self, run: str, month: str) -> None:
        self.at(f"{month}-25")
        self.do(IssuePayRun(payrun=run), by("cashier-1", f"{month}-25", CITY))

    def issued(
        self,
        month: str,
        program: str = LIVING,
        *,
        batch: int = 1,
        objections: Iterable[str] = (),
    ) -> str:
        """A run from computation to the bank; its id."""
        run = self.compute(month, program, batch=batch)
        self.notice(run, month, objections=objections)
        self.approve(run, month)
        self.issue(run, month)
        return run

    def result(self, run: str, month: str, *, returned: Mapping[str, str] | None = None) -> None:
        """The bank's file: every line arrived but the ``returned`` enrollments'."""
        self.at(f"{month}-27")
        words = self.bank(run, returned or {})
        read = ReadBankResult(payrun=run, result=self.ledger.documents.put(to_document(words)))
        self.do(read, by("cashier-1", f"{month}-27", CITY))

    def bank(self, run: str, returned: Mapping[str, str]) -> list[BankLine]:
        """What the bank says on each line of an issued run."""
        return [
            BankLine(enrollment=e, returned=returned[e])
            if (e := line.enrollment) in returned
            else BankLine(enrollment=e, receipt="r")
            for line in self.lines(self.ledger.state(PAYRUN, run).issued)
        ]

    def lines(self, digest: str) -> list[Line]:
        """The lines of a run's document."""
        return read_document(self.ledger.documents.get(digest), Line)

    def paid(self, first: str, last: str, *programs: str) -> "Office":
        """Whole runs for some months of 2017, of each program (the living subsidy) side by side."""
        for number in range(int(first[5:]), int(last[5:]) + 1):
            month = f"2017-{number:02d}"
            self.pay([self.compute(month, program) for program in programs or (LIVING,)], month)
        return self

    def pay(self, runs: Sequence[str], month: str) -> None:
        """From the notice to the bank's file, side by side, on the days of a month."""
        for step in (self.notice, self.approve, self.issue, self.result):
            for run in runs:
                step(run, month)

    # --- reading

    def log(self) -> list[Event[Any]]:
        """Every event, in the order of the log."""
        return self.events(0)

    def events(self, start: int) -> list[Event[Any]]:
        """The events from a position on."""
        return [decode(raw) for batch in self.home.feed.read(start) for _, raw in batch]

    def vault_id(self, number: int) -> str:
        """The id that a person has, or will have."""
        return self.home.vault.person_id(identity(number))

    def length(self) -> int:
        return self.home.feed.end()

    def told(self, start: int) -> list[tuple[Any, ...]]:
        """The events from a position on, each by its name and what it says of months and money."""
        return [_told(event) for event in self.log()[start:]]


def _told(event: Event[Any]) -> tuple[Any, ...]:
    d = event.data
    said: list[Any] = [type(d).__name__]
    for name in ("month", "from_month", "last_month", "months", "amount_fen", "reason"):
        value = getattr(d, name, None)
        if name == "months" and isinstance(value, list):
            said.append([m.month for m in value])
        elif name == "reason" and type(d).__name__ not in _REASONED:
            continue
        elif value is not None:
            said.append(value)
    return tuple(said)


_REASONED = ("EnrollmentEnded", "EnrollmentSuspended", "EnrollmentRejected", "OverpaymentFound")


def learn(office: Office, known: str, holds: str, command: Command) -> list[tuple[Any, ...]]:
    """What follows, event by event, when a fact that holds from a day is recorded on another."""
    start = office.length()
    office.at(known).do(command, by("accountant-1", holds, CITY))
    return office.told(start)


def died(who: str) -> Command:
    return pe.RecordDeath(person=who, source="civil affairs")


def revoked(who: str) -> Command:
    return pe.RevokeDeath(person=who, reason="namesake", document="police")
