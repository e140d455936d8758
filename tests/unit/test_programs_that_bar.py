"""An officer's decision on one program is taken to the programs that it bars, as a fact is: no
month of both is paid, and no month is lost that the other one no longer takes.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ledger.commands import enrollment as en
from ledger.domain.rules import Exclusion, ProgramDefinition
from projections.checks import ALL_CHECKS
from projections.checks.audit import audit
from projections.checks.sources import Sources
from tests.office import LIVING, LIVING_FEN, Office, by, catalog

FIRST, BARRED = "first-subsidy", "barred-subsidy"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The second of two programs is not paid to who has the first."""
    living: ProgramDefinition = catalog()[LIVING]
    plain = msgspec.structs.replace(living.rules[-1], exclusions=[])
    bar = Exclusion(other=FIRST, mode="exclusive", zh="z", en="e")
    own = [
        msgspec.structs.replace(living, code=FIRST, rules=[plain]),
        msgspec.structs.replace(
            living, code=BARRED, rules=[msgspec.structs.replace(plain, exclusions=[bar])]
        ),
    ]
    it = Office(tmp_path / "home", programs=(), own=own)
    yield it
    it.close()


def stacked(office: Office) -> list[str]:
    findings = audit(office.home.feed, ALL_CHECKS, Sources()).findings
    return [f.code for f in findings if f.code in ("stacking", "not-granted")]


def test_what_an_approval_bars_is_stopped_and_what_was_paid_of_it_owed(office: Office) -> None:
    who = office.enrolled(1, BARRED)
    office.paid("2017-01", "2017-03", BARRED)
    start = office.length()
    office.at("2017-03-28").enroll(who, FIRST, applied="2017-03-28", start="2017-03")
    assert [t for t in office.told(start) if t[0] in ("EnrollmentEnded", "OverpaymentFound")] == [
        ("EnrollmentEnded", "2017-02", "excluded"),
        ("OverpaymentFound", ["2017-03"], LIVING_FEN, "excluded"),
    ]
    office.pay([office.compute("2017-04", code) for code in (FIRST, BARRED)], "2017-04")
    assert stacked(office) == []


@pytest.mark.parametrize("step", ["end", "suspend"])
def test_what_an_officer_stops_bars_no_more(office: Office, step: str) -> None:
    """Stopped from May on; resumed from July on it bars again."""
    who = office.enrolled(1, BARRED)
    office.at("2017-01-05").enroll(who, FIRST, applied="2017-01-05", start="2017-01")
    about, approver = {"program": FIRST, "beneficiary": who}, by("approver-1", "2017-04-28")
    stop = (
        en.EndEnrollment(**about, last_month="2017-04", reason="renounced")
        if step == "end"
        else en.SuspendEnrollment(**about, from_month="2017-05", reason="inquiry")
    )
    office.at("2017-04-28").do(stop, approver)
    office.paid("2017-05", "2017-06", FIRST, BARRED)
    office.at("2017-06-28")
    resumed = en.ResumeEnrollment(**about, from_month="2017-07", reason="cleared")
    office.do(resumed, by("approver-1", "2017-06-28"))
    office.paid("2017-07", "2017-07", FIRST, BARRED)
    granted = [
        (e.data.month, e.data.program)
        for e in office.log()
        if type(e.data).__name__ == "SubsidyGranted"
    ]
    assert granted == [("2017-05", BARRED), ("2017-06", BARRED), ("2017-07", FIRST)]
    assert stacked(office) == []
