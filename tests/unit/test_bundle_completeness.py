"""None of a subject's events is left out, and the figures are those of its events."""

import json

import pytest

from ledger.log.errors import NothingSealed
from ledger.verify.report import cautions, lines
from tests.bundles import (
    EVENTS,
    WHOLE,
    MemoryLog,
    changed,
    check,
    city,
    packed,
    parts_of,
    person,
    refusal,
    trust,
)
from tests.histories import history

# --- completeness


def test_a_person_without_an_event_that_it_had_is_refused() -> None:
    """All else fits: the log of the bundle is the true one, the event is only left out."""
    log = city()
    whole = log.bundle(person("p1"))
    mine = [p for p, raw in log.records if json.loads(raw)["subject"] == "p1" and p < 34]
    for left_out in mine:
        fewer = MemoryLog(log.records)
        fewer.entries = (
            lambda start, stop=None, out=left_out: iter(  # type: ignore[method-assign]
                [[r for r in log.records[start:stop] if r[0] != out]]
            )
        )
        parts = parts_of(whole) | {
            name: raw
            for name, raw in parts_of(_without_index(fewer)).items()
            if name in (EVENTS, "positions.json", "hints.bin", "tree.bin")
        }
        assert refusal(packed(parts)).code == "incomplete"


def _without_index(fewer: MemoryLog) -> bytes:
    """The bundle of a year has no proof of completeness to get in the way."""
    from ledger.log import bundle as writing

    keep = writing._completeness
    try:
        writing._completeness = lambda *_: []  # type: ignore[assignment]
        return fewer.bundle(person("p1"))
    finally:
        writing._completeness = keep


def test_a_person_without_any_proof_is_refused_until_one_asks_for_it() -> None:
    log = city()
    bare = changed(log.bundle(person("p1")), "completeness.json", lambda _: b"[]")
    assert refusal(bare).code == "no-completeness"
    assert refusal(bare, unsealed=True).code == "no-completeness"  # there was a seal


def test_before_the_first_seal_both_sides_have_to_ask_for_it() -> None:
    log = MemoryLog(history().person("p1").person("p2").low_income("p1").records)
    with pytest.raises(NothingSealed):
        log.bundle(person("p1"))
    raw = log.bundle(person("p1"), unsealed=True)
    assert refusal(raw).code == "no-completeness"
    found = check(raw, trust(unsealed=True))
    assert [(c.events, c.after, c.seal) for c in found.completed] == [(0, 2, None)]
    assert "nothing proves that they are all" in "\n".join(lines(found, "en"))
    # Where there is a seal it is used, whatever was asked.
    assert check(city().bundle(person("p1"), unsealed=True), trust()).completed[0].seal


def test_what_came_after_the_seal_is_told_apart() -> None:
    found = check(city().bundle(person("p1", "h1")), trust())
    mine, household = found.completed
    assert (mine.events, mine.after) == (8, 2)
    assert (household.events, household.after) == (2, 0)
    said = "\n".join(lines(found, "en"))
    assert "its 8 events before the seal of 2017-03 are all there are" in said
    assert "2 more events come after the seal" in said
    assert "(before position 34 of 37)" in said
    assert "from position 34 to its end at 37" in said


def test_what_is_after_the_seal_is_unproven_where_nothing_is_shown_too() -> None:
    """Else a bundle that rests on an old seal would hide all that a person had since."""
    found = check(city().bundle(person("p2")), trust())
    assert [c.after for c in found.completed] == [0]
    (values,) = (values for code, values in cautions(found) if code == "after")
    assert (values["position"], values["size"]) == (34, 37)


def test_a_seal_that_lies_is_found_by_whoever_has_the_whole_log() -> None:
    """Of one person's events some are left out of the index, for good and for everybody."""
    told = [raw for _, raw in city().records]
    at = next(i for i, raw in enumerate(told) if b"ProjectionSealed" in raw)
    other = b'"subjects":6' if b'"subjects":7' in told[at] else b'"subjects":7'
    lie = told[at].replace(b'"subjects":7', other)
    log = MemoryLog(list(enumerate([*told[:at], lie, *told[at + 1 :]])))
    found = refusal(log.bundle(WHOLE))
    assert (found.code, found.fields["event"]) == ("seal-wrong", at)


# --- figures


def test_a_figure_that_the_events_do_not_yield_is_refused() -> None:
    log = city()
    good = {"balances": {"p1": {"living-subsidy": {"granted_fen": 21_000, "settled_fen": 21_000}}}}
    assert check(log.bundle(person("p1"), claims=good), trust()).claims == 2
    for bad in (
        {"balances": {"p1": {"living-subsidy": {"granted_fen": 21_000, "settled_fen": 20_000}}}},
        {"balances": {"p1": {"living-subsidy": {"granted_fen": 21_000}}}},
        {"balances": {"p1": {}}},
        {"balances": {"p2": good["balances"]["p1"]}},
        {"disbursed_fen": {"2017": {"living-subsidy": 1}}},
    ):
        assert refusal(log.bundle(person("p1"), claims=bad)).code == "claim-differs"


def test_balances_are_those_of_the_events() -> None:
    found = check(city().bundle(person("p3")), trust())
    assert found.sums.balances["p3"]["living-subsidy"] == {
        "granted_fen": 14_000,
        "settled_fen": 14_000,
        "overpaid_fen": 7_000,
        "owed_fen": 7_000,
    }
