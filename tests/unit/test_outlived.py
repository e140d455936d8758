"""What time alone takes out of a rule, a certificate's last day or an age: no event tells of it,
and a run pays no further month; when it is recorded there is nothing to claim back.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from ledger.commands import certificate as ce
from ledger.commands import payment as pay
from ledger.domain.month import first_day
from ledger.domain.person import PERSON, facts_on
from ledger.domain.refusals import MonthAfterEnd
from ledger.domain.rules import Condition, ProgramDefinition
from ledger.domain.stream import enrollment_id, program_id
from ops.cli.streams import Streams
from projections.explain_month import explain_entitlement
from tests.office import CITY, LIVING, LIVING_FEN, Office, by, catalog, learn


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


def why(office: Office, who: str, month: str) -> tuple[str, str | None]:
    """The outcome of a month as it is explained, and the reason."""
    streams = Streams(office.home)
    made = explain_entitlement(
        streams.records(enrollment_id(who, LIVING)),
        streams.records(program_id(LIVING)),
        beneficiary=who,
        code=LIVING,
        month=month,
        account="account",
        facts=facts_on(office.ledger.state(PERSON, who), first_day(month)),
        left_out=[],
        causes=streams.event,
    )
    return made.outcome, made.reason


def paid_months(office: Office) -> list[str]:
    return [t[1] for t in office.told(0) if t[0] == "SubsidyGranted"]


def test_a_run_pays_no_month_after_a_certificates_own_last_day(office: Office) -> None:
    """Nobody has to say that it expired; when somebody does, there is nothing to claim back."""
    who = office.enrolled(1)
    until = ce.ChangeCertificate(
        person=who, category=4, grade=2, expires_on=date(2017, 3, 10), reason="new form"
    )
    learn(office, "2017-01-14", "2017-01-10", until)
    office.paid("2017-01", "2017-04")
    assert paid_months(office) == ["2017-01", "2017-02", "2017-03"]
    computed = [e for e in office.log() if type(e.data).__name__ == "PayRunComputed"][-1]
    assert computed.data.left_out == {"certificate-expired": 1}
    assert why(office, who, "2017-04") == ("not-paid", "certificate-expired")
    arrears = pay.GrantArrears(program=LIVING, beneficiary=who, month="2017-04", reason="asked")
    with pytest.raises(MonthAfterEnd):
        office.do(arrears, by("director-1", "2017-04-28", CITY))
    assert learn(office, "2017-05-02", "2017-03-10", ce.ExpireCertificate(person=who)) == [
        ("CertificateExpired",),
        ("EligibilityReviewed",),
        ("EnrollmentSuspended", "2017-04", "certified"),
    ]
    renewed = ce.ChangeCertificate(person=who, category=4, grade=2, reason="renewed in time")
    told = learn(office, "2017-05-03", "2017-03-10", renewed)
    assert ("ArrearsGranted", "2017-04", LIVING_FEN) in told


def test_what_time_alone_took_is_made_good_by_a_renewal_from_before(office: Office) -> None:
    """March and April were left out and never stopped; May's run is still to come."""
    who = office.enrolled(1)
    learn(office, "2017-01-14", "2017-01-10", expiring(who, date(2017, 2, 28)))
    office.paid("2017-01", "2017-03")
    run = office.compute("2017-04")
    told = learn(office, "2017-04-28", "2017-02-28", expiring(who, date(2027, 2, 28)))
    assert told[:2] == [("CertificateChanged",), ("EligibilityReviewed",)]
    assert [t for t in told if t[0] == "ArrearsGranted"] == [
        ("ArrearsGranted", "2017-03", LIVING_FEN),
        ("ArrearsGranted", "2017-04", LIVING_FEN),
    ]
    office.pay([run, office.compute("2017-05")], "2017-05")
    assert paid_months(office) == ["2017-01", "2017-02", "2017-05"]
    again = learn(office, "2017-05-28", "2017-02-28", expiring(who, date(2028, 2, 28)))
    assert again == [("CertificateChanged",)]


def test_a_renewal_from_its_own_day_makes_good_nothing_before(office: Office) -> None:
    who = office.enrolled(1)
    learn(office, "2017-01-14", "2017-01-10", expiring(who, date(2017, 2, 28)))
    office.paid("2017-01", "2017-04")
    told = learn(office, "2017-04-28", "2017-04-01", expiring(who, date(2027, 2, 28)))
    assert [t for t in told if t[0] == "ArrearsGranted"] == [
        ("ArrearsGranted", "2017-04", LIVING_FEN)
    ]


def expiring(who: str, on: date) -> ce.ChangeCertificate:
    return ce.ChangeCertificate(person=who, category=4, grade=2, expires_on=on, reason="renewed")


def test_a_certificate_that_runs_out_within_a_month_carries_that_month(office: Office) -> None:
    who = office.enrolled(1)
    until = ce.ChangeCertificate(
        person=who, category=4, grade=2, expires_on=date(2017, 2, 1), reason="new form"
    )
    learn(office, "2017-01-14", "2017-01-10", until)
    office.paid("2017-02", "2017-02")
    assert paid_months(office) == ["2017-02"]


def test_a_run_pays_nobody_who_has_grown_out_of_a_rule(tmp_path: Path) -> None:
    """Born in 1960, under a rule that asks for 57 years at most; no fact comes in 2018."""
    living: ProgramDefinition = catalog()[LIVING]
    young = Condition(fact="age", op="at_most", value=57, zh="不超过57岁", en="at most 57")
    standing = living.rules[-1]
    rule = msgspec.structs.replace(standing, eligibility=[*standing.eligibility, young])
    program = msgspec.structs.replace(living, code="another-subsidy", rules=[rule])
    office = Office(tmp_path / "home", own=[program])
    office.enrolled(1, program.code)
    for month in ("2017-12", "2018-01"):
        office.result(office.issued(month, program.code), month)
    assert paid_months(office) == ["2017-12"]
    computed = [e for e in office.log() if type(e.data).__name__ == "PayRunComputed"][-1]
    assert computed.data.left_out == {"age": 1}
    office.close()
