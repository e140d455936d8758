"""Any sequence of commands, by any officers, on any days: the ledger refuses or stores all of it,
and an auditor who reads nothing but the events finds nothing wrong, after every single command.
"""

import atexit
import shutil
import tempfile
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ledger.application import Command
from ledger.commands import enrollment as en
from ledger.commands import household as hh
from ledger.commands import payment as pay
from ledger.commands import payrun as pr
from ledger.commands import person as pe
from ledger.commands.certificate import (
    CancelCertificate,
    ChangeCertificate,
    ExpireCertificate,
    FreezeCertificate,
)
from ledger.commands.disbursement import IssuePayRun, ReadBankResult
from ledger.domain.enrollment import ENROLLMENT
from ledger.domain.errors import LedgerError
from ledger.domain.grant import paying_day, standing
from ledger.domain.household import household_id
from ledger.domain.month import month_of, plus_months
from ledger.domain.payrun import PAYRUN, BankLine, to_document
from ledger.domain.program import PROGRAM, rule_on
from ledger.domain.stream import enrollment_id, payrun_id, program_id
from ledger.log.store_feed import StoreFeed
from projections.checks import ALL_CHECKS
from projections.checks.audit import audit
from projections.checks.sources import Sources
from projections.engine import Projector
from tests.office import CITY, DISTRICT, LIVING, NURSING, Office, by
from tests.oracle import Oracle

PEOPLE = 4
WHO = st.integers(0, PEOPLE - 1)
PROGRAM_CODE = st.sampled_from([LIVING, LIVING, NURSING])
OFFICER = st.sampled_from(["clerk-1", "approver-1", "kin-1"])
LEADER = st.sampled_from(["accountant-1", "director-1", "cashier-1"])
HARDSHIP = st.sampled_from(["low-income", "low-income", "extreme-poverty"])
AGO = st.integers(-20, 130)
"""Days between a fact's own day and its recording: some facts are known ahead."""
BACK = st.sampled_from([0, 0, 0, 1, 1, 2, 3, -1, -4])
"""Months before the present one."""
BATCH = st.sampled_from([1, 1, 2])
TERM = st.none() | st.integers(-3, 4)
"""Months from the present one to the last that is approved."""
FEN = st.integers(1, 20_000)
OBJECTED = st.sampled_from([None, None, "open", "upheld", "refused"])
"""What becomes of an objection, if there is one."""
LEADS = {"wrongful-stop", "not-granted", "after-death"}
"""What an audit may find where every command was obeyed: an officer's stop of who was eligible, a
month that nobody made up for, and what was done for a person whose death was learned later. All
else the commands refuse or repair."""
EXIT_STEP = st.sampled_from(
    [
        *("register", "poor", "propose", "verify", "confirm", "notice"),
        *("object", "resolve", "decide", "revoke", "relapse"),
    ]
)


