"""Events of an enrollment: one beneficiary in one program, from application to the last recovery.

Every event carries ``program``; the beneficiary is the envelope's subject. Amounts are fen.
``month`` is the benefit month a payment is for; ``period`` what may be granted once only (the
month, the year, or ``once``, as the program's rule says).
"""

from datetime import date
from typing import Literal

import msgspec

from ledger.domain.events.envelope import EventData
from ledger.domain.events.types import Fen, FenOrZero, GrantFact, MonthText, Quantity, Year
from ledger.domain.rules import Finding


class EnrollmentEvent(EventData, frozen=True, kw_only=True):
    program: str


class ApplicationSubmitted(EnrollmentEvent, frozen=True, kw_only=True):
    """The effective date is the day of application. ``kin`` lists officers declared as kin."""

    kin: list[str] = msgspec.field(default_factory=list)
    documents: list[str] = msgspec.field(default_factory=list)


class EligibilityAssessed(EnrollmentEvent, frozen=True, kw_only=True):
    """``rule`` names the rule applied by its first day; ``trace`` one finding a condition."""

    eligible: bool
    rule: date
    trace: list[Finding]
    zh: str
    en: str


class NoticePublished(EnrollmentEvent, frozen=True, kw_only=True):
    """The public notice of an application; both days count."""

    notice_from: date
    notice_until: date
    place: str


class ObjectionRaised(EnrollmentEvent, frozen=True, kw_only=True):
    """On an enrollment, or on a pay run about one of its lines (``enrollment`` names it)."""

    objection: str
    ground: str
    enrollment: str | None = None


class ObjectionResolved(EnrollmentEvent, frozen=True, kw_only=True):
    """An objection is settled; one that is upheld excludes."""

    objection: str
    upheld: bool
    reason: str
    enrollment: str | None = None


class NoticeClosed(EnrollmentEvent, frozen=True, kw_only=True):
    """The notice ran its days with no objection left open."""


class EnrollmentApproved(EnrollmentEvent, frozen=True, kw_only=True):
    """``amount_fen`` is set only where the rule leaves the amount to the decision (a cap)."""

    rule: date
    start_month: MonthText
    end_month: MonthText | None = None
    amount_fen: Fen | None = None
    zh: str
    en: str


class EnrollmentRejected(EnrollmentEvent, frozen=True, kw_only=True):
    """The application is refused; ``reason`` is a code."""

    reason: str
    zh: str
    en: str


class EnrollmentSuspended(EnrollmentEvent, frozen=True, kw_only=True):
    """Not payable from ``from_month`` until resumed."""

    from_month: MonthText
    reason: str


class EnrollmentResumed(EnrollmentEvent, frozen=True, kw_only=True):
    from_month: MonthText
    reason: str


class EnrollmentEnded(EnrollmentEvent, frozen=True, kw_only=True):
    """``last_month`` is the last payable month."""

    last_month: MonthText
    reason: str
    zh: str
    en: str


class EligibilityReviewed(EnrollmentEvent, frozen=True, kw_only=True):
    """A later assessment on the facts as then known; the division is where the beneficiary now
    belongs.
    """

    eligible: bool
    rule: date
    trace: list[Finding]
    zh: str
    en: str


class SubsidyGranted(EnrollmentEvent, frozen=True, kw_only=True):
    """Money is owed to the beneficiary. ``payrun`` is the run that decided it."""

    month: MonthText
    period: str
    amount_fen: Fen
    fund: str
    rule: date
    payrun: str
    account: str | None = None
    facts: dict[GrantFact, bool | int | str]
    zh: str
    en: str


class ArrearsGranted(EnrollmentEvent, frozen=True, kw_only=True):
    """A month that should have been paid and was not, granted later."""

    month: MonthText
    period: str
    amount_fen: Fen
    fund: str
    rule: date
    reason: str
    zh: str
    en: str


class PaymentInstructed(EnrollmentEvent, frozen=True, kw_only=True):
    """A payment outside a pay run: arrears, or again after a return."""

    month: MonthText
    amount_fen: Fen
    fund: str
    account: str | None = None
    reason: str


class PaymentSettled(EnrollmentEvent, frozen=True, kw_only=True):
    """The bank's result: the money reached the account."""

    month: MonthText
    amount_fen: Fen
    fund: str
    payrun: str | None = None
    receipt: str


class ContributionPaid(EnrollmentEvent, frozen=True, kw_only=True):
    """The insurer's receipt for a premium paid on the person's behalf; settles the grant."""

    month: MonthText
    amount_fen: Fen
    fund: str
    payrun: str | None = None
    receipt: str


class PaymentReturned(EnrollmentEvent, frozen=True, kw_only=True):
    """The bank's result: the money did not arrive, or came back after it had."""

    month: MonthText
    amount_fen: Fen
    fund: str
    payrun: str | None = None
    reason: str
    after_settlement: bool = False


class GrantReversed(EnrollmentEvent, frozen=True, kw_only=True):
    """A grant that will not be paid; ``grant`` is the id of the event it takes back."""

    month: MonthText
    amount_fen: Fen
    fund: str
    grant: str
    reason: str


