"""Each check finds what is planted for it, with the events that prove it."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest

from ledger.domain.events import enrollment as en
from ledger.domain.events import payrun as pr
from ledger.domain.finding import is_about
from ledger.domain.stream import payrun_id
from ops.simulation.plants import THEMES, Legacy, money
from ops.simulation.plants.legacy import LIVING, NURSING
from projections.asof import AsOf
from projections.checks import ALL_CHECKS
from projections.checks.parameters import Parameters
from tests.audits import Story, died, exit_of, found, office, paid, stopped, told

Key = tuple[str, str, str, str | None, tuple[str, ...], int]


def key(f: Any) -> Key:
    return (f.code, f.kind, f.subject, f.program, tuple(f.months), f.amount_fen)


@pytest.mark.parametrize("theme", THEMES, ids=lambda t: t.__module__.rpartition(".")[2])
def test_what_is_planted_is_found_and_nothing_else(theme: Story) -> None:
    legacy, made = told(theme)
    assert legacy.planted
    assert Counter(map(key, made.findings)) == Counter(map(key, legacy.planted))
    assert all(f.positions and f.zh and f.en for f in made.findings)
    assert len({f.id for f in made.findings}) == len(made.findings)
    start = office().feed.end()
    said = {start + n: e.event for n, e in enumerate(legacy.events())}
    for f in made.findings:
        proof = [said[p] for p in f.positions if p in said]
        assert any(is_about(event, f.subject) for event in proof), f


def test_every_kind_of_every_check_is_planted_and_has_both_names() -> None:
    planted = {(f.code, f.kind) for theme in THEMES for f in told(theme)[0].planted}
    assert planted == {(check.code, kind) for check in ALL_CHECKS for kind in check.kinds}
    assert len({code for code, _ in planted}) == len(ALL_CHECKS) == 32
    assert all(check.name_zh and check.name_en and check.__doc__ for check in ALL_CHECKS)


# --- days of a notice on which there was nothing to read


def noticed_before_it_was_assessed(p: Legacy) -> None:
    who = p.person()
    p.enroll(who.id, LIVING, notice_days=0)
    noticed = en.NoticePublished(
        program=LIVING, notice_from=p.day(1, 1), notice_until=p.day(1, 9), place="公示栏"
    )
    p.step(who.id, LIVING, noticed, p.day(1, 4), hour=2)
    p.step(who.id, LIVING, en.NoticeClosed(program=LIVING), p.day(1, 14))


def run_noticed_before_it_was_computed(p: Legacy) -> None:
    who = p.person()
    p.enroll(who.id, NURSING)
    p.pay(who, NURSING, 6, notice_days=0)
    noticed = pr.PayRunNoticed(
        program=NURSING,
        month=p.month(6),
        notice_from=p.day(6, 10),
        notice_until=p.day(6, 20),
        place="网站",
        lines="0" * 64,
    )
    p.event(noticed, payrun_id(NURSING, p.month(6), 1), p.day(6, 16), hour=3)


def run_recorded_after_its_notice_began(p: Legacy) -> None:
    """With the date that the lines should have had."""
    who = p.person()
    p.enroll(who.id, NURSING)
    p.pay(who, NURSING, 6)
    (told,) = [e for e in p.events() if isinstance(e.event.data, pr.PayRunComputed)]
    run = payrun_id(NURSING, p.month(6), 1)
    p.event(told.event.data, run, p.day(6, 16), recorded=p.day(6, 20))


def exit_noticed_before_the_household_agreed(p: Legacy) -> None:
    exit_of(p, noticed_from=p.day(1, 1), noticed_until=p.day(1, 10))


@pytest.mark.parametrize(
    ("story", "kinds"),
    [
        (noticed_before_it_was_assessed, [("short-notice", "short")]),
        (run_noticed_before_it_was_computed, [("short-notice", "payrun-short")]),
        (run_recorded_after_its_notice_began, [("short-notice", "payrun-short")]),
        (exit_noticed_before_the_household_agreed, [("exit-flaw", "short-notice")]),
    ],
)
def test_days_before_there_was_anything_to_read_are_no_notice(
    story: Story, kinds: list[tuple[str, str]]
) -> None:
    assert [(f.code, f.kind) for f in told(story)[1].findings] == kinds


# --- what a finding rests on


def dead_and_paid(p: Legacy) -> None:
    who = paid(p)
    died(p, who, p.day(1, 20), p.day(6, 14))
    stopped(p, who, 1, p.day(6, 14))


def test_a_finding_names_the_events_that_prove_it() -> None:
    _, made = told(dead_and_paid)
    (finding,) = made.findings
    assert finding.months == ["2018-02", "2018-03"]
    assert (finding.severity, finding.amount_fen) == ("high", 14_000)
    assert len(finding.positions) == 5  # the death, and of each month its grant and its settlement
    assert finding.zh == "死亡后仍发放2个月(2018-02-2018-03)"
    assert finding.en == "2 months paid after death (2018-02 to 2018-03)"


def dead_and_paid_once(p: Legacy) -> None:
    who = paid(p)
    died(p, who, p.day(2, 20), p.day(6, 14))
    stopped(p, who, 1, p.day(6, 14))


def test_a_finding_of_one_month_says_so() -> None:
    (finding,) = told(dead_and_paid_once)[1].findings
    assert finding.en == "1 month paid after death (2018-03)"


def test_a_finding_says_what_of_each_month_is_to_come_back() -> None:
    """Of what is above a rate or a cap that part, for a year of its last months."""
    _, made = told(money.plant)
    overpaid = {
        (f.code, f.kind, f.program): f.overpaid
        for f in made.findings
        if f.code in ("over-cap", "double-pay", "unreconciled")
    }
    assert overpaid["over-cap", "above", LIVING] == {"2018-01": 2_000}
    assert overpaid["over-cap", "above", "lottery-fund-aid"] == {"2018-02": 100_000}
    assert overpaid["over-cap", "year", "township-commissioner"] == {"2018-11": 100_000}
    assert overpaid["over-cap", "below", LIVING] == {}
    assert overpaid["over-cap", "year", "charity-platform"] == {}
    assert overpaid["double-pay", "", LIVING] == {"2018-02": 7_000}
    assert overpaid["unreconciled", "month", LIVING] == {}
    _, made = told(dead_and_paid)
    assert made.findings[0].overpaid == {"2018-02": 7_000, "2018-03": 7_000}


def test_a_finding_that_grew_is_another_one() -> None:
    def longer(p: Legacy) -> None:
        who = paid(p, 1, 2, 3, 4)
        died(p, who, p.day(1, 20), p.day(6, 14))
        stopped(p, who, 1, p.day(6, 14))

    (one,), (other,) = told(dead_and_paid)[1].findings, told(longer)[1].findings
    assert one.subject == other.subject
    assert one.id != other.id
    assert told(dead_and_paid)[1].findings[0].id == one.id


@pytest.mark.parametrize(
    ("bound", "codes"),
    [
        (AsOf(recorded="2018-06-13T23:59:59.999999Z"), []),
        (AsOf(recorded="2018-06-14T23:59:59.999999Z"), ["dead-paid"]),
        (AsOf(effective=date(2018, 1, 9)), []),
        (AsOf(position=0), []),
    ],
)
def test_an_audit_is_as_of_what_was_known_or_held(bound: AsOf, codes: list[str]) -> None:
    assert [f.code for f in told(dead_and_paid, bound)[1].findings] == codes


def test_a_threshold_holds_from_its_day_on() -> None:
    def late(p: Legacy) -> None:
        who = paid(p)
        died(p, who, p.day(3, 10), p.day(3, 28))
        stopped(p, who, 3, p.day(4, 17))

    packaged = Parameters.packaged()
    (limit,) = packaged.of("late-stop")
    change: Callable[[str], Parameters] = lambda since: Parameters(  # noqa: E731
        [
            *packaged.entries,
            msgspec.structs.replace(limit, valid_from=date.fromisoformat(since), value=30),
        ]
    )
    assert found(late) == ["late-stop"]
    assert found(late, parameters=change("2018-03-28")) == []
    assert found(late, parameters=change("2018-03-29")) == ["late-stop"]


def test_without_a_vault_nothing_sealed_is_compared_and_that_is_said() -> None:
    def liar(p: Legacy) -> None:
        p.person(wrong="checksum")

    assert found(liar) == ["bad-identity"]
    _, made = told(liar, recognizer=None)
    assert made.findings == []
    assert made.left_out == {"bad-identity": "no-vault", "unreconciled": "no-vault"}
