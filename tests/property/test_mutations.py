"""Whatever is done to a bundle or a note, nothing false is accepted, and nothing true refused.

The matrix of at least 10,000 cases: flip, delete, insert, swap, duplicate, truncate, at the level
of the file, of its parts, of its events, of the log itself and of the signed note; a fork, another
key, a stale head, and the operator signing what it rewrote. An accepted bundle must prove exactly
what the untouched one proves; a refusal must be a :class:`Refused`, whatever the bytes.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given, settings

from ledger.codec import type_name
from ledger.verify import ed25519
from ledger.verify.bundle import Verified, opened
from ledger.verify.container import MANIFEST
from ledger.verify.history import parsed
from ledger.verify.merkle import leaf_hash
from ledger.verify.refusal import Refused
from ledger.verify.report import cautions
from ledger.verify.scope import SEAL
from ledger.verify.subset import HINT_BYTES
from tests.any_history import any_history
from tests.bundles import (
    INSPECTION,
    OPERATOR,
    STRANGE_WITNESS,
    STRANGER,
    WHOLE,
    MemoryLog,
    Scope,
    check,
    city,
    note,
    packed,
    parts_of,
    person,
    sealed,
    trust,
)

FILES, PARTS, EVENTS, FORKS, NOTES = 3_500, 3_000, 2_600, 600, 500
"""How many cases of each level: 10,200."""

HELD = 20
"""The size of the head that the inspector kept."""
UNSEALED = 33
"""Events before the seal, which a forger could make true of any history."""
SCOPES = {
    "person": person("p1", "h1"),
    "absent": person("p9"),
    "all": WHOLE,
    "year": Scope("year", "2017"),
    "division": Scope("division", "220202"),
}
EVENTS_PART = "events/00000.ndjson"
KINDS = st.sampled_from(sorted(SCOPES))
PLACE = st.integers(0, 2**20)
OPERATIONS = ("flip", "delete", "insert", "swap", "duplicate", "truncate")
T = TypeVar("T")


@pytest.fixture(scope="module", autouse=True)
def _each_signature_once() -> Iterator[None]:
    """Most cases leave the notes as they are, and whether a signature is right depends on nothing
    but key, message and signature: the answer is kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ed25519, "verifies", cache(ed25519.verifies))
        yield


@cache
def log() -> MemoryLog:
    return city()


@cache
def held() -> bytes:
    return log().checkpoint(HELD)


@cache
def bundle(kind: str) -> bytes:
    earlier = [held()]
    claims = {"disbursed_fen": {"2017": {"living-subsidy": 42_000}}}
    mine = {"balances": {}} if kind == "absent" else {"balances": {"p1": P1}}
    person_asked = SCOPES[kind].kind == "person"
    return log().bundle(SCOPES[kind], earlier=earlier, claims=mine if person_asked else claims)


P1 = {"living-subsidy": {"granted_fen": 21_000, "settled_fen": 21_000}}


@cache
def proven(kind: str) -> dict[str, Any]:
    return what(check(bundle(kind), trust(retained=held())))


def what(found: Verified) -> dict[str, Any]:
    """All that a verification found."""
    fields = {name: getattr(found, name) for name in found.__slots__}
    sums = fields.pop("sums")
    return fields | {"balances": sums.balances, "disbursed": sums.disbursed}


def mutated(
    items: list[T], operation: str, a: int, b: int, other: Callable[[T, int], T]
) -> list[T]:
    """The items after one operation at places that ``a`` and ``b`` choose."""
    at, to = a % len(items), b % len(items)
    match operation:
        case "flip":
            return [*items[:at], other(items[at], b), *items[at + 1 :]]
        case "delete":
            return items[:at] + items[at + 1 :]
        case "insert":
            return [*items[:at], other(items[to], a), *items[at:]]
        case "swap":
            swapped = list(items)
            swapped[at], swapped[to] = items[to], items[at]
            return swapped
        case "duplicate":
            return [*items[:at], items[to], *items[at:]]
        case _:
            return items[:at]


def other_byte(byte: int, bit: int) -> int:
    return byte ^ (1 << bit % 8)


def mutated_bytes(raw: bytes, operation: str, a: int, b: int) -> bytes:
    return bytes(mutated(list(raw), operation, a, b, other_byte)) if raw else b"\0"