class OverpaidMonth(msgspec.Struct, frozen=True, kw_only=True):
    """One month paid in error: what was overpaid of it, and the grant it corrects."""

    month: MonthText
    amount_fen: Fen
    grant: str


class OverpaymentFound(EnrollmentEvent, frozen=True, kw_only=True):
    """Months paid that should not have been, or too much: a debt of ``amount_fen`` less
    ``offset_fen``.

    A month's own ``amount_fen`` is all of its grant or a part of it; what several debts find of one
    grant is together never above it. ``offset_fen`` is what of these months was still due to the
    beneficiary; it is set off at once.
    """

    overpayment: str
    months: list[OverpaidMonth]
    amount_fen: Fen
    offset_fen: FenOrZero = 0
    fund: str
    reason: str
    zh: str
    en: str


class CancelledMonth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One month that was owed after all: the grant that stands again, and what is paid again."""

    month: MonthText
    amount_fen: Fen
    grant: str
    refund_fen: FenOrZero = 0


class OverpaymentCancelled(EnrollmentEvent, frozen=True, kw_only=True):
    """Months of a debt were owed after all; ``amount_fen`` is what had been found for them.

    Of it ``owed_fen`` is no longer owed, ``refund_fen`` had been paid back and is due to the
    beneficiary again, and the rest had been waived, which was not needed.
    """

    overpayment: str
    months: list[CancelledMonth]
    amount_fen: Fen
    owed_fen: FenOrZero
    refund_fen: FenOrZero
    fund: str
    reason: str
    zh: str
    en: str


def waived_of(d: OverpaymentCancelled) -> int:
    """What of a cancelled amount had been waived, in fen."""
    return d.amount_fen - d.owed_fen - d.refund_fen


class RecoveryCollected(EnrollmentEvent, frozen=True, kw_only=True):
    """Money paid in error came back."""

    overpayment: str
    amount_fen: Fen
    fund: str
    method: str
    receipt: str


class RecoveryWaived(EnrollmentEvent, frozen=True, kw_only=True):
    """A debt is given up under a document that allows it."""

    overpayment: str
    amount_fen: Fen
    fund: str
    reason: str
    document: str


class ServiceDelivered(EnrollmentEvent, frozen=True, kw_only=True):
    """``cost_fen`` is a memo of the service's price; money moves only through a pay run."""

    item: str
    quantity: Quantity
    provider: str
    cost_fen: FenOrZero | None = None


class DeviceAssessed(EnrollmentEvent, frozen=True, kw_only=True):
    """``device_class`` by GB/T 16432 / ISO 9999."""

    device_class: str
    quantity: Quantity
    need: str


class DeviceFitted(EnrollmentEvent, frozen=True, kw_only=True):
    """``value_fen`` and ``fund`` are set for donated goods, at their valuation."""

    device_class: str
    item: str
    serial: str
    quantity: Quantity
    value_fen: FenOrZero | None = None
    fund: str | None = None


class DeviceRepaired(EnrollmentEvent, frozen=True, kw_only=True):
    """A fitted device was repaired."""

    serial: str
    work: str


class DeviceReturned(EnrollmentEvent, frozen=True, kw_only=True):
    """A fitted device came back."""

    serial: str
    reason: str


class SurgeryCompleted(EnrollmentEvent, frozen=True, kw_only=True):
    procedure: str
    hospital: str


class PassIssued(EnrollmentEvent, frozen=True, kw_only=True):
    """A travel pass, valued at its yearly rate."""

    serial: str
    year: Year
    value_fen: FenOrZero


class PassRecharged(EnrollmentEvent, frozen=True, kw_only=True):
    """A travel pass is valid for another year, valued at its yearly rate."""

    serial: str
    year: Year
    value_fen: FenOrZero


class GoodsDistributed(EnrollmentEvent, frozen=True, kw_only=True):
    """Donated goods handed to the beneficiary at their valuation."""

    item: str
    quantity: Quantity
    value_fen: FenOrZero
    fund: str


class TrainingCompleted(EnrollmentEvent, frozen=True, kw_only=True):
    """The person finished a class; ``activity`` is the id of the class."""

    activity: str
    hours: Quantity
    passed: bool


class EmploymentStarted(EnrollmentEvent, frozen=True, kw_only=True):
    """The person works for an organization; ``form`` says how."""

    employer: str
    form: Literal["urban", "cooperative", "sheltered", "quota", "self-employed"]


class EmploymentVerified(EnrollmentEvent, frozen=True, kw_only=True):
    """The employment still held after some months."""

    employer: str
    months: Quantity


class EmploymentEnded(EnrollmentEvent, frozen=True, kw_only=True):
    """The employment ended."""

    employer: str
    reason: str


class WorksApproved(EnrollmentEvent, frozen=True, kw_only=True):
    """Works at a home (or a website) may begin, within a budget."""

    works: str
    budget_fen: FenOrZero
    contractor: str


class WorksAccepted(EnrollmentEvent, frozen=True, kw_only=True):
    """``cost_fen`` is a memo of the works' price."""

    works: str
    cost_fen: FenOrZero | None = None
    accepted_by: str