@cache
def _city(funds_fen: int) -> Path:
    """Four people, three of them paid from January to March, one of these in both programs."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-machine-city-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    office = Office(folder / "home", funds_fen=funds_fen)
    for n in range(PEOPLE):
        who = office.person(n, care=n > 0)
        if n < 3:
            office.enroll(who, LIVING)
        if n == 2:
            office.enroll(who, NURSING)
    office.paid("2017-01", "2017-03", LIVING, NURSING)
    office.close()
    return folder / "home"


class LedgerMachine(RuleBasedStateMachine):
    """Rules are what officers ask for; invariants are the auditor's."""

    @initialize(funds_fen=st.sampled_from([100_000, 100_000_000]))
    def open(self, funds_fen: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-machine-"))
        shutil.copytree(_city(funds_fen), self.folder / "home")
        self.office = Office(self.folder / "home", name="machine-")
        self.oracle = Oracle()
        self.day = date(2017, 4, 20)
        self.objections = 0
        self.office.at(self.day)
        self.people = [self.office.vault_id(n) for n in range(PEOPLE)]
        self.audit()

    # --- carrying out, and auditing

    def ask(self, command: Command, context: Any, key: str | None = None) -> bool:
        """Whether the ledger agreed; refused or not, nothing is half done."""
        self.office.at(self.day)
        before = self.office.length()
        try:
            result = self.office.do(command, context, key=key)
        except LedgerError:
            result = None
        stored = self.office.length() - before
        told = 0 if result is None or result.repeated else result.outcomes[0].events
        assert stored == told, f"{stored} events of {command} were stored, {told} reported"
        if stored:
            self.audit()
        return result is not None

    def audit(self) -> None:
        for event in self.office.events(self.oracle.read_so_far):
            self.oracle.read(event)
        self.oracle.settle(plus_months(month_of(self.day), 1))

    def on(self, ago: int) -> date:
        return self.day - timedelta(days=ago)

    def month(self, back: int) -> str:
        return plus_months(month_of(self.day), -back)

    def about(self, who: int, program: str) -> dict[str, str]:
        return {"program": program, "beneficiary": self.people[who]}

    # --- people

    @rule(who=WHO, account=st.integers(0, 9))
    def changes_account(self, who: int, account: int) -> None:
        command = pe.ChangeBankAccount(
            person=self.people[who], account=f"6217{account}", bank="b", holder="h"
        )
        self.ask(command, by("clerk-1", self.day))

    @rule(who=WHO, ago=AGO, kind=HARDSHIP, begins=st.booleans())
    def hardship(self, who: int, ago: int, kind: str, begins: bool) -> None:
        said = {"person": self.people[who], "kind": kind}
        self.learns(
            pe.RecognizeHardship(**said, document="d")
            if begins
            else pe.EndHardship(**said, reason="r"),
            ago,
        )

    @rule(who=WHO, ago=AGO, needed=st.booleans())
    def care(self, who: int, ago: int, needed: bool) -> None:
        said = {"fact": "needs_care", "value": needed, "document": "d"}
        self.learns(pe.RecordLifeFact(person=self.people[who], **said), ago)

    @rule(who=WHO, ago=AGO, begins=st.booleans())
    def custody(self, who: int, ago: int, begins: bool) -> None:
        kind = pe.RecordCustody if begins else pe.EndCustody
        self.learns(kind(person=self.people[who], document="d"), ago)

    @rule(who=WHO, ago=st.integers(0, 130), document=st.sampled_from([None, "d"]))
    def death(self, who: int, ago: int, document: str | None = None) -> None:
        self.learns(pe.RecordDeath(person=self.people[who], source="s", document=document), ago)

    @rule(who=WHO)
    def no_death(self, who: int) -> None:
        self.learns(pe.RevokeDeath(person=self.people[who], reason="r", document="d"), 0)

    @rule(
        who=WHO,
        ago=AGO,
        what=st.sampled_from(["expire", "freeze", "cancel", 1, 2, 3]),
        lasts=st.none() | st.integers(-60, 60),
    )
    def certificate(self, who: int, ago: int, what: str | int, lasts: int | None) -> None:
        """It lapses, or is of a grade from a day on, perhaps until another."""
        person = {"person": self.people[who]}
        commands: dict[str | int, Command] = {
            "expire": ExpireCertificate(**person),
            "freeze": FreezeCertificate(**person, reason="r"),
            "cancel": CancelCertificate(**person, reason="r"),
        }
        for grade in (1, 2, 3):
            until = None if lasts is None else self.on(-lasts)
            commands[grade] = ChangeCertificate(
                **person, category=4, grade=grade, expires_on=until, reason="r"
            )
        self.learns(commands[what], ago)

    @rule(who=WHO, ago=AGO, to=st.sampled_from([None, DISTRICT, "220203"]))
    def moves(self, who: int, ago: int, to: str | None) -> None:
        self.learns(pe.ChangeResidence(person=self.people[who], division=to, urban=True), ago)

    def learns(self, fact: Command, ago: int) -> None:
        self.ask(fact, by("clerk-2", self.on(ago), CITY))

    # --- the way in and out

    @rule(who=WHO, program=PROGRAM_CODE, ago=st.integers(8, 100), kin=st.booleans())
    def applies(self, who: int, program: str, ago: int, kin: bool) -> None:
        command = en.SubmitApplication(
            **self.about(who, program), kin=["kin-1"] if kin else [], documents=[]
        )
        self.ask(command, by("clerk-1", self.on(ago)))

    @rule(who=WHO, program=PROGRAM_CODE, days=st.integers(5, 9))
    def assesses(self, who: int, program: str, days: int) -> None:
        about, first = self.about(who, program), self.on(days)
        self.ask(en.AssessEligibility(**about), by("clerk-1", first))
        until = first + timedelta(days=days - 1)
        command = en.PublishNotice(**about, notice_from=first, notice_until=until, place="p")
        self.ask(command, by("clerk-1", first))

    @rule(who=WHO, program=PROGRAM_CODE, settled=st.sampled_from(["open", "upheld", "refused"]))
    def objects(self, who: int, program: str, settled: str) -> None:
        about, clerk = self.about(who, program), by("clerk-1", self.day)
        self.objections += 1
        name = f"o{self.objections}"
        raised = self.ask(en.RaiseObjection(**about, objection=name, ground="g"), clerk)
        if raised and settled != "open":
            upheld = settled == "upheld"
            self.ask(en.ResolveObjection(**about, objection=name, upheld=upheld, reason="r"), clerk)

    @rule(who=WHO, program=PROGRAM_CODE, officer=OFFICER, term=TERM)
    def approves(self, who: int, program: str, officer: str, term: int | None) -> None:
        about, context = self.about(who, program), by(officer, self.day)
        if not self.ask(en.CloseNotice(**about), context):
            return
        end = None if term is None else self.month(-term)
        self.ask(en.ApproveEnrollment(**about, end_month=end), context)

    @rule(
        who=WHO,
        program=PROGRAM_CODE,
        ago=st.integers(8, 60),
        officer=st.sampled_from(["approver-1", "approver-1", "clerk-1"]),
        term=TERM,
        objected=OBJECTED,
    )
    def enrolls(
        self,
        *,
        who: int,
        program: str,
        ago: int,
        officer: str,
        term: int | None,
        objected: str | None,
    ) -> None:
        """The whole way, so that long histories have something to happen to."""
        self.applies(who, program, ago, False)
        self.assesses(who, program, 8)
        if objected is not None:
            self.objects(who, program, objected)
        self.approves(who, program, officer, term)

    @rule(
        who=WHO,
        program=PROGRAM_CODE,
        back=BACK,
        step=st.sampled_from(["suspend", "resume", "resume", "end", "reject"]),
    )
    def decides(self, who: int, program: str, back: int, step: str) -> None:
        about, month = self.about(who, program), self.month(back)
        command: Command
        match step:
            case "suspend":
                command = en.SuspendEnrollment(**about, from_month=month, reason="inquiry")
            case "resume":
                command = en.ResumeEnrollment(**about, from_month=month, reason="cleared")
            case "end":
                command = en.EndEnrollment(**about, last_month=month, reason="renounced")
            case _:
                command = en.RejectEnrollment(**about, reason="r")
        self.ask(command, by("approver-1", self.day))

    # --- pay runs

    @rule(program=PROGRAM_CODE, back=BACK, batch=BATCH, ago=st.sampled_from([0, 0, 8]))
    def computes(self, program: str, back: int, batch: int, ago: int) -> None:
        accountant = by("accountant-1", self.on(ago), CITY)
        month = self.month(back)
        self.ask(pr.OpenPayRun(program=program, month=month, batch=batch), accountant)
        self.ask(pr.ComputePayRun(payrun=payrun_id(program, month, batch)), accountant)

    @rule(
        program=PROGRAM_CODE,
        back=BACK,
        batch=BATCH,
        began=st.sampled_from([0, 0, 8]),
        who=st.none() | WHO,
        settled=st.sampled_from(["open", "upheld", "refused"]),
    )
    def notices_run(
        self, *, program: str, back: int, batch: int, began: int, who: int | None, settled: str
    ) -> None:
        run = self.run(program, back, batch)
        self.run_noticed(run, began)
        if who is not None:
            self.run_objected(run, enrollment_id(self.people[who], program), settled)

    def run_noticed(self, run: str, began: int) -> None:
        """From today, or told afterwards of the days before: which no lines of today's had."""
        first, last = self.on(began), self.on(began - 7)
        notice = pr.NoticePayRun(payrun=run, notice_from=first, notice_until=last, place="p")
        self.ask(notice, by("accountant-1", self.day, CITY))

    def run_objected(self, run: str, enrollment: str, settled: str) -> None:
        accountant = by("accountant-1", self.day, CITY)
        raised = pr.ObjectToLine(payrun=run, enrollment=enrollment, objection="o", ground="g")
        self.ask(raised, accountant)
        if settled != "open":
            resolved = pr.ResolveLineObjection(
                payrun=run, objection="o", upheld=settled == "upheld", reason="r"
            )
            self.ask(resolved, accountant)

    @rule(program=PROGRAM_CODE, back=BACK, batch=BATCH, officer=LEADER)
    def approves_run(self, program: str, back: int, batch: int, officer: str) -> None:
        self.run_approved(self.run(program, back, batch), officer)

    def run_approved(self, run: str, officer: str) -> None:
        lines = self.office.ledger.state(PAYRUN, run).lines
        self.ask(pr.ApprovePayRun(payrun=run, lines=lines), by(officer, self.day, CITY))

    @rule(program=PROGRAM_CODE, back=BACK, batch=BATCH, officer=LEADER)
    def issues_run(self, program: str, back: int, batch: int, officer: str) -> None:
        self.run_issued(self.run(program, back, batch), officer)

    def run_issued(self, run: str, officer: str) -> None:
        self.ask(IssuePayRun(payrun=run), by(officer, self.day, CITY))

    @rule(program=PROGRAM_CODE, back=BACK, batch=BATCH, returned=st.sets(WHO, max_size=2))
    def reads_result(self, program: str, back: int, batch: int, returned: set[int]) -> None:
        gone = {enrollment_id(self.people[n], program) for n in returned}
        self.run_read(self.run(program, back, batch), gone)

    def run_read(self, run: str, gone: set[str]) -> None:
        """What the bank says of each line of a run; ``gone`` are the enrollments it returned."""
        if digest := self.office.ledger.state(PAYRUN, run).issued:
            words = [
                BankLine(enrollment=line.enrollment, returned="closed")
                if line.enrollment in gone
                else BankLine(enrollment=line.enrollment, receipt="r")
                for line in self.office.lines(digest)
            ]
            result = self.office.ledger.documents.put(to_document(words))
            command = ReadBankResult(payrun=run, result=result)
            unread = self.office.ledger.state(PAYRUN, run).status == "issued"
            assert self.ask(command, by("cashier-1", self.day, CITY)) == unread

    @rule(
        program=PROGRAM_CODE,
        back=BACK,
        batch=BATCH,
        officer=LEADER,
        meanwhile=st.none() | st.tuples(st.sampled_from(["died", "left", "again"]), WHO),
        returned=st.none() | st.sets(WHO, max_size=2),
        against=st.none() | WHO,
        objected=OBJECTED,
    )
    def pays(
        self,
        *,
        program: str,
        back: int,
        batch: int,
        officer: str,
        meanwhile: tuple[str, int] | None,
        returned: set[int] | None,
        against: int | None,
        objected: str | None,
    ) -> None:
        """A whole run: with something learned while the money is on its way, read back or not."""
        run = self.run(program, back, batch)
        self.computes(program, back, batch, 0)
        self.run_noticed(run, 0)
        if objected is not None and against is not None:
            self.run_objected(run, enrollment_id(self.people[against], program), objected)
        self.passes(8)
        for approver in ("accountant-1", "director-1"):  # who computed it, and another
            self.run_approved(run, approver)
        for cashier in (officer, "cashier-1"):
            self.run_issued(run, cashier)
        match meanwhile:
            case "died", who:
                self.death(who, 60)
            case "left", who:
                self.moves(who, 40, None)
            case "again", who:
                self.no_death(who)
        if returned is not None:
            self.run_read(run, {enrollment_id(self.people[n], program) for n in returned})

    @rule(program=PROGRAM_CODE, back=BACK, batch=BATCH)
    def cancels(self, program: str, back: int, batch: int) -> None:
        command = pr.CancelPayRun(payrun=self.run(program, back, batch), reason="r")
        self.ask(command, by("director-1", self.day, CITY))

    def run(self, program: str, back: int, batch: int) -> str:
        return payrun_id(program, self.month(back), batch)

    # --- single payments and debts

    @rule(
        who=WHO,
        program=PROGRAM_CODE,
        back=BACK,
        step=st.sampled_from(["instruct", "settle", "return", "reverse", "arrears", "overpaid"]),
        part=st.none() | st.integers(1, 8_000),
    )
    def handles(
        self, *, who: int, program: str, back: int, step: str, part: int | None = None
    ) -> None:
        """``part``: what was too much of a month that is found overpaid, in fen."""
        about, month = self.about(who, program), self.month(back)
        parts = {} if part is None else {month: part}
        commands: dict[str, Command] = {
            "instruct": pay.InstructPayment(**about, month=month, reason="again"),
            "settle": pay.SettlePayment(**about, month=month, receipt="r"),
            "return": pay.ReturnPayment(**about, month=month, reason="closed"),
            "reverse": pay.ReverseGrant(**about, month=month, reason="r"),
            "arrears": pay.GrantArrears(**about, month=month, reason="r"),
            "overpaid": pay.FindOverpayment(
                **about, months=[month], parts=parts, reason="r", zh="z", en="e"
            ),
        }
        self.ask(commands[step], by("director-1", self.day, CITY))

    @rule(which=st.integers(0, 20), fen=FEN, waived=st.booleans(), officer=LEADER)
    def is_paid_back(self, which: int, fen: int, waived: bool, officer: str) -> None:
        if debts := sorted(self.oracle.owed):
            said = {"overpayment": debts[which % len(debts)], "amount_fen": fen}
            command = (
                pay.WaiveOverpayment(**said, reason="r", document="d")
                if waived
                else pay.RecoverOverpayment(**said, method="bank", receipt="r")
            )
            self.ask(command, by(officer, self.day, CITY))

    @rule(which=st.integers(0, 20), officer=LEADER)
    def is_taken_back(self, which: int, officer: str) -> None:
        if debts := sorted(self.oracle.owed):
            debt = debts[which % len(debts)]
            command = pay.CancelOverpayment(overpayment=debt, reason="r", document="d")
            self.ask(command, by(officer, self.day, CITY))

    # --- the poverty register

    @rule(
        who=st.integers(0, 1),
        ago=st.integers(0, 12),
        officer=OFFICER,
        step=EXIT_STEP,
        number=st.integers(4, 9),
    )
    def exits(self, who: int, ago: int, officer: str, step: str, number: int) -> None:
        head, first = self.people[who], self.on(ago)
        home = {"household": household_id(head)}
        commands: dict[str, Command] = {
            "register": hh.RegisterHousehold(head=head, members=[head], urban=True),
            "poor": hh.RegisterPoverty(**home, cause="c", document="d"),
            "propose": hh.ProposeExit(
                **home, reviewed_on=first, attendees=9, votes_for=number, income_fen=1
            ),
            "verify": hh.VerifyExit(**home, village="v", resident_team="t"),
            "confirm": hh.ConfirmExit(**home, signer=head),
            "notice": hh.NoticeExit(
                **home,
                notice_from=first,
                notice_until=first + timedelta(days=number - 1),
                place="p",
            ),
            "object": hh.ObjectToExit(**home, objection=f"o{number}", ground="g"),
            "resolve": hh.ResolveExitObjection(
                **home, objection=f"o{number}", upheld=number == 4, reason="r"
            ),
            "decide": hh.DecideExit(**home, document="d"),
            "revoke": hh.RevokeExit(**home, reason="r", document="d"),
            "relapse": hh.RecordRelapse(**home, reason="r", document="d"),
        }
        self.ask(commands[step], by(officer, self.on(ago), CITY))

    @rule(who=st.integers(0, 1), days=st.integers(7, 9), objected=OBJECTED)
    def leaves_the_register(self, who: int, days: int, objected: str | None) -> None:
        """The whole way out, told day by day; an upheld objection is of the number 4."""
        for step in ("register", "poor", "propose", "verify", "confirm", "notice"):
            self.exits(who, 0, "clerk-1", step, days)
        number = 4 if objected == "upheld" else days
        for step in ("object", "resolve")[: {None: 0, "open": 1}.get(objected, 2)]:
            self.exits(who, 0, "clerk-1", step, number)
        for passing in (days - 1, 1, 1):
            for officer in ("clerk-1", "approver-1"):  # who proposed it, and another
                self.exits(who, 0, officer, "decide", days)
            self.passes(passing)
        self.exits(who, 0, "approver-1", "decide", days)

    # --- time, and the same again

    @rule(days=st.integers(1, 40))
    def passes(self, days: int) -> None:
        self.day = min(self.day + timedelta(days=days), date(2018, 12, 1))

    @rule(who=WHO, key=st.integers(0, 3))
    def asks_twice(self, who: int, key: int) -> None:
        """The same key again: the first result, or a conflict; never a second event."""
        command = pe.RecordLifeFact(
            person=self.people[who], fact="employed", value=True, document="d"
        )
        self.ask(command, by("clerk-1", date(2017, 1, 2), CITY), key=f"twice-{key}")

    # --- what must always hold

    @invariant()
    def the_views_know_what_the_streams_say(self) -> None:
        """Every hundred events or so: a pay run sees each enrollment as its stream stands."""
        if self.oracle.read_so_far % 5:
            return
        views = self.office.home.standings
        views.catch_up()
        ledger = self.office.ledger
        for program in (LIVING, NURSING):
            rule_ = rule_on(ledger.state(PROGRAM, program_id(program)), self.day)
            for month in (self.month(0), self.month(3)):
                day = paying_day(month, self.day)
                for s in views.standings(program, month, month, rule_, day):
                    e = ledger.state(ENROLLMENT, s.enrollment)
                    assert s == standing(e, rule_, month, s.account, day)

    def teardown(self) -> None:
        if not hasattr(self, "office"):
            return
        try:
            self.replays()
        finally:
            self.office.close()
            shutil.rmtree(self.folder)

    def replays(self) -> None:
        """The views that grew with the history are those of any other way through the log."""
        projector = self.office.home.projector
        projector.catch_up()
        grown = {name: d.digest for name, d in projector.digests().items()}
        size = 1 + self.oracle.read_so_far % 7
        feed = StoreFeed(self.office.home.store, batch_size=size)
        other = Projector(f"sqlite:///{self.folder}/other.db", feed, flush_events=size * 5)
        half = other.as_of(position=feed.end() // 2)
        assert half.position() == feed.end() // 2
        other.catch_up()
        assert {name: d.digest for name, d in other.digests().items()} == grown
        half.close()
        other.close()
        findings = audit(feed, ALL_CHECKS, Sources()).findings
        # The debt of a month whose money is with the bank waits for the bank's word.
        found = {f.code for f in findings if not self.oracle.with_bank(f.subject, *f.months)}
        assert found <= LEADS, found


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=50, stateful_step_count=50)
