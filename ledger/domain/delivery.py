"""What is delivered on an enrollment: services, devices, passes, goods, training, work, works.

Each decision needs an enrollment that is approved and active in the month of the delivery; only a
device may be returned, and an employment end, later. Nothing here moves money: donated goods are
committed by the caller in the same transaction, all else is paid through a pay run or not at all.
"""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from ledger.domain.activity import Activity
from ledger.domain.admission import must_be_active
from ledger.domain.enrollment import Enrollment
from ledger.domain.errors import AlreadyExists, InvalidDate, InvalidValue, NotFound, OutOfOrder
from ledger.domain.events import enrollment as ev
from ledger.domain.events.envelope import EventData
from ledger.domain.money import positive
from ledger.domain.month import last_day, month_index, month_of, plus_months
from ledger.domain.received import Device, Received
from ledger.domain.refusals import (
    AlreadyGranted,
    AmountAboveCap,
    DeviceInService,
    FourEyes,
    KinMustRecuse,
    MonthAfterEnd,
    MonthBeforeEnrollment,
    NotEligible,
)
from ledger.domain.rules import Rule

EmploymentForm = Literal["urban", "cooperative", "sheltered", "quota", "self-employed"]


def must_be_served(e: Enrollment, step: str, day: date) -> None:
    """Raise :class:`OutOfOrder` unless approved now; the month of ``day`` must be active too."""
    must_be_active(e, step)
    month, last = month_of(day), e.approved[-1]
    if e.active_in(month):
        return
    if month < last.first:
        raise MonthBeforeEnrollment(month=month, start_month=last.first)
    if month > last.last:
        raise MonthAfterEnd(month=month, last_month=last.last)
    raise OutOfOrder(status="suspended", step=step)


def received_by(e: Enrollment) -> Received:
    """What the enrollment received so far."""
    return e.received or Received()


def deliver(
    e: Enrollment, *, item: str, quantity: int, provider: str, cost_fen: int | None
) -> EventData:
    """A service; ``cost_fen`` is a memo of its price."""
    _at_least_one("quantity", quantity)
    _not_negative("cost_fen", cost_fen)
    return ev.ServiceDelivered(
        program=e.program, item=item, quantity=quantity, provider=provider, cost_fen=cost_fen
    )


# --- devices


def assess_device(e: Enrollment, *, device_class: str, quantity: int, need: str) -> EventData:
    """What is needed from now on; it replaces what was assessed and not yet fitted."""
    _at_least_one("quantity", quantity)
    return ev.DeviceAssessed(
        program=e.program, device_class=device_class, quantity=quantity, need=need
    )


def fit_device(
    e: Enrollment,
    rule: Rule,
    elsewhere: Iterable[Device],
    *,
    day: date,
    device_class: str,
    item: str,
    serial: str,
    quantity: int,
    value_fen: int | None,
    fund: str | None,
) -> EventData:
    """As many as were assessed; the class again only after its service life.

    Two ears are one need: what answers the same assessment doesn't stand in its own way.
    ``elsewhere`` are the beneficiary's devices from other programs. Raises :class:`NotEligible`,
    :class:`AlreadyExists` for a serial number in use, :class:`DeviceInService`.
    """
    r = received_by(e)
    _at_least_one("quantity", quantity)
    need = r.needs.get(device_class)
    if need is None or need.quantity < quantity:
        raise NotEligible(reason="not assessed")
    if serial in r.devices:
        raise AlreadyExists(what=serial)
    earlier = [d for d in r.devices.values() if d.assessment != need.assessment]
    for device in (*earlier, *elsewhere):
        if device.device_class == device_class:
            _must_be_worn_out(device, rule, day)
    return ev.DeviceFitted(
        program=e.program,
        device_class=device_class,
        item=item,
        serial=serial,
        quantity=quantity,
        value_fen=value_fen,
        fund=fund,
    )


def _must_be_worn_out(device: Device, rule: Rule, day: date) -> None:
    if rule.service_life_months is None:
        return
    month = plus_months(month_of(device.fitted_on), rule.service_life_months)
    until = last_day(month)
    until = until.replace(day=min(until.day, device.fitted_on.day))
    if day < until:
        raise DeviceInService(device_class=device.device_class, until=until.isoformat())


def repair_device(e: Enrollment, *, serial: str, work: str) -> EventData:
    """On a device in the beneficiary's hands; ``work`` says what was done."""
    _device(e, serial)
    return ev.DeviceRepaired(program=e.program, serial=serial, work=work)


def return_device(e: Enrollment, *, serial: str, reason: str) -> EventData:
    """A device comes back, even after the enrollment's end; its service life bars no more."""
    _device(e, serial)
    return ev.DeviceReturned(program=e.program, serial=serial, reason=reason)


def _device(e: Enrollment, serial: str) -> Device:
    found = received_by(e).devices.get(serial)
    if found is None:
        raise NotFound(what=serial)
    return found


def complete_surgery(e: Enrollment, *, procedure: str, hospital: str) -> EventData:
    """An operation; each is a case of its own."""
    return ev.SurgeryCompleted(program=e.program, procedure=procedure, hospital=hospital)


# --- passes and goods


