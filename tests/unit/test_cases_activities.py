"""Cases go their way and may be reopened; an activity is counted once, however often it is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.commands import activity as ac
from ledger.commands import case as ca
from ledger.commands.program import CloseProgram
from ledger.domain.activity import episode_id, held_id, item_id, result_id
from ledger.domain.case import case_id
from tests.ledgers import City, day, refused, small_city


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path) as city:
        yield city


def receive(number: str = "2017-001", **changes: object) -> ca.ReceiveCase:
    fields: dict[str, object] = {
        "program": "complaint",
        "number": number,
        "division": "220202",
        "channel": "visit",
        "topic": "补贴发放",
    }
    return ca.ReceiveCase(**{**fields, **changes})  # type: ignore[arg-type]


# --- cases


def test_a_case_goes_from_receipt_to_closing(city: City) -> None:
    case = city.do(receive(), "02-01")
    assert case == case_id("2017-001")
    steps = [
        ca.AssignCase(case=case, handler="officer-li"),
        ca.ResolveCase(case=case, outcome="已补发", document="答复书"),
        ca.CloseCase(case=case),
    ]
    for done, step in enumerate(steps):
        for later in steps[done + 1 :]:
            with refused("out-of-order"):
                city.do(later, "02-02")
        city.do(step, "02-02")
    assert city.told(case) == ["CaseReceived", "CaseAssigned", "CaseResolved", "CaseClosed"]


@pytest.mark.parametrize("closed", [False, True])
def test_a_reopened_case_needs_an_officer_again(city: City, closed: bool) -> None:
    case = city.do(receive(), "02-01")
    reopen = ca.ReopenCase(case=case, reason="结果未落实")
    assign = ca.AssignCase(case=case, handler="officer-li")
    resolve = ca.ResolveCase(case=case, outcome="已补发")
    city.do(assign, "02-02")
    with refused("out-of-order"):
        city.do(reopen, "02-03")
    city.do(resolve, "02-03")
    if closed:
        city.do(ca.CloseCase(case=case), "02-04")
    city.do(reopen, "03-01")
    with refused("out-of-order"):
        city.do(resolve, "03-02")
    city.do(assign, "03-02")
    city.do(resolve, "03-03")


def test_an_assigned_case_may_go_to_another_officer_only(city: City) -> None:
    case = city.do(receive(), "02-01")
    city.do(ca.AssignCase(case=case, handler="officer-li"), "02-02")
    with refused("out-of-order"):
        city.do(ca.AssignCase(case=case, handler="officer-li"), "02-03")
    city.do(ca.AssignCase(case=case, handler="officer-wang"), "02-03")


def test_a_number_is_a_case_of_its_own(city: City) -> None:
    city.do(receive(), "02-01")
    with refused("already-exists"):
        city.do(receive(topic="另一件"), "02-02")
    with refused("not-found"):
        city.do(ca.CloseCase(case=case_id("2017-999")), "02-02")


def test_a_case_has_a_visitor_and_a_program_of_its_kind(city: City) -> None:
    with refused("invalid-value"):
        city.do(receive(visitors=0), "02-01")
    with refused("wrong-kind"):
        city.do(receive(program="sport"), "02-01")
    with refused("not-found"):
        city.do(receive(person="person-nobody"), "02-01")


def test_what_a_visitor_said_is_sealed_under_the_key_of_the_case(city: City) -> None:
    said = "邻居张某占用无障碍坡道"
    case = city.do(receive(text=said, person=city.register()), "02-01")
    event = city.events(case)[0]
    assert event.data.sealed.key == case
    assert said not in city.ledger.store.stream(case)[0].decode()
    assert city.ledger.vault.open(event.data.sealed, event.id) == {"text": said}


# --- activities


def hold(program: str = "vocational-training", **changes: object) -> ac.HoldActivity:
    fields: dict[str, object] = {
        "division": "220200",
        "reference": "2017-01",
        "form": "class",
        "title": "盲人按摩",
    }
    return ac.HoldActivity(program=program, **{**fields, **changes})  # type: ignore[arg-type]


def test_a_class_is_held_once_by_its_reference(city: City) -> None:
    held = city.do(hold(attendees=55), "03-01")
    assert held == held_id("vocational-training", "2017-01")
    with refused("already-exists"):
        city.do(hold(title="盲人按摩(重复上报)"), "04-01")
    assert city.do(hold("practical-training"), "03-01") != held


def test_an_episode_is_counted_once_a_year_by_its_number(city: City) -> None:
    """The account names the sign-language program twice; its episodes are the same ones."""
    air = ac.AirEpisode(
        program="sign-language-program", division="220200", channel="吉林市电视台", episode=1
    )
    first = city.do(air, "01-07")
    assert first == episode_id("sign-language-program", 2017, 1)
    with refused("already-exists"):
        city.do(air, "02-07")
    assert city.do(air, "2018-01-06") != first
    with refused("invalid-value"):
        city.do(
            ac.AirEpisode(
                program="sign-language-program", division="220200", channel="电视台", episode=0
            ),
            "01-07",
        )


def test_an_item_is_counted_once_in_each_outlet(city: City) -> None:
    def publish(outlet: str) -> ac.PublishItem:
        return ac.PublishItem(
            program="news-web",
            division="220200",
            medium="web",
            outlet=outlet,
            reference="2017/0312",
            title="爱耳日",
        )

    item = city.do(publish("市残联网站"), "03-12")
    assert item == item_id("web", "市残联网站", "2017/0312")
    with refused("already-exists"):
        city.do(publish("市残联网站"), "03-13")
    city.do(publish("省残联网站"), "03-13")


def test_a_result_is_a_medal_or_a_rank(city: City) -> None:
    def won(discipline: str, **result: object) -> ac.RecordResult:
        return ac.RecordResult(
            program="sport",
            division="220200",
            competition="省第二届残疾人运动会",
            discipline=discipline,
            **result,  # type: ignore[arg-type]
        )

    gold = city.do(won("男子100米T46", medal="gold"), "08-01")
    assert gold == result_id("省第二届残疾人运动会", "男子100米T46")
    city.do(won("轮椅篮球", rank=4), "08-02")
    with refused("already-exists"):
        city.do(won("男子100米T46", medal="silver"), "08-03")
    for result in ({}, {"medal": "gold", "rank": 1}, {"rank": 0}):
        with refused("invalid-value"):
            city.do(won("跳远", **result), "08-03")


def test_a_policy_is_issued_by_a_policy_and_names_its_document(city: City) -> None:
    policy = {"form": "policy", "title": "吉林市残疾儿童康复救助办法"}
    with refused("invalid-value"):
        city.do(hold("child-rehab-policy", **policy), "05-01")
    city.do(hold("child-rehab-policy", document="吉市残联发〔2017〕1号", **policy), "05-01")
    with refused("wrong-kind"):
        city.do(hold("art-performance", document="文件", **policy), "05-01")


@pytest.mark.parametrize("program", ["living-subsidy", "bus-pass", "complaint"])
def test_a_benefit_holds_no_activity(city: City, program: str) -> None:
    with refused("wrong-kind"):
        city.do(hold(program), "03-01")


def test_a_closed_program_holds_nothing(city: City) -> None:
    close = CloseProgram(program="vocational-training", closed_on=day("06-01"), reason="调整")
    city.do(close, "06-01")
    with refused("program-closed"):
        city.do(hold(), "06-01")
    city.do(hold(), "05-31")
