"""Any sequence of commands, by any officers, on any days: the ledger refuses or stores all of it,
and an auditor who reads nothing but the events finds nothing wrong, after every single command.
"""

import shutil
from datetime import date, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from ledger.application import Command
from ledger.commands import payment as pay
from ledger.commands import payrun as pr
from ledger.commands import person as pe
from ledger.commands.disbursement import IssuePayRun, ReadBankResult
from ledger.domain.enrollment import ENROLLMENT
from ledger.domain.grant import paying_day, standing
from ledger.domain.payrun import PAYRUN, BankLine, to_document
from ledger.domain.program import PROGRAM, rule_on
from ledger.domain.stream import enrollment_id, payrun_id, program_id
from ledger.log.store_feed import StoreFeed
from projections.checks import ALL_CHECKS
from projections.checks.audit import audit
from projections.checks.sources import Sources
from projections.engine import Projector
from tests.machine import BACK, BATCH, FEN, LEADER, OBJECTED, PROGRAM_CODE, WHO
from tests.machine_people import PeopleMachine
from tests.office import CITY, LIVING, NURSING, by

LEADS = {"wrongful-stop", "not-granted", "after-death", "exit-then-poor"}
"""What an audit may find where every command was obeyed: an officer's stop of who was eligible, a
month that nobody made up for, what was done for a person whose death was learned later, and who is
paid as poor long after the household's exit, which nobody looked at again. All else the commands
refuse or repair."""


class LedgerMachine(PeopleMachine):
    """Rules are what officers ask for; invariants are the auditor's."""

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