def issue_pass(e: Enrollment, rule: Rule, *, serial: str, year: int) -> EventData:
    """A pass for a year, valued at the rule's rate; one a year, whatever its serial number."""
    if serial in received_by(e).passes:
        raise AlreadyExists(what=serial)
    value_fen = _pass_value(e, rule, year)
    return ev.PassIssued(program=e.program, serial=serial, year=year, value_fen=value_fen)


def recharge_pass(e: Enrollment, rule: Rule, *, serial: str, year: int) -> EventData:
    """A pass that was issued before, for another year."""
    if serial not in received_by(e).passes:
        raise NotFound(what=serial)
    value_fen = _pass_value(e, rule, year)
    return ev.PassRecharged(program=e.program, serial=serial, year=year, value_fen=value_fen)


def _pass_value(e: Enrollment, rule: Rule, year: int) -> int:
    if any(year in years for years in received_by(e).passes.values()):
        raise AlreadyGranted(period=str(year))
    if rule.rate_fen is None:
        raise NotEligible(reason="no-amount")
    return rule.rate_fen


def distribute_goods(
    e: Enrollment, rule: Rule, *, day: date, item: str, quantity: int, value_fen: int, fund: str
) -> EventData:
    """Donated goods at their valuation; with the year's money never above the rule's cap."""
    _at_least_one("quantity", quantity)
    positive(value_fen, field="value_fen")
    if rule.cap_fen is not None:
        year_fen = value_fen + received_by(e).goods_fen.get(day.year, 0)
        year_fen += sum(
            g.amount_fen
            for g in e.grants.values()
            if g.month[:4] == str(day.year) and g.status != "reversed"
        )
        if year_fen > rule.cap_fen:
            raise AmountAboveCap(amount=year_fen, cap=rule.cap_fen)
    return ev.GoodsDistributed(
        program=e.program, item=item, quantity=quantity, value_fen=value_fen, fund=fund
    )


# --- training and employment


def complete_training(
    e: Enrollment, activity: Activity, *, day: date, hours: int, passed: bool
) -> EventData:
    """A class of the program that was held; each counts once for a person."""
    if not activity.form or activity.program != e.program or activity.on is None:
        raise NotFound(what=activity.id)
    if day < activity.on:
        raise InvalidDate(value=day.isoformat())
    if activity.id in received_by(e).trainings:
        raise AlreadyExists(what=activity.id)
    _at_least_one("hours", hours)
    return ev.TrainingCompleted(program=e.program, activity=activity.id, hours=hours, passed=passed)


def start_employment(e: Enrollment, *, employer: str, form: EmploymentForm) -> EventData:
    """Work for an employer; the self-employed are their own."""
    if (form == "self-employed") != (employer == e.beneficiary):
        raise InvalidValue(field="form", value=form)
    if employer in received_by(e).employers:
        raise AlreadyExists(what=employer)
    return ev.EmploymentStarted(program=e.program, employer=employer, form=form)


def verify_employment(
    e: Enrollment, rule: Rule, *, day: date, employer: str, months: int
) -> EventData:
    """The work has lasted: as many months as the rule reviews after, at least one."""
    started = _started(e, employer)
    _at_least_one("months", months)
    if months < (rule.review_months or 1):
        raise NotEligible(reason=f"{months} months")
    if months > month_index(month_of(day)) - month_index(month_of(started)):
        raise InvalidValue(field="months", value=months)
    return ev.EmploymentVerified(program=e.program, employer=employer, months=months)


def end_employment(e: Enrollment, *, day: date, employer: str, reason: str) -> EventData:
    """The work has ended, whether the enrollment goes on or not."""
    if day < _started(e, employer):
        raise InvalidDate(value=day.isoformat())
    return ev.EmploymentEnded(program=e.program, employer=employer, reason=reason)


def _started(e: Enrollment, employer: str) -> date:
    found = received_by(e).employers.get(employer)
    if found is None:
        raise NotFound(what=employer)
    return found


# --- works


def approve_works(
    e: Enrollment, *, actor: str, works: str, budget_fen: int, contractor: str
) -> EventData:
    """By another than who submitted, and no kin; one at a time."""
    if actor == e.submitted_by:
        raise FourEyes(actor=actor)
    if actor in e.kin:
        raise KinMustRecuse(actor=actor)
    known = received_by(e).works
    if works in known:
        raise AlreadyExists(what=works)
    if any(c is not None for c in known.values()):
        raise OutOfOrder(status="works-approved", step="approve-works")
    _not_negative("budget_fen", budget_fen)
    return ev.WorksApproved(
        program=e.program, works=works, budget_fen=budget_fen, contractor=contractor
    )


def accept_works(e: Enrollment, *, works: str, cost_fen: int | None, accepted_by: str) -> EventData:
    """Works that were approved, by anyone but who did them."""
    known = received_by(e).works
    if works not in known:
        raise NotFound(what=works)
    if known[works] is None:
        raise OutOfOrder(status="works-accepted", step="accept-works")
    if accepted_by == known[works]:
        raise FourEyes(actor=accepted_by)
    _not_negative("cost_fen", cost_fen)
    return ev.WorksAccepted(
        program=e.program, works=works, cost_fen=cost_fen, accepted_by=accepted_by
    )


def _at_least_one(field: str, value: int) -> None:
    if value < 1:
        raise InvalidValue(field=field, value=value)


def _not_negative(field: str, value: int | None) -> None:
    if value is not None and value < 0:
        raise InvalidValue(field=field, value=value)