def accepted_only_if_true(raw: bytes, kind: str) -> None:
    """It is refused, or it proves what the untouched one does.

    Of a year or a division, whose completeness nothing proves, it may prove less, and says so.
    """
    try:
        found = check(raw, trust(retained=held()))
    except Refused:
        return
    if found.events < proven(kind)["events"] and kind in ("year", "division"):
        parts = parts_of(raw)
        runs = json.loads(parts["positions.json"])
        positions = [p for first, count in runs for p in range(first, first + count)]
        events = zip(positions, parts[EVENTS_PART].splitlines(), strict=True)
        assert all(log().records[position] == (position, event) for position, event in events)
        assert "not-complete" in {key for key, _ in cautions(found)}
        return
    assert what(found) == proven(kind)


@pytest.mark.parametrize("kind", sorted(SCOPES))
def test_an_untouched_bundle_is_accepted(kind: str) -> None:
    found = proven(kind)
    assert found["retained"] == HELD
    assert found["history"] == (HELD,)
    assert found["final"] is True
    assert found["claims"] == (1 if kind in ("all", "year", "division") else 2 * (kind == "person"))
    assert what(check(packed(parts_of(bundle(kind))), trust(retained=held()))) == found


@settings(max_examples=FILES)
@given(kind=KINDS, operation=st.sampled_from(OPERATIONS), a=PLACE, b=PLACE)
def test_the_file(kind: str, operation: str, a: int, b: int) -> None:
    raw = mutated_bytes(bundle(kind), operation, a, b)
    assume(raw != bundle(kind))
    accepted_only_if_true(raw, kind)


@settings(max_examples=PARTS)
@given(kind=KINDS, part=PLACE, operation=st.sampled_from(OPERATIONS), a=PLACE, b=PLACE)
def test_a_part_with_a_manifest_that_fits(
    kind: str, part: int, operation: str, a: int, b: int
) -> None:
    parts = parts_of(bundle(kind))
    names = [name for name in parts if not name.startswith("catalog/")]
    name = names[part % len(names)]
    raw = mutated_bytes(parts[name], operation, a, b)
    assume(raw != parts[name])
    if name == MANIFEST:
        try:
            json.loads(raw)["parts"]
        except (ValueError, KeyError, TypeError):
            assume(False)  # nothing to make fit: the file level has these
    accepted_only_if_true(packed(parts | {name: raw}), kind)


