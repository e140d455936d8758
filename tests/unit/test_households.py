"""A household leaves the poverty register in one order only, and may come back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.commands import household as hh
from ledger.commands.enrollment import AssessEligibility, SubmitApplication
from ledger.commands.person import RecordDeath
from ledger.domain.household import household_id
from ledger.domain.refusals import NoticeRunning
from tests.ledgers import CHIEF, CLERK, City, day, refused, small_city


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path) as city:
        yield city


def family(city: City, size: int = 2) -> tuple[str, list[str]]:
    """A household of some members, the head first."""
    head = city.register()
    home = household_id(head)
    members = [head, *(city.register(household=home) for _ in range(size - 1))]
    assert city.do(hh.RegisterHousehold(head=head, members=members, urban=False), "01-05") == home
    return home, members


def poor(city: City, size: int = 2) -> tuple[str, list[str]]:
    """A household on the register."""
    home, members = family(city, size)
    city.do(hh.RegisterPoverty(household=home, cause="因残", document="建档"), "01-10")
    return home, members


def propose(home: str, votes_for: int = 30) -> hh.ProposeExit:
    return hh.ProposeExit(
        household=home,
        reviewed_on=day("03-01"),
        attendees=40,
        votes_for=votes_for,
        income_fen=450_000,
    )


def notice(home: str, until: str = "03-10") -> hh.NoticeExit:
    return hh.NoticeExit(
        household=home, notice_from=day("03-04"), notice_until=day(until), place="村委会"
    )


def verify(home: str) -> hh.VerifyExit:
    return hh.VerifyExit(household=home, village="村", resident_team="驻村工作队")


def decide(home: str) -> hh.DecideExit:
    return hh.DecideExit(household=home, document="公告")


def up_to_notice(city: City, home: str, signer: str) -> None:
    city.do(propose(home), "03-01")
    city.do(verify(home), "03-02")
    city.do(hh.ConfirmExit(household=home, signer=signer), "03-03")
    city.do(notice(home), "03-04")


def test_in_order_a_household_leaves_the_register(city: City) -> None:
    home, members = poor(city)
    up_to_notice(city, home, members[1])
    city.do(decide(home), "03-11", by=CHIEF)
    assert city.told(home) == [
        "HouseholdRegistered",
        "PovertyRegistered",
        "ExitProposed",
        "ExitVerified",
        "HouseholdConfirmed",
        "ExitNoticed",
        "ExitDecided",
    ]
    assert city.events(home)[-1].data.members == sorted(members)


def test_every_step_out_of_order_is_refused(city: City) -> None:
    """At each state only the next step is possible; what is refused leaves no event."""
    home, members = poor(city)
    steps = [
        propose(home),
        verify(home),
        hh.ConfirmExit(household=home, signer=members[0]),
        notice(home),
        decide(home),
    ]
    days = ["03-01", "03-02", "03-03", "03-04", "03-11"]
    for done, (step, on) in enumerate(zip(steps, days, strict=True)):
        for other in steps[:done] + steps[done + 1 :]:
            with refused("out-of-order"):
                city.do(other, "03-11", by=CHIEF)
        city.do(step, on, by=CHIEF if step is steps[-1] else CLERK)
    assert len(city.told(home)) == 7


def test_a_step_holds_from_no_earlier_day_than_the_one_before(city: City) -> None:
    home, _ = poor(city)
    city.do(propose(home), "03-01")
    with refused("invalid-date"):
        city.do(verify(home), "02-28", recorded="03-02")


def test_the_notice_lasts_at_least_seven_days_and_follows_the_confirmation(city: City) -> None:
    home, members = poor(city)
    city.do(propose(home), "03-01")
    city.do(verify(home), "03-02")
    city.do(hh.ConfirmExit(household=home, signer=members[0]), "03-06")
    with refused("notice-too-early"):
        city.do(notice(home), "03-06")
    late = hh.NoticeExit(
        household=home, notice_from=day("03-06"), notice_until=day("03-11"), place="村委会"
    )
    with refused("notice-too-short"):
        city.do(late, "03-06")


def test_the_exit_waits_for_the_last_day_of_the_notice(city: City) -> None:
    home, members = poor(city)
    up_to_notice(city, home, members[0])
    with pytest.raises(NoticeRunning) as error:
        city.do(decide(home), "03-10", by=CHIEF)
    assert error.value.fields["until"] == day("2017-03-10")
    with refused("notice-running"):
        city.do(decide(home), "03-11", by=CHIEF, recorded="03-10")


def test_an_open_objection_bars_the_exit_and_a_dismissed_one_does_not(city: City) -> None:
    home, members = poor(city)
    up_to_notice(city, home, members[0])
    city.do(hh.ObjectToExit(household=home, objection="异议1", ground="收入不实"), "03-08")
    with refused("objection-open"):
        city.do(decide(home), "03-11", by=CHIEF)
    resolve = hh.ResolveExitObjection(
        household=home, objection="异议1", upheld=False, reason="查无实据"
    )
    city.do(resolve, "03-12")
    city.do(decide(home), "03-12", by=CHIEF)


def test_an_upheld_objection_starts_the_way_out_anew(city: City) -> None:
    home, members = poor(city)
    up_to_notice(city, home, members[0])
    city.do(hh.ObjectToExit(household=home, objection="异议1", ground="收入不实"), "03-08")
    resolve = hh.ResolveExitObjection(household=home, objection="异议1", upheld=True, reason="属实")
    city.do(resolve, "03-09")
    with refused("out-of-order"):
        city.do(decide(home), "03-11", by=CHIEF)
    city.do(propose(home), "03-20")


def test_who_proposed_does_not_decide(city: City) -> None:
    home, members = poor(city)
    up_to_notice(city, home, members[0])
    with refused("four-eyes"):
        city.do(decide(home), "03-11", by=CLERK)


def test_only_a_member_confirms(city: City) -> None:
    home, _ = poor(city)
    stranger = city.register()
    city.do(propose(home), "03-01")
    city.do(verify(home), "03-02")
    with refused("not-found"):
        city.do(hh.ConfirmExit(household=home, signer=stranger), "03-03")


def test_a_review_that_half_voted_for_proposes_nothing(city: City) -> None:
    home, _ = poor(city)
    with refused("not-eligible"):
        city.do(propose(home, votes_for=20), "03-01")
    with refused("invalid-value"):
        city.do(propose(home, votes_for=41), "03-01")


def test_the_dead_have_not_left_poverty(city: City) -> None:
    home, members = poor(city)
    up_to_notice(city, home, members[0])
    city.do(RecordDeath(person=members[1], source="公安"), "03-05")
    city.do(decide(home), "03-11", by=CHIEF)
    assert city.events(home)[-1].data.members == [members[0]]


def test_a_relapse_or_a_revoked_exit_leads_back_onto_the_register(city: City) -> None:
    home, members = poor(city)
    relapse = hh.RecordRelapse(household=home, reason="重病", document="核查")
    revoke = hh.RevokeExit(household=home, reason="程序有误", document="核查")
    for step in (relapse, revoke):
        with refused("out-of-order"):
            city.do(step, "02-01")
    up_to_notice(city, home, members[0])
    city.do(decide(home), "03-11", by=CHIEF)
    city.do(relapse, "09-01")
    with refused("out-of-order"):
        city.do(revoke, "09-02")
    city.do(propose(home), "10-01")


def test_members_are_registered_living_and_in_one_household(city: City) -> None:
    home, members = family(city)
    with refused("not-found"):
        city.do(hh.AddMember(household=home, person="person-nobody", relation="子女"), "02-01")
    with refused("already-exists"):
        city.do(hh.AddMember(household=home, person=members[1], relation="子女"), "02-01")
    other = city.register()
    with refused("already-exists"):
        city.do(hh.RegisterHousehold(head=other, members=[other, members[1]], urban=True), "02-01")
    city.do(hh.RemoveMember(household=home, person=members[1], reason="分户"), "02-02")
    city.do(hh.RegisterHousehold(head=other, members=[members[1]], urban=True), "02-03")
    with refused("out-of-order"):
        city.do(hh.RemoveMember(household=home, person=members[0], reason="迁出"), "02-04")


def test_a_household_enters_the_register_once(city: City) -> None:
    home, _ = poor(city)
    with refused("out-of-order"):
        city.do(hh.RegisterPoverty(household=home, cause="因残", document="建档"), "02-01")
    with refused("already-exists"):
        city.do(
            hh.RegisterHousehold(head=city.events(home)[0].data.head, members=[], urban=True),
            "02-01",
        )


def test_an_officer_of_another_district_is_refused(city: City) -> None:
    home, _ = poor(city)
    with refused("outside-division"):
        city.do(propose(home), "03-01", division="220203")


def test_a_household_applies_for_works_on_the_facts_of_its_head(city: City) -> None:
    home, _ = family(city)
    who = {"program": "housing-renovation", "beneficiary": home}
    city.do(SubmitApplication(**who), "02-01")
    e = city.do(AssessEligibility(**who), "02-01")
    assert city.events(e)[-1].data.eligible
