"""An auditor that trusts nobody: it reads events only and says what they break.

It shares no state and no fold with the ledger. Sums and orders are checked event by event, what
must agree at the end of a transaction (a stop and the debt it makes) when :meth:`Oracle.settle` is
called. Months after which nothing holds are left out: a test's year is 2017.
"""

from collections import Counter, defaultdict
from datetime import date
from typing import Any

from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from ledger.domain.events import fund as fu
from ledger.domain.events import payrun as pr
from ledger.domain.events import person as pe
from ledger.domain.postings import postings
from tests.oracle_months import MONTHS, Months, need
from tests.oracle_register import Register

RULES = {
    "living-subsidy": lambda f: f["low-income"],
    "nursing-subsidy": lambda f: f["needs_care"] and f["grade"] in (1, 2),
}
Facts = dict[str, list[tuple[date, int, Any]]]


class Oracle:
    """Reads events in the order of the log and raises :class:`Broken`."""

    def __init__(self) -> None:
        self.read_so_far = 0
        self.trial: Counter[tuple[str, str | None]] = Counter()
        self.grants: dict[tuple[str, str], dict[str, Any]] = {}
        self.standing: dict[tuple[str, str, str], str] = {}
        self.months: dict[str, Months] = defaultdict(Months)
        self.about: dict[str, tuple[str, str]] = {}
        self.owed: Counter[str] = Counter()
        self.found_by: dict[str, str] = {}
        self.to_give_back: Counter[str] = Counter()
        self.collected: Counter[str] = Counter()
        self.available: Counter[tuple[str, str]] = Counter()
        self.cash: Counter[str] = Counter()
        self.enrollments: dict[str, dict[str, Any]] = defaultdict(dict)
        self.runs: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(list))
        self.register = Register()
        self.facts: dict[str, Facts] = defaultdict(lambda: defaultdict(list))
        self.applied: dict[str, dict[str, date]] = defaultdict(dict)
        self.versions: Counter[str] = Counter()
        self.upheld: set[tuple[str, str]] = set()

    def read(self, event: Event[Any]) -> None:
        """Take in one event."""
        self.versions[event.stream] += 1
        need(event.version == self.versions[event.stream], event, "versions have no gap")
        self.balance(event)
        d = event.data
        if isinstance(d, en.EnrollmentEvent) and event.stream.startswith("enrollment"):
            self.about[event.stream] = (event.subject, d.program)
            self.admission(event, d)
            self.months[event.stream].read(event)
            self.money(event, d)
        elif event.stream.startswith("payrun"):
            self.run(event, d)
        elif event.stream.startswith("fund"):
            self.fund(event, d)
        elif event.stream.startswith("household"):
            self.register.read(event, d)
        elif event.stream.startswith("person"):
            self.person(event, d)
        self.read_so_far += 1

    # --- double entry

    def balance(self, event: Event[Any]) -> None:
        legs = postings(event)
        need(sum(p.amount_fen for p in legs) == 0, event, "postings sum to zero")
        for p in legs:
            self.trial[p.account, p.fund] += p.amount_fen
        need(sum(self.trial.values()) == 0, event, "every prefix balances")

    # --- the way in

    def admission(self, event: Event[Any], d: Any) -> None:
        e = self.enrollments[event.stream]
        match d:
            case en.ApplicationSubmitted():
                e.update(by=event.actor, kin=d.kin, open=set(), until=None, day=event.effective)
            case en.EligibilityAssessed():
                e["assessed"] = event.effective
            case en.NoticePublished():
                need(d.notice_from >= e["assessed"], event, "what is noticed was decided")
                e["until"] = d.notice_until
                days = (d.notice_until - d.notice_from).days + 1
                need(days >= 7, event, "an application is on notice for seven days")
            case en.ObjectionRaised():
                e["open"].add(d.objection)
            case en.ObjectionResolved():
                e["open"].remove(d.objection)
            case en.NoticeClosed():
                need(e["until"] and event.effective > e["until"], event, "the notice has run")
            case en.EnrollmentApproved():
                month = f"{e['day']:%Y-%m}"
                if month not in self.months[event.stream].active:  # else it was decided before
                    self.applied[event.stream][month] = e["day"]
                need(event.actor != e["by"], event, "approver and submitter differ")
                need(event.actor not in e["kin"], event, "kin recuse")
                need(not e["open"], event, "no objection is open at approval")

    # --- money of an enrollment

    def money(self, event: Event[Any], d: Any) -> None:
        match d:
            case en.SubsidyGranted() | en.ArrearsGranted():
                once = (event.subject, d.program, d.period)
                need(once not in self.standing, event, "one standing grant a person and period")
                self.standing[once] = event.id
                active = d.month in self.months[event.stream].active
                need(active, event, "granted months are approved and not suspended")
                need((event.stream, d.month) not in self.upheld, event, "an upheld objection holds")
                status = "transit" if isinstance(d, en.SubsidyGranted) else "payable"
                grant = {"fen": d.amount_fen, "status": status, "id": event.id, "once": once}
                self.grants[event.stream, d.month] = {
                    **grant,
                    "debts": {},
                    "due": d.amount_fen,
                }
                if isinstance(d, en.SubsidyGranted):
                    self.runs[d.payrun]["grants"].append((event.division, d.amount_fen))
            case en.PaymentInstructed():
                self._to(event, d, "payable", "transit")
            case en.PaymentSettled():
                self._to(event, d, "transit", "settled")
                self._pay(event, d.fund, -d.amount_fen)
            case en.PaymentReturned():
                self._to(event, d, "settled" if d.after_settlement else "transit", "payable")
                if d.after_settlement:
                    self._pay(event, d.fund, d.amount_fen)
            case en.GrantReversed():
                grant = self._to(event, d, "payable", "reversed")
                need(d.grant == grant["id"], event, "a reversal names its grant")
                del self.standing[grant["once"]]
                self.to_give_back[d.fund] += d.amount_fen
            case en.OverpaymentFound():
                self._found(event, d)
            case en.OverpaymentCancelled():
                self._cancelled(event, d)
            case en.RecoveryCollected() | en.RecoveryWaived():
                self.owed[d.overpayment] -= d.amount_fen
                waived = isinstance(d, en.RecoveryWaived)
                alone = waived and event.actor == self.found_by[d.overpayment]
                need(not alone, event, "who found a debt does not waive it")
                need(self.owed[d.overpayment] >= 0, event, "no more comes back than is owed")
                if isinstance(d, en.RecoveryCollected):
                    self.collected[d.overpayment] += d.amount_fen
                    self._pay(event, d.fund, d.amount_fen)

    def _to(self, event: Event[Any], d: Any, before: str, after: str) -> dict[str, Any]:
        grant = self.grants.get((event.stream, d.month))
        need(grant and grant["status"] == before, event, f"the month's money is {before}")
        assert grant is not None
        due = grant["due"] if before != "settled" else min(grant["due"], self._right(grant))
        need(due == d.amount_fen, event, "the amount is what is due of the grant")
        grant.update(status=after, due=due)
        return grant

    @staticmethod
    def _right(grant: dict[str, Any]) -> int:
        """What of a grant no debt was found for."""
        return int(grant["fen"] - sum(fen for fen, _ in grant["debts"].values()))

    def _found(self, event: Event[Any], d: en.OverpaymentFound) -> None:
        need(d.overpayment == event.id, event, "a debt is named by its event")
        self.found_by[d.overpayment] = event.actor
        need(d.amount_fen == sum(m.amount_fen for m in d.months), event, "a debt is its months'")
        unsent = 0
        for m in d.months:
            grant = self.grants[event.stream, m.month]
            need(m.grant == grant["id"], event, "a debt names the grants it corrects")
            right, due = self._right(grant), 0
            if grant["status"] == "payable":  # a refund that was not sent yet
                due = grant["due"]
                need(due < right, event, "a month never paid is no debt")
            else:
                need(grant["status"] == "settled", event, "only what was paid is a debt")
            active = m.month in self.months[event.stream].active
            grant["debts"][d.overpayment] = (m.amount_fen, active)
            if m.amount_fen == right:
                unsent += due
                grant.update(status="settled", due=grant["fen"])
            else:
                need(m.amount_fen <= right - due, event, "no more is a debt than was kept")
        need(d.offset_fen == unsent, event, "what was due and not sent is set off")
        self.owed[d.overpayment] += d.amount_fen - unsent
        self.collected[d.overpayment] += unsent

    def _cancelled(self, event: Event[Any], d: en.OverpaymentCancelled) -> None:
        need(d.amount_fen == sum(m.amount_fen for m in d.months), event, "it is its months'")
        need(d.owed_fen + d.refund_fen <= d.amount_fen, event, "its parts are parts of it")
        need(d.refund_fen == sum(m.refund_fen for m in d.months), event, "refunds are the months'")
        for m in d.months:
            grant = self.grants[event.stream, m.month]
            need(d.overpayment in grant["debts"], event, "what is cancelled was found")
            need(m.month in self.months[event.stream].active, event, "what is cancelled was owed")
            found, _ = grant["debts"].pop(d.overpayment)
            named = (m.grant, m.amount_fen) == (grant["id"], found)
            need(named and m.refund_fen <= m.amount_fen, event, "it names the grants that stand")
            if m.refund_fen:
                due = grant["due"] if grant["status"] == "payable" else 0
                grant.update(status="payable", due=due + m.refund_fen)
        self.owed[d.overpayment] -= d.owed_fen
        self.collected[d.overpayment] -= d.refund_fen
        need(self.owed[d.overpayment] >= 0, event, "no more is cancelled than is owed")
        need(self.collected[d.overpayment] >= 0, event, "no more goes back than came")
        if d.refund_fen:
            need(not self.owed[d.overpayment], event, "nothing goes back while some is owed")

    def _pay(self, event: Event[Any], fund: str, fen: int) -> None:
        self.cash[fund] += fen
        need(self.cash[fund] >= 0, event, "no fund's cash is below zero")

    # --- funds, runs

    def fund(self, event: Event[Any], d: Any) -> None:
        match d:
            case fu.FundsAppropriated():
                self.available[d.fund, "cash"] += d.amount_fen
                self._pay(event, d.fund, d.amount_fen)
            case fu.FundsCommitted():
                self.available[d.fund, d.form] -= d.amount_fen
            case fu.CommitmentReleased():
                if d.reason == fu.GRANT_REVERSED:
                    self.to_give_back[d.fund] -= d.amount_fen
                self.available[d.fund, d.form] += d.amount_fen
        least = min(self.available.values(), default=0)
        need(least >= 0, event, "no fund is committed beyond what it has")

    def run(self, event: Event[Any], d: Any) -> None:
        run = self.runs[event.stream]
        match d:
            case pr.PayRunOpened():
                run["program"], run["month"] = d.program, d.month
            case pr.PayRunComputed():
                run["computed"], run["since"] = event.actor, event.effective
            case pr.PayRunNoticed():
                need(d.notice_from >= run["since"], event, "the lines on notice were there")
            case en.ObjectionRaised():
                run["objections"] = {**(run["objections"] or {}), d.objection: d.enrollment}
            case en.ObjectionResolved():
                against = run["objections"].pop(d.objection)
                need(against == d.enrollment, event, "an objection is settled for its own line")
                if d.upheld:
                    self.upheld.add((against, run["month"]))
            case pr.PayRunApproved():
                run["approved"], run["total"] = event.actor, d.total_fen
                need(event.actor != run["computed"], event, "approver and computer differ")
                need(not run["objections"], event, "no objection is open at approval")
            case pr.PayRunIssued():
                others = (run["computed"], run["approved"])
                need(event.actor not in others, event, "the issuer is a third officer")
                by_division: Counter[str] = Counter()
                for division, fen in run["grants"]:
                    by_division[division] += fen
                need(dict(by_division) == d.by_division, event, "a run's sums are its grants'")
                need(
                    d.total_fen == sum(by_division.values()), event, "a run's total is its grants'"
                )
                need(d.total_fen <= run["total"], event, "no more is issued than approved")

    # --- facts

    def person(self, event: Event[Any], d: Any) -> None:
        def note(fact: str, value: Any) -> None:
            self.facts[event.subject][fact].append((event.effective, self.read_so_far, value))

        match d:
            case pe.PersonRegistered():
                note("resident", True)
            case pe.ResidenceChanged():
                note("resident", d.to_division is not None)
            case pe.CertificateIssued() | pe.CertificateChanged():
                note("certificate", d.expires_on or date.max)
                note("grade", d.grade)
            case pe.CertificateExpired() | pe.CertificateFrozen() | pe.CertificateCancelled():
                note("certificate", None)
            case pe.LowIncomeRecognized() | pe.LowIncomeEnded():
                note(d.kind, isinstance(d, pe.LowIncomeRecognized))
            case pe.CustodyRecorded() | pe.CustodyEnded():
                note("custody", isinstance(d, pe.CustodyRecorded))
            case pe.LifeFactRecorded():
                note(d.fact, d.value)
            case pe.DeathRecorded():
                note("died", d.died_on)
            case pe.DeathRevoked():
                self.facts[event.subject].pop("died")

    def entitled(self, stream: str, month: str, *, told: bool = False) -> bool:
        """Whether the facts known now carry a month, by an own reading of the two rules.

        ``told``: but for a certificate's own last day, which passes without an event.
        """
        person, program = self.about[stream]
        facts = self.facts[person]
        day = self.applied[stream].get(month, date.fromisoformat(f"{month}-01"))

        def on(fact: str) -> Any:
            known = [entry for entry in facts.get(fact, ()) if entry[0] <= day]
            return max(known, key=lambda entry: entry[:2])[2] if known else None

        died = facts["died"][-1][2] if facts.get("died") else None
        last_day = on("certificate")
        certified = last_day is not None and (told or day <= last_day)
        if (died is not None and day > died) or not on("resident") or not certified:
            return False
        named = {f: on(f) for f in ("low-income", "needs_care", "grade")}
        return not on("custody") and not on("extreme-poverty") and bool(RULES[program](named))

    def with_bank(self, person: str, *months: str) -> bool:
        """Whether money of each of these months of a person, at least one, is on its way."""
        sent = {
            month
            for (stream, month), grant in self.grants.items()
            if grant["status"] == "transit" and self.about[stream][0] == person
        }
        return bool(months) and sent.issuperset(months)

    # --- at the end of a transaction

    def settle(self, until: str) -> None:
        """What a transaction must leave in agreement; ``until`` is the month after the present."""
        for (account, fund), fen in self.trial.items():
            sign = -1 if account.startswith("Liabilities") else 1
            if account in ("Assets:Cash", "Assets:Receivable", "Budget:Committed") or sign < 0:
                assert fen * sign >= 0, f"{account} of {fund} stands at {fen}"
        unfree = {fund: fen for fund, fen in self.to_give_back.items() if fen}
        assert not unfree, f"what reversed grants had taken is not available again: {unfree}"
        for (stream, month), grant in self.grants.items():
            where = f"{stream} {month} {grant}"
            if month <= until and not all(decided for _, decided in grant["debts"].values()):
                active = month in self.months[stream].active
                assert not active, f"a debt stands for a month that is owed after all: {where}"
            if grant["status"] in ("transit", "reversed") or not self._right(grant):
                continue
            assert month in self.months[stream].active, f"money stands for a stopped month: {where}"
            assert self.entitled(stream, month), f"money stands against the facts: {where}"
        for stream, months in self.months.items():
            active = months.active
            now = [m for m in sorted(active) if m <= until]
            wrong = [m for m in now if not self.entitled(stream, m, told=True)]
            assert not wrong, f"{stream} is payable against the facts in {wrong}"
            stopped = sorted(active & months.decided)
            assert not stopped, f"{stream} is payable against a decision in {stopped}"
            span = {m for m in MONTHS if months.first <= m <= min(until, months.term)}
            lost = sorted(span - active - months.decided)
            missed = [m for m in lost if self.entitled(stream, m)]
            assert not missed, f"{stream} is stopped against the facts in {missed}"