def other_event(raw: bytes, bit: int) -> bytes:
    """The event with another digit somewhere, or with one bit of anything flipped."""
    return other_digit(raw, bit) if bit % 3 else mutated_bytes(raw, "flip", bit, bit // 7)


def other_digit(raw: bytes, which: int) -> bytes:
    """Another event of the right form: an amount, a date or a number is another one."""
    digits = [i for i, byte in enumerate(raw) if byte in b"123456789"]
    at = digits[which % len(digits)]
    return raw[:at] + bytes([ord("0") + (raw[at] - ord("0")) % 9 + 1]) + raw[at + 1 :]


@settings(max_examples=EVENTS)
@given(kind=KINDS, operation=st.sampled_from(OPERATIONS), fit=st.booleans(), a=PLACE, b=PLACE)
def test_events_with_everything_else_made_to_fit(
    kind: str, operation: str, fit: bool, a: int, b: int
) -> None:
    parts = parts_of(bundle(kind))
    told = parts[EVENTS_PART].splitlines()
    events = mutated(told, operation, a, b, other_event)
    assume(events != told)
    parts[EVENTS_PART] = b"".join(raw + b"\n" for raw in events)
    if fit:
        parts["hints.bin"] = b"".join(leaf_hash(raw)[:HINT_BYTES] for raw in events)
        runs = json.loads(parts["positions.json"])
        runs[-1][1] += len(events) - sum(count for _, count in runs)
        parts["positions.json"] = json.dumps(runs).encode()
    accepted_only_if_true(packed(parts), kind)


@settings(max_examples=FORKS)
@given(
    whole=st.booleans(),
    operation=st.sampled_from(OPERATIONS),
    size=st.integers(1, UNSEALED),
    how=st.sampled_from(["resigned", "stranger", "borrowed", "strange-witness"]),
    at=st.tuples(PLACE, PLACE),
)
def test_a_rewritten_log(
    whole: bool, operation: str, size: int, how: str, at: tuple[int, int]
) -> None:
    """The operator tells another history and signs it; the inspector keeps a head of ``size``."""
    a, b = at
    true = [raw for _, raw in log().records[:UNSEALED]]
    raws = mutated(true, operation, a, b, other_digit)
    assume(raws and raws != true)
    fork, kept = MemoryLog(list(enumerate(raws))), log().checkpoint(size)
    text = note_text(fork.checkpoint())
    signed = {
        "resigned": note(text, OPERATOR),
        "stranger": note(text, STRANGER, INSPECTION),
        "borrowed": note(text, OPERATOR) + log().checkpoint().splitlines(keepends=True)[-1],
        "strange-witness": note(text, OPERATOR, STRANGE_WITNESS),
    }[how]
    scope = WHOLE if whole else Scope("division", "220000")
    parts = parts_of(fork.bundle(scope, checkpoint=signed))
    if size < fork.size() and (
        not whole or a % 2
    ):  # the proof that a fork can give for the head that was kept
        proof = [h.hex() for h in fork.tree().consistency_proof(size)]
        parts["history.json"] = json.dumps([{"note": kept.decode(), "proof": proof}]).encode()
    same_until = next(
        (i for i, (x, y) in enumerate(zip(raws, true, strict=False)) if x != y),
        min(len(raws), UNSEALED),
    )
    with pytest.raises(Refused):
        check(packed(parts), trust(retained=kept))
    if same_until < size or size > fork.size():
        with pytest.raises(Refused) as refused:
            check(packed(parts), trust(retained=kept, cosigned=False))
        assert refused.value.code in ("inconsistent", "stale", "no-consistency")


def note_text(signed: bytes) -> bytes:
    return parsed(signed).text()


@settings(max_examples=NOTES)
@given(operation=st.sampled_from(OPERATIONS), a=PLACE, b=PLACE)
def test_a_note(operation: str, a: int, b: int) -> None:
    raw = mutated_bytes(held(), operation, a, b)
    assume(raw != held())
    try:
        found = opened(raw, trust())
    except Refused:
        return
    assert found.checkpoint == parsed(held())


@settings(max_examples=40)
@given(a=PLACE)
def test_without_a_kept_head_collusion_is_not_excluded(a: int) -> None:
    """A log rewritten and signed by its operator is accepted, and the report says what that is."""
    raws = [raw for _, raw in log().records[:30]]
    raws = mutated(raws, "delete", a, a, other_event)
    fork = MemoryLog(list(enumerate(raws)))
    raw = fork.bundle(WHOLE, checkpoint=fork.checkpoint(None, OPERATOR))
    found = check(raw, trust(cosigned=False))
    assert {"no-retained", "no-policy"} <= {key for key, _ in cautions(found)}
    with pytest.raises(Refused):
        check(raw, trust())


@settings(max_examples=60)
@given(size=st.integers(1, 36), kept=st.integers(1, 37))
def test_a_stale_head(size: int, kept: int) -> None:
    """A bundle that ends before the head that was kept is refused; any later one is not."""
    earlier = [log().checkpoint(kept)] if kept < size and size % 2 else []
    raw = log().bundle(WHOLE, checkpoint=log().checkpoint(size), earlier=earlier)
    trusted = trust(retained=log().checkpoint(kept))
    if kept <= size:
        assert check(raw, trusted).retained == kept
        return
    with pytest.raises(Refused) as refused:
        check(raw, trusted)
    assert refused.value.code == "stale"


@settings(max_examples=40)
@given(told=any_history(), place=PLACE)
def test_no_false_alarm(told: Any, place: int) -> None:
    """Any history's bundles are accepted, with the head of any size kept."""
    said = [raw for _, raw in told.records if type_name(raw) != SEAL.encode()]  # random seals lie
    if not said:
        return
    told.records = list(enumerate(said))
    mine = MemoryLog(sealed(told, "2017-12").records)
    size = place % mine.size() + 1
    kept = mine.checkpoint(size)
    earlier = [kept] if size < mine.size() else []
    subject = json.loads(mine.records[place % (mine.size() - 1)][1])["subject"]
    for scope in (WHOLE, person(subject, "nobody")):
        found = check(mine.bundle(scope, earlier=earlier), trust(retained=kept))
        assert found.retained == size
        assert [c.events > 0 for c in found.completed] == [True, False] * (scope is not WHOLE)
