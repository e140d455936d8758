"""The day of an office is its city's: from midnight to eight in Beijing, UTC is a day behind."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ledger.commands import enrollment as en
from ledger.commands import payment as pay
from ledger.domain.city_time import day_of, end_of, start_of
from ledger.domain.errors import InvalidDate
from ledger.domain.events import person as pe
from ledger.domain.refusals import NotEligible, NoticeRunning
from ops.simulation.plants import Legacy
from ops.simulation.plants.legacy import LIVING as LEGACY_LIVING
from tests.audits import paid, told
from tests.office import CITY, LIVING, Office, by, day, died


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    it = Office(tmp_path / "home")
    yield it
    it.close()


def test_a_day_of_the_city_is_from_16_to_16_utc() -> None:
    assert day_of("2017-04-30T15:59:59.999999Z") == date(2017, 4, 30)
    assert day_of("2017-04-30T16:00:00.000000Z") == date(2017, 5, 1)
    assert start_of(date(2017, 5, 1)) == datetime(2017, 4, 30, 16, tzinfo=UTC)
    assert end_of(date(2017, 4, 30)) == datetime(2017, 4, 30, 15, 59, 59, 999_999, tzinfo=UTC)


def test_a_death_of_today_is_recorded_before_eight_in_the_morning(office: Office) -> None:
    """At 00:30 on 15 February in the city it is 16:30 on the 14th in UTC."""
    who = office.enrolled(1)
    office.at("2017-02-14", hour=16).do(died(who), by("clerk-1", "2017-02-15"))
    (review,) = [e for e in office.log() if type(e.data).__name__ == "EligibilityReviewed"]
    assert review.effective == day("2017-02-15")
    assert review.time.startswith("2017-02-14T16:")


def test_a_death_of_tomorrow_is_refused_until_midnight_in_the_city(office: Office) -> None:
    who = office.enrolled(1)
    with pytest.raises(InvalidDate):
        office.at("2017-02-14", hour=15).do(died(who), by("clerk-1", "2017-02-15"))


def test_a_notice_is_over_when_the_day_after_its_last_begins_in_the_city(office: Office) -> None:
    """On notice until 9 December: closed at half past midnight of the 10th, and not before."""
    who = office.person(1)
    about = {"program": LIVING, "beneficiary": who}
    clerk = by("clerk-1", "2016-12-02")
    office.at("2016-12-02").do(en.SubmitApplication(**about), clerk)
    office.do(en.AssessEligibility(**about), clerk)
    first, last = day("2016-12-03"), day("2016-12-09")
    office.do(
        en.PublishNotice(**about, notice_from=first, notice_until=last, place="p"),
        clerk,
    )
    close, after = en.CloseNotice(**about), by("clerk-1", "2016-12-10")
    with pytest.raises(NoticeRunning):
        office.at("2016-12-09", hour=15).do(close, after)
    office.at("2016-12-09", hour=16).do(close, after)


def test_a_month_is_due_from_its_first_day_in_the_city(office: Office) -> None:
    who = office.enrolled(1)
    arrears = pay.GrantArrears(program=LIVING, beneficiary=who, month="2017-02", reason="r")
    director = by("director-1", "2017-02-01", CITY)
    with pytest.raises(NotEligible):
        office.at("2017-01-31", hour=15).do(arrears, director)
    office.at("2017-01-31", hour=16).do(arrears, director)


def stopped_after(p: Legacy, known_hour: int) -> None:
    """A death known on 14 March or an hour later, and stopped on the 24th: ten days are the limit
    between the days of the city."""
    who = paid(p)
    data = pe.DeathRecorded(died_on=p.day(3, 10), source="民政", document="死亡证明")
    p.about(who, data, p.day(3, 10), recorded=p.day(3, 13), hour=known_hour)
    p.end(who.id, LEGACY_LIVING, 3, p.day(3, 24), "alive")


def test_an_audit_counts_the_days_of_the_city() -> None:
    """Known at 23:00 of the 13th, eleven days before; or at 00:00 of the 14th, ten days before."""
    assert [f.code for f in told(lambda p: stopped_after(p, 15))[1].findings] == ["late-stop"]
    assert told(lambda p: stopped_after(p, 16))[1].findings == []
