"""What the verifier refuses, where it says the fault is, and what it says is not proven."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from ledger.domain.errors import NotFound
from ledger.log.bundle import PART_BYTES
from ledger.log.errors import BundleForeign, NothingSealed
from ledger.verify import bundle as bundles
from ledger.verify import command
from ledger.verify.checkpoint import Policy
from ledger.verify.container import MANIFEST, RATIO_LIMIT
from ledger.verify.merkle import leaf_hash
from ledger.verify.refusal import MESSAGES, Refused
from ledger.verify.report import TEXTS, lines
from ledger.verify.scope import Scope
from ledger.verify.subset import HINT_BYTES, Runs
from tests.bundles import (
    INSPECTION,
    OPERATOR,
    WHOLE,
    MemoryLog,
    check,
    city,
    packed,
    parts_of,
    person,
    trust,
)
from tests.histories import history

EVENTS = "events/00000.ndjson"
SEALED = "ProjectionSealed"


def refusal(raw: bytes, **trusted: object) -> Refused:
    with pytest.raises(Refused) as refused:
        check(raw, trust(**trusted))  # type: ignore[arg-type]
    return refused.value


def changed(raw: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    parts = parts_of(raw)
    return packed(parts | {part: change(parts[part])})


def line(number: int, old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(raw: bytes) -> bytes:
        told = raw.splitlines(keepends=True)
        assert old in told[number]
        told[number] = told[number].replace(old, new)
        return b"".join(told)

    return change


# --- where the fault is


@pytest.mark.parametrize("scope", [WHOLE, person("p1", "h1"), Scope("year", "2017")])
def test_the_first_bad_position_is_named(scope: Scope) -> None:
    log = city()
    raw = log.bundle(scope)
    runs = json.loads(parts_of(raw)["positions.json"])
    positions = [p for first, count in runs for p in range(first, first + count)]
    told = parts_of(raw)[EVENTS].splitlines()
    paid = [i for i, event in enumerate(told) if b'"amount_fen":7000' in event]
    for number in (paid[0], paid[-1]):
        bad = changed(raw, EVENTS, line(number, b'"amount_fen":7000', b'"amount_fen":7001'))
        bad = changed(bad, EVENTS, line(paid[-1], b'"amount_fen":700', b'"amount_fen":800'))
        found = refusal(bad)
        assert (found.code, found.fields["position"]) == ("event-altered", positions[number])


def test_a_deleted_or_inserted_event_is_told_by_its_place() -> None:
    raw = city().bundle(WHOLE)
    for change in (
        lambda told: told[:5] + told[6:],
        lambda told: [*told[:5], told[9], *told[5:]],
        lambda told: [*told[:5], told[6], told[5], *told[7:]],
    ):
        bad = changed(raw, EVENTS, lambda part, c=change: b"".join(c(part.splitlines(True))))
        found = refusal(bad)
        assert (found.code, found.fields["position"]) == ("event-altered", 5)


def test_where_hints_were_made_to_fit_the_fault_lies_after_the_last_good_head() -> None:
    log = city()
    parts = parts_of(log.bundle(WHOLE, earlier=[log.checkpoint(10), log.checkpoint(20)]))
    parts[EVENTS] = line(15, b"correlationid", b"correlationie")(parts[EVENTS])
    hashes = [leaf_hash(raw) for raw in parts[EVENTS].splitlines()]
    parts["hints.bin"] = b"".join(h[:HINT_BYTES] for h in hashes)
    found = refusal(packed(parts))
    assert found.code in ("log-altered", "event-malformed")
    if found.code == "log-altered":
        assert (found.fields["first"], found.fields["last"]) == (10, 19)


def test_hints_that_lie_are_told_from_events_that_do() -> None:
    for scope in (WHOLE, person("p1")):
        raw = city().bundle(scope)
        bad = changed(raw, "hints.bin", lambda part: bytes([part[0] ^ 1]) + part[1:])
        assert refusal(bad).code == "hints-altered" or scope is not WHOLE
        assert refusal(bad).code in ("hints-altered", "event-altered")


def test_an_event_of_somebody_else_does_not_belong() -> None:
    log = city()
    parts = parts_of(log.bundle(Scope("division", "220202")))
    scope = {"kind": "division", "subjects": [], "value": "220211"}
    assert refusal(packed(parts, scope=scope)).code == "out-of-scope"


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


# --- the file


def test_an_empty_a_cut_and_a_foreign_file_are_no_bundles() -> None:
    raw = city().bundle(WHOLE)
    assert refusal(b"").code == "empty"
    for bad in (b"x", raw[:-1], raw[:200], b"x" + raw, raw + b"x", b"PK\x05\x06" + bytes(18)):
        assert refusal(bad).code in ("not-a-bundle", "part-missing")


def test_two_parts_of_one_name_are_refused() -> None:
    out = io.BytesIO(city().bundle(WHOLE))
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(out, "a") as archive,
    ):
        archive.writestr("checkpoint", b"another")
    assert refusal(out.getvalue()).code == "not-a-bundle"


def test_what_unpacks_to_far_more_than_it_is_is_refused() -> None:
    parts = parts_of(city().bundle(WHOLE))
    bomb = packed(parts | {"claims.json": b"{" + b" " * 1_000_000 + b"}"})
    found = refusal(bomb)
    assert found.code == "too-large"
    assert RATIO_LIMIT < 1_000


@pytest.mark.parametrize("part", ["checkpoint", "hints.bin", "seals.json", EVENTS, MANIFEST])
def test_a_part_that_is_not_there_is_missed(part: str) -> None:
    parts = parts_of(city().bundle(WHOLE))
    del parts[part]
    if part == MANIFEST:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, raw in parts.items():
                archive.writestr(name, raw)
        assert refusal(out.getvalue()).code == "part-missing"
    else:
        assert refusal(packed(parts)).code in ("part-missing", "positions")


def test_equal_contents_are_equal_files() -> None:
    assert city().bundle(person("p1")) == city().bundle(person("p1"))


def test_events_go_on_in_further_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.log.bundle.PART_BYTES", 2_000)
    log = city()
    raw = log.bundle(WHOLE)
    assert len([n for n in parts_of(raw) if n.startswith("events/")]) > 5
    assert check(raw, trust()).events == log.size()
    assert PART_BYTES > 2_000


def test_a_part_that_does_not_belong_is_refused() -> None:
    parts = parts_of(city().bundle(WHOLE))
    for name in ("notes.txt", "events/x.ndjson", "catalog/../x", "schemas/", "other/x"):
        assert refusal(packed(parts | {name: b"x"})).code == "part-unknown"


AMISS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=3),
    st.lists(st.integers(), max_size=2),
)


@settings(max_examples=200)
@given(
    name=st.sampled_from(
        ["PaymentSettled", "OverpaymentFound", "OverpaymentCancelled", "DeviceFitted", SEALED]
    ),
    data=st.dictionaries(
        st.sampled_from(
            [
                "amount_fen",
                "offset_fen",
                "owed_fen",
                "refund_fen",
                "value_fen",
                "fund",
                "program",
                "period",
                "position",
                "index",
                "views",
            ]
        ),
        AMISS,
    ),
    subject=AMISS,
)
def test_an_operator_who_signs_nonsense_is_refused_in_words(
    name: str, data: dict[str, object], subject: object
) -> None:
    event = {
        "data": data,
        "division": "220202",
        "effective": "2017-01-01",
        "id": "x/1",
        "subject": subject,
        "time": "2017-01-01T00:00:00.000000Z",
        "type": f"benefits.{name}.v1",
    }
    raw = json.dumps(event, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    log = MemoryLog([*city().records[:3], (3, raw)])
    parts = parts_of(log.bundle(Scope("year", "2017")) if name != SEALED else _bare(log))
    code, said = "", []
    try:
        said = lines(check(packed(parts), trust()), "both")
    except Refused as refused:
        code = refused.code
    assert said or code in ("event-malformed", "seal-wrong", "out-of-scope")


def _bare(log: MemoryLog) -> bytes:
    """All of a log whose last event says it is a seal, as a writer that reads nothing of it."""
    parts = parts_of(MemoryLog(log.records[:3]).bundle(WHOLE))
    told = [raw for _, raw in log.records]
    parts[EVENTS] = b"".join(raw + b"\n" for raw in told)
    parts["hints.bin"] = b"".join(leaf_hash(raw)[:HINT_BYTES] for raw in told)
    parts["positions.json"] = b"[[0,4]]"
    parts["checkpoint"] = log.checkpoint()
    return packed(parts, size=4)


# --- who signed, and what was kept


def test_a_head_without_the_cosignature_asked_for_is_refused() -> None:
    log = city()
    alone = log.bundle(WHOLE, checkpoint=log.checkpoint(None, OPERATOR))
    assert refusal(alone).code == "not-final"
    assert check(alone, trust(cosigned=False)).final is None
    assert refusal(log.bundle(WHOLE, checkpoint=log.checkpoint(None, INSPECTION))).code == "note"


def test_a_checkpoint_of_another_log_is_not_written_into_a_bundle() -> None:
    log, other = city(), MemoryLog(history().person("p7").person("p8").records)
    with pytest.raises(BundleForeign):
        log.bundle(WHOLE, checkpoint=other.checkpoint())
    with pytest.raises(BundleForeign):
        log.bundle(WHOLE, earlier=[other.checkpoint()])
    with pytest.raises(BundleForeign):
        log.bundle(WHOLE, checkpoint=log.checkpoint(10), earlier=[log.checkpoint(11)])
    with pytest.raises(NotFound):
        log.bundle(Scope("year", "1999"))


def test_without_a_proof_from_the_head_that_was_kept_nothing_is_said() -> None:
    log, year = city(), Scope("year", "2017")
    assert refusal(log.bundle(year), retained=log.checkpoint(20)).code == "no-consistency"


def test_the_whole_log_needs_no_proof_from_the_head_that_was_kept() -> None:
    log = city()
    for size in (1, 20, log.size()):
        assert check(log.bundle(WHOLE), trust(retained=log.checkpoint(size))).retained == size
    told = [raw for _, raw in log.records[:30]]
    other = MemoryLog(list(enumerate([*told[1:4], *told[:1], *told[4:]])))
    assert refusal(other.bundle(WHOLE), retained=log.checkpoint(3)).code == "inconsistent"


def test_without_a_key_of_the_log_nothing_is_checked() -> None:
    with pytest.raises(Refused, match="no-log-key"):
        check(city().bundle(WHOLE), bundles.Trust(()))


# --- the command


def run(tmp_path: Path, raw: bytes | None, *more: str) -> tuple[int, str]:
    file = tmp_path / "x.zip"
    if raw is not None:
        file.write_bytes(raw)
    out = io.StringIO()
    given = command._parser("x").parse_args([str(file), *more])
    status = command.run(
        given.bundle,
        keys=given.key,
        policy=given.policy,
        checkpoint=given.checkpoint,
        lang=given.lang,
        as_json=given.format == "json",
        out=out,
    )
    return status, out.getvalue()


KEY = ("--key", str(OPERATOR.verifier))


def test_statuses_and_both_languages(tmp_path: Path) -> None:
    log = city()
    raw = log.bundle(person("p1", "h1"), earlier=[log.checkpoint(20)])
    kept = tmp_path / "kept"
    kept.write_bytes(log.checkpoint(20))
    status, said = run(tmp_path, raw, *KEY, "--checkpoint", str(kept))
    assert status == 0
    assert "查验通过" in said
    assert "VERIFIED" in said
    status, said = run(tmp_path, raw[:-30], *KEY)
    assert status == 1
    assert "查验不通过" in said
    assert "NOT VERIFIED" in said
    witness = ("--key", str(INSPECTION.verifier))
    status, said = run(tmp_path, raw, *KEY, *witness, "--format", "json")
    assert status == 0
    made = json.loads(said)
    assert made["verified"] is True
    assert made["final"] is True
    assert made["cautions"][0]["code"] == "no-retained"


def test_what_cannot_be_checked_has_a_status_of_its_own(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    good = city().bundle(WHOLE)
    assert run(tmp_path, None, *KEY)[0] == 2
    assert run(tmp_path, good)[0] == 2
    assert run(tmp_path, good, "--key", "not+a+key")[0] == 2
    assert run(tmp_path, good, *KEY, "--checkpoint", str(empty))[0] == 2
    assert run(tmp_path, good, *KEY, "--policy", str(tmp_path / "none"))[0] == 2
    policy = tmp_path / "policy"
    policy.write_text(Policy(1, (INSPECTION.verifier,), (OPERATOR.verifier,)).text())
    assert run(tmp_path, good, "--policy", str(policy))[0] == 0
    witness = ("--key", str(INSPECTION.verifier))
    assert run(tmp_path, good, *witness, "--policy", str(policy))[0] == 2
    assert run(tmp_path, b"", *KEY)[0] == 1


def test_every_text_is_in_both_languages() -> None:
    for texts in (MESSAGES, TEXTS):
        for zh, en in texts.values():
            assert any("\u4e00" <= c <= "\u9fff" for c in zh)
            assert en.isascii()


def test_runs_count_and_find() -> None:
    runs = Runs.of([0, 1, 2, 7, 9, 10], 11)
    assert runs.runs == ((0, 3), (7, 1), (9, 2))
    assert [runs.at(i) for i in range(len(runs))] == [0, 1, 2, 7, 9, 10]
    assert [runs.count(a, b) for a, b in ((0, 11), (2, 8), (3, 7), (8, 10))] == [6, 2, 0, 1]
    for bad in ([], [(3, 0)], [(0, 2), (1, 1)], [(0, 2), (2, 1)], [(9, 3)], [(-1, 1)]):
        with pytest.raises(Refused):
            Runs(bad, 11)
