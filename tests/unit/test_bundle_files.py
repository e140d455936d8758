"""What is no bundle, lacks a part or has one too many is refused."""

import io
import json
import zipfile

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from ledger.log.bundle import PART_BYTES
from ledger.log.errors import BundleTooLarge
from ledger.verify.completeness import IndexProof, Sealed, check_absent
from ledger.verify.container import JSON_LIMITS, MANIFEST, RATIO_LIMIT, limit_of
from ledger.verify.merkle import leaf_hash
from ledger.verify.refusal import Refused
from ledger.verify.report import lines
from ledger.verify.scope import Scope
from ledger.verify.subset import HINT_BYTES
from tests.bundles import (
    EVENTS,
    SEALED,
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


@pytest.mark.parametrize(
    "part", [MANIFEST, "claims.json", "completeness.json", "history.json", "positions.json"]
)
def test_a_part_larger_than_any_log_needs_is_refused_before_it_is_unpacked(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists of nothing take thirty times their text in memory."""
    parts = parts_of(city().bundle(person("p1")))
    if part == MANIFEST:
        bomb = packed(parts, more="x" * limit_of(part))
    else:
        bomb = packed(parts | {part: parts[part] + b" " * limit_of(part)})
    monkeypatch.setattr("ledger.verify.container.RATIO_LIMIT", 10_000)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked"))
    found = refusal(bomb)
    assert (found.code, found.fields["what"]) == ("too-large", part)


def test_what_the_verifier_would_not_read_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(JSON_LIMITS, "positions.json", 10)
    with pytest.raises(BundleTooLarge):
        city().bundle(person("p1"))


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


SEAL = 34
"""Where the city's seal is."""


def test_an_event_is_as_long_as_one_may_be_and_no_longer() -> None:
    """As many bytes as tlog-tiles can write, without the newline."""
    first = city().records[0][1]
    for length, whole in ((65_535, True), (65_536, False)):
        raw = first.replace(b'"data":{', b'"data":{"":"%s",' % (b"x" * (length - len(first) - 6)))
        assert len(raw) == length
        bundle = MemoryLog([(0, raw)]).bundle(WHOLE)
        if whole:
            assert check(bundle, trust()).events == 1
        else:
            assert refusal(bundle).code == "part-malformed"


@pytest.mark.parametrize(
    ("number", "whole"),
    [
        (str(2**53 - 1), True),
        (str(1 - 2**53), True),
        (str(2**53), False),
        ("9" * 400, False),
        ("1.0", False),
        ("1e3", False),
        ("NaN", False),
        ("-Infinity", False),
    ],
)
def test_numbers_of_an_event_are_whole_and_exact_everywhere(number: str, whole: bool) -> None:
    first = city().records[0][1]
    raw = first.replace(b'"data":{', b'"data":{"":%s,' % number.encode())
    bundle = MemoryLog([(0, raw)]).bundle(WHOLE)
    if whole:
        assert check(bundle, trust()).events == 1
    else:
        assert refusal(bundle).code == "event-malformed"


@pytest.mark.parametrize("seal", [[], {}, None, float(SEAL), True, str(SEAL), SEAL + 1])
def test_a_proof_names_its_seal_by_a_position(seal: object) -> None:
    parts = parts_of(city().bundle(person("p1")))
    (proof,) = json.loads(parts["completeness.json"])
    assert proof["seal"] == SEAL
    bad = json.dumps([proof | {"seal": seal}]).encode()
    assert refusal(packed(parts | {"completeness.json": bad})).code == "no-completeness"


@pytest.mark.parametrize("subject", [b'"\\ud800"', b'"\xff"', b"1", b"[]", b'"p0'])
def test_a_leaf_of_the_index_whose_subject_is_no_text_is_refused(subject: bytes) -> None:
    """The operator committed to it, so that the proof of the leaf is right."""
    leaf = b'{"subject":' + subject + b"}"
    seal = Sealed("2017", 3, 3, 1, leaf_hash(leaf))
    with pytest.raises(Refused, match="index-leaf"):
        check_absent("p9", IndexProof(0, leaf, ()), None, seal)


TEXTS = [
    b'{"balances":{"\\ud800":1}}',
    b'{"passed_over":[{"view":"\\udfff"}]}',
    b'{"balances":{"p1":{"x":{"settled_fen":NaN}}}}',
    b'{"balances":{"p1":{"x":{"settled_fen":-Infinity}}}}',
    "{}".encode("utf-16"),
    "{}".encode("utf-32"),
    b"\xef\xbb\xbf{}",
    b'{"balances":"\xff"}',
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_part_is_json_in_utf_8_and_all_of_it_is_text(text: bytes) -> None:
    bad = changed(city().bundle(person("p1")), "claims.json", lambda _: text)
    found = refusal(bad)
    assert (found.code, found.fields["part"]) == ("part-malformed", "claims.json")
    assert found.message("en").isprintable()


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
