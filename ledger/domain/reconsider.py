"""What late knowledge changes: an enrollment held again against the facts, month by month.

Nothing is edited. Where the facts as now known differ from what was decided, the answer is new
events for exactly the months affected: a stop or a suspension from the first month that is not
payable, overpayments for such months that were paid, reversals for those granted and not paid,
a resumption and arrears for months wrongly stopped, and the end of debts for those of them that
had been paid. Months whose money is with the bank are left until its result is read.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from ledger.domain.admission import in_words, is_excluded
from ledger.domain.enrollment import OPEN_ENDED, Enrollment, Interval
from ledger.domain.events import enrollment as ev
from ledger.domain.events.envelope import EventData
from ledger.domain.grant import amount_for, deciding_day, grant_arrears, standing
from ledger.domain.month import Month, month_of, months_between, plus_months, span_of
from ledger.domain.overpayment import STOP_WORDS, cancel_overpayment, overpayment
from ledger.domain.payment import reverse
from ledger.domain.rules import Facts, Finding, Rule, evaluate

TEMPORARY = ("in_custody", "certified")
"""Facts whose failing suspends; any other failing ends the enrollment."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How one month stands: payable, or the fact (or the decision) that stands against it."""

    month: Month
    failing: str | None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known now: the facts of any day, the rule of any day, other programs held in a month.

    ``amount_rule`` is the rule at whose amount a month is granted, which may be another than that
    of its deciding day. ``barred`` says of a month that it may not be granted, whatever the facts:
    an objection to its payment was upheld, or the program was closed by then. ``computed`` says
    that a run of the month was computed, which pays nobody who comes later. ``lapsed`` says that by
    what was known before, the certificate had run out by a day: runs left such a month out, and no
    event stopped it. ``until`` is the last day from which a fact is known to hold, which may lie
    ahead.
    """

    facts_on: Callable[[date], Facts]
    rule_on: Callable[[date], Rule | None]
    amount_rule: Callable[[str], Rule | None]
    held: Callable[[str, str], bool]
    barred: Callable[[str], bool]
    computed: Callable[[str], bool]
    lapsed: Callable[[date], bool]
    until: date


def reconsider(
    e: Enrollment, known: Knowledge, *, today: date, fund: str, moved: bool = False
) -> Iterable[EventData]:
    """Events that bring the enrollment in line with the facts, each folded before the next.

    A generator: the caller records each event before asking for the next one, because overpayments
    and arrears are decided on the state that the stop or the resumption left. ``moved`` says that
    the beneficiary lives in another division of the city now, which is an event of its own.
    Months that an officer's decision stopped are not given back, whatever the facts say.
    """
    if not e.approved:
        return
    months = _judged(e, known, until=plus_months(month_of(max(today, known.until)), 1))
    missed = [m.month for m in months if m.failing is None and _left_out(e, m.month, known)]
    if not missed and all((m.failing is None) == e.active_in(m.month) for m in months):
        ahead = [m for m in months if m.month >= month_of(today)]
        runs = e.status in ("approved", "suspended") or any(e.active_in(m.month) for m in ahead)
        if moved and runs:
            yield _review(e, known, today)
        yield from _cancellations(e, months)
        return
    stopped = [m.month for m in months if m.failing is None and not e.active_in(m.month)]
    yield _review(e, known, today)
    yield from _boundaries(e, months)
    yield from _corrections(e, months)
    yield from _cancellations(e, months)
    yield from _arrears(e, sorted(stopped + missed), known, today=today, fund=fund)


def follow_moves(
    e: Enrollment, known: Knowledge, ahead: Iterable[tuple[date, str]]
) -> Iterable[tuple[date, str, EventData]]:
    """Reviews for days to come from which the beneficiary belongs elsewhere in the city.

    ``ahead`` are such days and divisions, in order. A generator as :func:`reconsider` is: each is
    folded before the next. Nothing is recorded on the day itself, so it is recorded when known.
    """
    for day, division in ahead:
        runs = any(i.last >= month_of(day) for i in e.approved)
        if runs and e.division_on(day) != division:
            yield day, division, _review(e, known, day)


def _left_out(e: Enrollment, month: Month, known: Knowledge) -> bool:
    """Whether a run passed over a month that was not stopped, for the certificate's last day."""
    lapsed = e.active_in(month) and known.lapsed(deciding_day(e, month))
    return lapsed and not e.granted(month) and known.computed(month)


def _judged(e: Enrollment, known: Knowledge, *, until: Month) -> list[Judged]:
    first = e.first_month
    until = Month(max(until, e.last_granted))  # months may have been paid ahead
    # A resumption goes on to the end of the term: it must meet what was decided of later months.
    until = Month(max([until, *(_decided_until(i) for i in e.withheld)]))
    until = Month(min(until, e.term))  # an approval for a fixed term isn't prolonged
    judged = []
    for month in months_between(first, max(until, first)):
        failing = _failing(known, deciding_day(e, month), month)
        if failing is None and any(month in i for i in e.withheld):
            failing = "decided"
        judged.append(Judged(month, failing))
    return judged


