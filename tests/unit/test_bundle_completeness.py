"""None of a subject's events is left out, and the figures are those of its events."""

import json

import pytest

from ledger.log.errors import NothingSealed
from ledger.verify.merkle import leaf_hash
from ledger.verify.replay import Replay
from ledger.verify.report import cautions, lines
from ledger.verify.subset import HINT_BYTES
from tests.bundles import (
    EVENTS,
    STRANGER,
    WHOLE,
    MemoryLog,
    changed,
    check,
    city,
    line,
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
    assert "nothing was sealed" not in "\n".join(lines(found, "en")), "who knows"
    # Where there is a seal it is used, whatever was asked.
    assert check(city().bundle(person("p1"), unsealed=True), trust()).completed[0].seal


def test_what_came_after_the_seal_is_told_apart() -> None:
    found = check(city().bundle(person("p1", "h1")), trust())
    mine, household = found.completed
    assert (mine.events, mine.after) == (8, 2)
    assert (household.events, household.after) == (2, 0)
    said = "\n".join(lines(found, "en"))
    assert "its 8 events before the seal of 2017-03 are all there are" in said
    assert "the bundle has 2 events after the seal" in said
    assert "(before position 34 of 37)" in said
    assert "from position 34 to the log's end at 37" in said


def test_what_is_after_the_seal_is_unproven_where_nothing_is_shown_too() -> None:
    """Else a bundle that rests on an old seal would hide all that a person had since."""
    found = check(city().bundle(person("p2")), trust())
    assert [c.after for c in found.completed] == [0]
    (values,) = (values for code, values in cautions(found) if code == "after")
    assert (values["position"], values["size"]) == (34, 37)


def test_a_person_alone_is_under_the_caution_about_households_and_other_ids() -> None:
    """To leave the household out is the operator's choice too."""
    for scope in (person("p1"), person("p1", "h1")):
        assert "households" in {code for code, _ in cautions(check(city().bundle(scope), trust()))}


def test_a_seal_that_lies_is_found_by_whoever_has_the_whole_log() -> None:
    """Of one person's events some are left out of the index, for good and for everybody."""
    told = [raw for _, raw in city().records]
    at = next(i for i, raw in enumerate(told) if b"ProjectionSealed" in raw)
    other = b'"subjects":6' if b'"subjects":7' in told[at] else b'"subjects":7'
    lie = told[at].replace(b'"subjects":7', other)
    log = MemoryLog(list(enumerate([*told[:at], lie, *told[at + 1 :]])))
    found = refusal(log.bundle(WHOLE))
    assert (found.code, found.fields["event"]) == ("seal-wrong", at)


SEAL, COVERED = 34, 34
"""Where the city's seal is, and what it covers."""


@pytest.mark.parametrize(
    "listed",
    [
        [],
        [[SEAL, COVERED - 1]],
        [[SEAL - 1, COVERED - 1], [SEAL, COVERED]],
        [[SEAL, COVERED], [SEAL, COVERED]],
        [[SEAL, COVERED], [SEAL + 1, SEAL + 2]],
        [[SEAL, COVERED], [SEAL + 3, SEAL]],
        [[-1, -1], [SEAL, COVERED]],
    ],
)
def test_a_list_of_seals_that_is_not_the_logs_accuses_no_operator(listed: list[list[int]]) -> None:
    """Whoever carries the bundle can write it, and the log's own seal is right."""
    whole = city().bundle(WHOLE)
    bad = changed(whole, "seals.json", lambda _: json.dumps(listed).encode())
    found = refusal(bad)
    assert (found.code, found.fields["part"]) == ("part-malformed", "seals.json")


def test_a_seal_is_wrong_only_of_events_that_are_the_logs() -> None:
    """An event that was changed on the way, hint and all, is not put down to the seal."""
    parts = parts_of(city().bundle(WHOLE))
    parts[EVENTS] = line(20, b'"amount_fen":7000', b'"amount_fen":7001')(parts[EVENTS])
    hashes = [leaf_hash(raw) for raw in parts[EVENTS].splitlines()]
    parts["hints.bin"] = b"".join(h[:HINT_BYTES] for h in hashes)
    assert refusal(packed(parts)).code == "log-altered"


def test_no_index_is_computed_for_a_log_that_nobody_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is what takes long, and a bundle without a signature is free to make."""
    log = city()
    monkeypatch.setattr(Replay, "_index", lambda self: pytest.fail("computed"))
    assert refusal(log.bundle(WHOLE, checkpoint=log.checkpoint(None, STRANGER))).code == "note"


def test_more_indexes_than_a_log_has_are_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.verify.replay.WORK_FREE", 6)
    monkeypatch.setattr("ledger.verify.replay.WORK", 0)
    assert refusal(city().bundle(WHOLE)).fields["part"] == "seals.json"


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


def test_a_claim_of_nothing_is_not_counted() -> None:
    """Else any number of amounts could be said to have been met."""
    claims = {
        "balances": {"p1": {"living-subsidy": {"granted_fen": 21_000, "settled_fen": 21_000}}}
    }
    nothing = {"nobody": {"x": {"granted_fen": 0, "settled_fen": 0}}}
    padded = {"balances": claims["balances"] | nothing}
    assert check(city().bundle(person("p1"), claims=padded), trust()).claims == 2


def test_balances_are_those_of_the_events() -> None:
    found = check(city().bundle(person("p3")), trust())
    assert found.sums.balances["p3"]["living-subsidy"] == {
        "granted_fen": 14_000,
        "settled_fen": 14_000,
        "overpaid_fen": 7_000,
        "owed_fen": 7_000,
    }
