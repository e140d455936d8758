"""Commands about a person's disability certificate: issued, changed, frozen, expired, cancelled.

As every fact of a person it is taken to the enrollments in the same transaction.
"""

from datetime import date

from ledger.application import handles
from ledger.commands.person import PersonCommand, known, living, record_and_reconsider
from ledger.domain import person as rules
from ledger.domain.errors import InvalidIdentityNumber
from ledger.domain.events import person as ev
from ledger.domain.events.envelope import EventData
from ledger.domain.identity import check_certificate, parse_identity
from ledger.work import Work


class IssueCertificate(PersonCommand, frozen=True, kw_only=True):
    number: str
    id_number: str
    category: int
    grade: int
    expires_on: date | None = None


class ChangeCertificate(PersonCommand, frozen=True, kw_only=True):
    category: int
    grade: int
    expires_on: date | None = None
    reason: str


class FreezeCertificate(PersonCommand, frozen=True, kw_only=True):
    reason: str


class ExpireCertificate(PersonCommand, frozen=True, kw_only=True):
    pass


class CancelCertificate(PersonCommand, frozen=True, kw_only=True):
    reason: str


@handles(IssueCertificate)
def issue_certificate(work: Work, c: IssueCertificate) -> str:
    person = living(work, c.person)
    rules.check_class(c.category, c.grade)
    identity = parse_identity(c.id_number, today=work.today)
    if work.vault.person_id(identity.number) != person.id:
        raise InvalidIdentityNumber(reason="another person's")
    number = check_certificate(c.number, identity.number, c.category, c.grade)
    sealed = work.seal(person, person.id, {"certificate": number})
    issued = ev.CertificateIssued(
        sealed=sealed, category=c.category, grade=c.grade, expires_on=c.expires_on
    )
    return record_and_reconsider(work, person, issued)


@handles(ChangeCertificate)
def change_certificate(work: Work, c: ChangeCertificate) -> str:
    person = living(work, c.person)
    rules.check_certificate_change(person, c.category, c.grade)
    changed = ev.CertificateChanged(
        category=c.category, grade=c.grade, expires_on=c.expires_on, reason=c.reason
    )
    return record_and_reconsider(work, person, changed)


@handles(FreezeCertificate)
def freeze_certificate(work: Work, c: FreezeCertificate) -> str:
    return _lose_standing(work, c, "frozen", ev.CertificateFrozen(reason=c.reason))


@handles(ExpireCertificate)
def expire_certificate(work: Work, c: ExpireCertificate) -> str:
    expired = ev.CertificateExpired(expired_on=work.context.effective)
    return _lose_standing(work, c, "expired", expired)


@handles(CancelCertificate)
def cancel_certificate(work: Work, c: CancelCertificate) -> str:
    return _lose_standing(work, c, "cancelled", ev.CertificateCancelled(reason=c.reason))


def _lose_standing(work: Work, c: PersonCommand, standing: str, data: EventData) -> str:
    """From the effective day on the certificate is no valid one."""
    person = known(work, c.person)
    rules.check_certificate_status(person, work.context.effective, standing)
    return record_and_reconsider(work, person, data)
