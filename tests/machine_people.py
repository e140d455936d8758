"""What officers ask for about people: facts, the way in and out, the poverty register."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from ledger.application import Command
from ledger.commands import enrollment as en
from ledger.commands import household as hh
from ledger.commands import person as pe
from ledger.commands.certificate import (
    CancelCertificate,
    ChangeCertificate,
    ExpireCertificate,
    FreezeCertificate,
)
from ledger.domain.household import household_id
from tests.machine import (
    AGO,
    BACK,
    HARDSHIP,
    OBJECTED,
    OFFICER,
    PROGRAM_CODE,
    TERM,
    WHO,
    Machine,
)
from tests.office import CITY, DISTRICT, by

EXIT_STEP = st.sampled_from(
    [
        *("register", "poor", "propose", "verify", "confirm", "notice"),
        *("object", "resolve", "decide", "revoke", "relapse"),
    ]
)


class PeopleMachine(Machine):
    """Rules about people and households."""

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
