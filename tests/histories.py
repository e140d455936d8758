"""Small histories told as stories, and a feed over them: no store, no sequencer, no files.

    h = history()
    h.person("p1").low_income("p1").applied("p1").approved("p1", start="2017-01")
    h.granted("p1", "2017-01").settled("p1", "2017-01")

Every step appends one event; the recorded time moves on by a second each. What a step does not say
has a default that a reader need not look up: the program is the living subsidy at 70.00 yuan, paid
from the city's fund. Anything else is appended with :meth:`History.event`.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ledger.codec import encode
from ledger.domain.events import EventData, Sealed
from ledger.domain.events import enrollment as en
from ledger.domain.events import fund as fu
from ledger.domain.events import household as hh
from ledger.domain.events import person as pe
from ledger.domain.events import program as pg
from ledger.domain.rules import Rule
from ledger.log.feed import Record

LIVING = "living-subsidy"
FUND = "city-subsidy"
RATE = 7_000
CITY = "220200"
DISTRICT = "220202"
SEALED = Sealed(box="c2VhbGVk", key="k")


def history() -> "History":
    """A history with nothing in it."""
    return History()


def day(text: str) -> date:
    """A date from ``YYYY-MM-DD``."""
    return date.fromisoformat(text)


def enrollment_of(beneficiary: str, program: str = LIVING) -> str:
    """The id these histories give to an enrollment's stream."""
    return f"enrollment-{beneficiary}-{program}"