def _decided_until(withheld: Interval) -> str:
    """The first month of an officer's stop, or the one after a gap before a later approval."""
    return withheld.first if withheld.last == OPEN_ENDED else plus_months(withheld.last, 1)


def _failing(known: Knowledge, day: date, month: Month) -> str | None:
    """The first condition that fails on a month's deciding day, or ``excluded``; else None."""
    rule = known.rule_on(day)
    if rule is None:
        return "rule"
    facts = known.facts_on(day)
    _, trace = evaluate(rule.eligibility, facts)
    for finding in trace:
        if not finding.holds:
            return finding.fact

    def held(code: str) -> bool:
        return known.held(code, month)

    for x in rule.exclusions:
        if is_excluded(x.other, x.mode, rule, facts, held):
            return "excluded"
    return None


def _review(e: Enrollment, known: Knowledge, today: date) -> EventData:
    """The reassessment on today's facts, with its trace."""
    rule = known.rule_on(today)
    trace: list[Finding] = []
    eligible = False
    if rule is not None:
        eligible, trace = evaluate(rule.eligibility, known.facts_on(today))
    zh, en = in_words(eligible, trace)
    return ev.EligibilityReviewed(
        program=e.program,
        eligible=eligible,
        rule=rule.valid_from if rule else (e.rule or today),
        trace=trace,
        zh=zh,
        en=en,
    )


def _boundaries(e: Enrollment, months: list[Judged]) -> Iterable[EventData]:
    """Stops, suspensions and resumptions at the months where payability changes."""
    for i, m in enumerate(months):
        payable, active = m.failing is None, e.active_in(m.month)
        if payable == active:
            continue
        if payable:
            yield ev.EnrollmentResumed(
                program=e.program, from_month=m.month, reason="facts-restored"
            )
        else:
            assert m.failing is not None
            lasting = all(later.failing is not None for later in months[i:])
            yield _stop(e, m.month, m.failing, lasting=lasting)


def _stop(e: Enrollment, month: Month, failing: str, *, lasting: bool) -> EventData:
    zh, en = STOP_WORDS.get(failing, ("不再符合条件", "no longer eligible"))
    if failing in TEMPORARY or not lasting:
        return ev.EnrollmentSuspended(program=e.program, from_month=month, reason=failing)
    return ev.EnrollmentEnded(
        program=e.program,
        last_month=plus_months(month, -1),
        reason=failing,
        zh=f"{zh},自{month}起停发",
        en=f"{en}; stopped from {month}",
    )


def corrections(e: Enrollment, *, reason: str) -> Iterable[EventData]:
    """What an officer's stop means for months granted already; each folded before the next."""
    stopped = [Judged(Month(m), reason) for m in sorted(e.grants) if not e.active_in(m)]
    yield from _corrections(e, stopped)


def _corrections(e: Enrollment, months: list[Judged]) -> Iterable[EventData]:
    """Debts for months paid in error, reversals for those granted and not paid."""
    paid = []
    for m in months:
        granted = e.grants.get(m.month)
        if m.failing is None or granted is None or granted.status in ("in-transit", "reversed"):
            continue
        if granted.kept_fen:
            paid.append(m)
        elif granted.status != "settled":  # else it is a debt already, all of it
            yield reverse(e, month=m.month, reason=m.failing)
    if paid:
        yield _overpaid(e, paid)


def _cancellations(e: Enrollment, months: list[Judged]) -> Iterable[EventData]:
    """The end of debts for months that are payable after all, debt by debt.

    A debt that an officer found in payable months is a decision of its own and stays.
    """
    wrong: dict[str, list[str]] = {}
    for m in months:
        granted = e.grants.get(m.month)
        if m.failing is not None or not e.active_in(m.month) or granted is None:
            continue
        if granted.may_be_owed_after_all:
            for debt, _ in granted.debts:
                wrong.setdefault(debt, []).append(m.month)
    for debt, owed_after_all in wrong.items():
        if not e.overpayments[debt].decided:
            yield cancel_overpayment(e, debt, owed_after_all)


def _arrears(
    e: Enrollment, months: list[Month], known: Knowledge, *, today: date, fund: str
) -> Iterable[EventData]:
    """Past months that were not paid and should have been; this month's run pays this month.

    Unless it has been computed: then nothing else would pay it. A year whose cap is reached has
    nothing left to give, as in a run.
    """
    for month in months:
        rule = known.amount_rule(month)
        over = month < month_of(today) or known.computed(month)
        due = over and not e.granted(month) and not known.barred(month)
        if due and rule is not None and amount_for(standing(e, rule, month, None), rule) > 0:
            yield grant_arrears(e, rule, month=month, fund=fund, reason="facts-restored")


def _overpaid(e: Enrollment, paid: list[Judged]) -> EventData:
    reason = paid[0].failing or ""
    zh, en = STOP_WORDS.get(reason, ("不再符合条件", "no longer eligible"))
    span = span_of([m.month for m in paid])
    return overpayment(
        e,
        months=[m.month for m in paid],
        reason=reason,
        zh=f"{zh}后多发{len(paid)}个月({span})",
        en=f"{len(paid)} months overpaid after {en} ({span})",
    )
