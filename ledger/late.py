"""Late knowledge, across streams: a person's changed facts taken to each of their enrollments.

The enrollments of a person are found by their derived ids, one for each program of the catalog,
and every event that follows is recorded in the transaction of the fact itself.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import date
from itertools import count

from ledger.budget import give_back_reversed, set_aside
from ledger.domain.enrollment import ENROLLMENT, Enrollment
from ledger.domain.errors import NotFound
from ledger.domain.events.enrollment import (
    ArrearsGranted,
    EligibilityReviewed,
    OverpaymentCancelled,
)
from ledger.domain.events.envelope import EventData
from ledger.domain.payment import instruct
from ledger.domain.payrun import PAYRUN, PayRun
from ledger.domain.person import Person, division_on, facts_on, last_change, moves_ahead
from ledger.domain.program import PROGRAM, Program, find_rule, is_open_in, rule_of_month
from ledger.domain.reconsider import Knowledge, follow_moves, reconsider
from ledger.domain.refusals import FundEarmarked, FundOvercommitted
from ledger.domain.rules import Facts
from ledger.domain.stream import enrollment_id, payrun_id, program_id
from ledger.work import Work


def held_by(work: Work, beneficiary: str, month: str) -> Callable[[str], bool]:
    """Whether the beneficiary is active in a program of ours in a month."""

    def held(code: str) -> bool:
        other = work.load(ENROLLMENT, enrollment_id(beneficiary, code))
        return other.active_in(month)

    return held


def reconsider_person(
    work: Work, person: Person, cause: str, lapsed: Callable[[date], bool]
) -> None:
    """Bring every monthly enrollment of a person in line with what is known now.

    Arrears and refunds that follow are instructed at once if there is an account. ``cause`` is
    the id of the event that brought the knowledge; it becomes the causation id of all that follows.
    ``lapsed`` says whether the certificate had run out by a day, as was known before that event.
    """
    held = [(e, work.load(PROGRAM, program_id(e.program))) for e in monthly_of(work, person)]
    # What another of our programs bars comes after that one, whose months may change by this fact.
    for e, program in sorted(held, key=lambda each: _is_barred_by_ours(each[1], work.monthly)):
        reconsider_enrollment(work, person, e, program, cause, lapsed=lapsed)


def reconsider_barred(work: Work, person: Person, e: Enrollment, cause: str) -> None:
    """Bring the enrollments that another bars in line with its months, which a decision changed.

    ``cause`` is the id of the event of that decision.
    """
    programs = [work.peek(PROGRAM, program_id(c)) for c in work.monthly if c != e.program]
    barred = {
        enrollment_id(person.id, p.code): p for p in programs if _is_barred_by_ours(p, (e.program,))
    }
    for stream in sorted(work.existing([*barred])) if barred else ():
        reconsider_enrollment(work, person, work.load(ENROLLMENT, stream), barred[stream], cause)


def _is_barred_by_ours(program: Program, ours: Collection[str]) -> bool:
    return any(x.other in ours for rule in program.rules for x in rule.exclusions)


def send_waiting(work: Work, person: Person, cause: str) -> None:
    """Send the arrears that were granted while the person had no account."""
    for e in monthly_of(work, person):
        division = e.division_on(work.today)
        for data in _instructions(e, person, refunds=()):
            _follow(work, e, data, division=division, effective=work.today, cause=cause)


def monthly_of(work: Work, person: Person) -> Iterator[Enrollment]:
    """The person's enrollments in monthly programs that were ever approved, by id."""
    streams = [enrollment_id(person.id, code) for code in work.monthly]
    for stream in sorted(work.existing(streams)):
        e = work.load(ENROLLMENT, stream)
        if e.approved:
            yield e


def barred_for(work: Work, e: Enrollment, program: Program) -> Callable[[str], bool]:
    """Whether a month may not be granted to the enrollment, whatever the facts.

    A run of the month upheld an objection to paying it, or the program was closed by then.
    """

    def barred(month: str) -> bool:
        return not is_open_in(program, month) or e.id in upheld_in(work, e.program, month)

    return barred


def upheld_in(work: Work, program: str, month: str) -> set[str]:
    """The enrollments that an objection keeps from being paid for a month, in any batch of it."""
    return {e for run in runs_of(work, program, month) for e in run.upheld}


def runs_of(work: Work, program: str, month: str) -> Iterator[PayRun]:
    """The runs of a month, batch by batch."""
    for batch in count(1):
        run = work.load(PAYRUN, payrun_id(program, month, batch))
        if not run.version:
            break
        yield run


def reconsider_enrollment(
    work: Work,
    person: Person,
    e: Enrollment,
    program: Program,
    cause: str,
    *,
    lapsed: Callable[[date], bool] = lambda _: False,
) -> None:
    """Bring one enrollment of a person in line with what is known now."""
    division = division_on(person, work.today)

    def facts(day: date) -> Facts:
        return facts_on(person, day)

    known = Knowledge(
        facts_on=facts,
        rule_on=lambda day: find_rule(program, day),
        amount_rule=lambda month: rule_of_month(program, month),
        held=lambda code, month: held_by(work, person.id, month)(code),
        barred=barred_for(work, e, program),
        computed=lambda month: any(r.computed for r in runs_of(work, program.code, month)),
        lapsed=lapsed,
        until=last_change(person),
    )

    def follow(data: EventData, there: str, effective: date | None) -> None:
        _follow(work, e, data, division=there, effective=effective, cause=cause)

    moved = division != e.division_on(work.today)
    refunds: set[str] = set()
    for data in reconsider(e, known, today=work.today, fund=program.fund or "", moved=moved):
        effective = work.today if isinstance(data, EligibilityReviewed) else None
        if isinstance(data, ArrearsGranted):
            try:
                set_aside(work, program.fund, program.code, e.id, data.amount_fen)
            except (FundOvercommitted, FundEarmarked, NotFound):
                continue  # the fact stands all the same; the arrears can be granted later
        elif isinstance(data, OverpaymentCancelled):
            refunds |= {m.month for m in data.months if m.refund_fen}
        follow(data, division, effective)
        give_back_reversed(work, e, data)
    for day, there, review in follow_moves(e, known, moves_ahead(person, work.today)):
        follow(review, there, day)
    for data in _instructions(e, person, refunds):
        follow(data, division, work.today)


def _instructions(e: Enrollment, person: Person, refunds: Collection[str]) -> Iterator[EventData]:
    """What is sent at once if there is an account: arrears not sent yet, and refunds of months."""
    for grant in list(e.grants.values()):
        unsent = grant.status == "granted" and grant.payrun is None
        if person.account is not None and (unsent or grant.month in refunds):
            reason = "arrears" if unsent else "refund"
            yield instruct(e, month=grant.month, account=person.account, reason=reason)


def _follow(
    work: Work,
    e: Enrollment,
    data: EventData,
    *,
    division: str,
    effective: date | None,
    cause: str,
) -> None:
    """Record what follows for an enrollment from what was told of its beneficiary."""
    work.record(
        ENROLLMENT,
        e,
        data,
        subject=e.beneficiary,
        division=division,
        effective=effective,
        causation=cause,
        follows=True,
    )