class History:
    """Events in order, as records of a log."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._versions: dict[str, int] = {}
        self._now = datetime(2017, 1, 1, tzinfo=UTC)

    def event(
        self,
        data: EventData,
        stream: str,
        *,
        subject: str | None = None,
        on: str = "2017-01-01",
        division: str = DISTRICT,
        actor: str = "clerk-1",
        at: str | None = None,
    ) -> "History":
        """Append an event; ``on`` is its effective date, ``at`` its recorded time."""
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        if at is not None:
            self._now = datetime.fromisoformat(at)
        self._now += timedelta(seconds=1)
        raw, _ = encode(
            actor=actor,
            correlationid=f"c{len(self.records)}",
            data=data,
            division=division,
            effective=day(on),
            id=f"{stream}/{version}",
            operator=CITY,
            role="clerk",
            subject=subject or stream,
            time=self._now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        )
        self.records.append((len(self.records), raw))
        return self

    # --- persons

    def person(self, person: str, *, on: str = "2016-01-01", **said: Any) -> "History":
        division = said.pop("division", DISTRICT)
        fields = {"sealed": SEALED, "birth_year": 1960, "sex": "female", "urban": True, **said}
        return self.event(pe.PersonRegistered(**fields), person, on=on, division=division)

    def certified(self, person: str, grade: int, *, category: int = 4, on: str) -> "History":
        data = pe.CertificateIssued(sealed=SEALED, category=category, grade=grade)
        return self.event(data, person, on=on)

    def regraded(self, person: str, grade: int, *, category: int = 4, on: str) -> "History":
        data = pe.CertificateChanged(category=category, grade=grade, reason="reassessed")
        return self.event(data, person, on=on)

    def low_income(self, person: str, *, on: str = "2016-02-01") -> "History":
        return self.event(pe.LowIncomeRecognized(kind="low-income", document="d1"), person, on=on)

    def low_income_ended(self, person: str, *, on: str) -> "History":
        return self.event(pe.LowIncomeEnded(kind="low-income", reason="income"), person, on=on)

    def died(self, person: str, on: str) -> "History":
        data = pe.DeathRecorded(died_on=day(on), source="civil-affairs")
        return self.event(data, person, on=on)

    def account(self, person: str, account: str, *, on: str = "2016-03-01") -> "History":
        data = pe.BankAccountChanged(sealed=SEALED, account=account, bank="b1")
        return self.event(data, person, on=on)

    # --- programs and funds

    def program(self, code: str = LIVING, *, kind: str = "periodic-cash") -> "History":
        adopted = pg.ProgramAdopted(
            program=code,
            zh="项目",
            en="program",
            kind=kind,  # type: ignore[arg-type]
            beneficiary="person",
            unit="person",
            fund=FUND,
            payee="beneficiary",
            document="d0",
            source="assumed",
        )
        return self.event(adopted, f"program-{code}", subject=code, on="2015-01-01", division=CITY)

    def rule(self, since: str, rate_fen: int = RATE, *, code: str = LIVING) -> "History":
        rule = Rule(
            valid_from=day(since), period="month", rate_fen=rate_fen, document="d", source="assumed"
        )
        data = pg.RuleSet(program=code, rule=rule)
        return self.event(data, f"program-{code}", subject=code, on=since, division=CITY)

    def fund(self, amount_fen: int, fund: str = FUND) -> "History":
        opened = fu.FundOpened(fund=fund, zh="资金", en="fund", source="city", earmark=[LIVING])
        money = fu.FundsAppropriated(fund=fund, amount_fen=amount_fen, year=2017, document="d2")
        stream = f"fund-{fund}"
        self.event(opened, stream, subject=fund, division=CITY)
        return self.event(money, stream, subject=fund, division=CITY)

    # --- an enrollment

    def step(self, who: str, data: en.EnrollmentEvent, *, on: str, **rest: Any) -> "History":
        """Any event of the enrollment of ``who`` in the program that the event names."""
        return self.event(data, enrollment_of(who, data.program), subject=who, on=on, **rest)

    def applied(self, who: str, program: str = LIVING, *, on: str = "2016-12-01") -> "History":
        return self.step(who, en.ApplicationSubmitted(program=program), on=on)

    def approved(
        self,
        who: str,
        program: str = LIVING,
        *,
        start: str = "2017-01",
        end: str | None = None,
        on: str = "2016-12-20",
    ) -> "History":
        data = en.EnrollmentApproved(
            program=program,
            rule=day("2016-01-01"),
            start_month=start,
            end_month=end,
            zh="批准",
            en="approved",
        )
        return self.step(who, data, on=on, actor="approver-1")

    def enrolled(self, *people: str, program: str = LIVING) -> "History":
        """Each of them registered, applied and approved."""
        for who in people:
            self.person(who).applied(who, program).approved(who, program)
        return self

    def ended(self, who: str, last_month: str, *, on: str = "2017-06-01") -> "History":
        data = en.EnrollmentEnded(
            program=LIVING, last_month=last_month, reason="alive", zh="停发", en="stopped"
        )
        return self.step(who, data, on=on)

    def suspended(self, who: str, since: str, *, on: str = "2017-06-01") -> "History":
        data = en.EnrollmentSuspended(program=LIVING, from_month=since, reason="custody")
        return self.step(who, data, on=on)

    def resumed(self, who: str, since: str, *, on: str = "2017-07-01") -> "History":
        data = en.EnrollmentResumed(program=LIVING, from_month=since, reason="released")
        return self.step(who, data, on=on)

    def objected(self, who: str, objection: str = "o1", *, on: str = "2016-12-05") -> "History":
        data = en.ObjectionRaised(program=LIVING, objection=objection, ground="not poor")
        return self.step(who, data, on=on)

    def objection_resolved(self, who: str, objection: str = "o1") -> "History":
        data = en.ObjectionResolved(
            program=LIVING, objection=objection, upheld=False, reason="checked"
        )
        return self.step(who, data, on="2016-12-10")

    # --- money

    def granted(
        self, who: str, month: str, amount_fen: int = RATE, *, program: str = LIVING
    ) -> "History":
        data = en.SubsidyGranted(
            program=program,
            month=month,
            period=month,
            amount_fen=amount_fen,
            fund=FUND,
            rule=day("2016-01-01"),
            payrun=f"payrun-{month}",
            facts={},
            zh="发放",
            en="granted",
        )
        return self.step(who, data, on=f"{month}-20", actor="payer-1")

    def settled(
        self, who: str, month: str, amount_fen: int = RATE, *, program: str = LIVING
    ) -> "History":
        data = en.PaymentSettled(
            program=program,
            month=month,
            amount_fen=amount_fen,
            fund=FUND,
            payrun=f"payrun-{month}",
            receipt="r",
        )
        return self.step(who, data, on=f"{month}-25")

    def returned(self, who: str, month: str, *, late: bool = False) -> "History":
        data = en.PaymentReturned(
            program=LIVING,
            month=month,
            amount_fen=RATE,
            fund=FUND,
            reason="closed account",
            after_settlement=late,
        )
        return self.step(who, data, on=f"{month}-26")

    def reversed(self, who: str, month: str) -> "History":
        data = en.GrantReversed(
            program=LIVING, month=month, amount_fen=RATE, fund=FUND, grant="g", reason="died"
        )
        return self.step(who, data, on=f"{month}-27")

    def overpaid(self, who: str, *months: str) -> "History":
        data = en.OverpaymentFound(
            program=LIVING,
            overpayment="op1",
            months=[en.OverpaidMonth(month=m, amount_fen=RATE, grant="g") for m in months],
            amount_fen=RATE * len(months),
            fund=FUND,
            reason="alive",
            zh="多发",
            en="overpaid",
        )
        return self.step(who, data, on="2017-08-01")

    def recovered(self, who: str, amount_fen: int = RATE) -> "History":
        data = en.RecoveryCollected(
            program=LIVING,
            overpayment="op1",
            amount_fen=amount_fen,
            fund=FUND,
            method="cash",
            receipt="r2",
        )
        return self.step(who, data, on="2017-09-01")

    # --- households

    def poor(self, household: str, *members: str, on: str = "2016-05-01") -> "History":
        registered = hh.HouseholdRegistered(head="h", members=list(members), urban=False)
        poor = hh.PovertyRegistered(members=list(members), cause="illness", document="d3")
        return self.event(registered, household, on=on).event(poor, household, on=on)

    def out_of_poverty(self, household: str, *members: str, on: str) -> "History":
        data = hh.ExitDecided(members=list(members), document="d4")
        return self.event(data, household, on=on)

    def relapsed(self, household: str, *, on: str) -> "History":
        data = hh.RelapseRecorded(reason="illness", document="d5")
        return self.event(data, household, on=on)

    def feed(self, *, batch: int = 100) -> "ListFeed":
        """A feed over what has been told so far, and over what is told later."""
        return ListFeed(self.records, batch=batch)


class ListFeed:
    """A :class:`~ledger.log.feed.Feed` over a list."""

    def __init__(self, records: list[Record], *, batch: int = 100) -> None:
        self.records = records
        self.batch = batch

    def end(self) -> int:
        return len(self.records)

    def read(self, start: int, stop: int | None = None) -> Iterator[Sequence[Record]]:
        stop = self.end() if stop is None else min(stop, self.end())
        for first in range(start, stop, self.batch):
            yield self.records[first : min(first + self.batch, stop)]
