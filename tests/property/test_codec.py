"""Whatever an event says within the profile, its bytes are RFC 8785; outside it there are none.

Data are generated from the event types themselves, so that a new type is held to this unasked.
"""

import json
import unicodedata
from datetime import date
from typing import Any

import hypothesis.strategies as st
import orjson
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from msgspec import inspect, structs

from ledger.codec import MAX_BYTES, PLAIN, decode, encode, recorded, restamped
from ledger.domain.errors import EventTooLarge, NotCanonical
from ledger.domain.events import EVENT_TYPES
from ledger.domain.events.envelope import EventData
from ledger.domain.events.fund import FundsAppropriated
from ledger.domain.events.payrun import PayRunIssued

LIMIT = 2**53 - 1
WITH_AMOUNT = [
    cls
    for cls in EVENT_TYPES.values()
    if any(f.name == "amount_fen" and f.required for f in structs.fields(cls))
]


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30).map(nfc)
"""Any text of the profile, but for control characters: see the test of those below."""


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values of a type, within its bounds and the profile."""
    match kind:
        case inspect.Metadata():
            return values(kind.type)
        case inspect.StructType():
            return structures(kind)
        case inspect.ListType():
            return st.lists(values(kind.item_type), max_size=4)
        case inspect.DictType():
            return st.dictionaries(values(kind.key_type), values(kind.value_type), max_size=4)
        case inspect.UnionType():
            return st.one_of([values(choice) for choice in kind.types])
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.StrType():
            return texts(kind)
        case inspect.IntType():
            least = kind.ge if kind.ge is not None else -LIMIT if kind.gt is None else kind.gt + 1
            return st.integers(least, kind.le if kind.le is not None else LIMIT)
        case inspect.BoolType():
            return st.booleans()
        case inspect.DateType():
            return st.dates()
        case inspect.NoneType():
            return st.none()
    raise TypeError(f"no strategy for {kind}")


def texts(kind: inspect.StrType) -> st.SearchStrategy[str]:
    """Text of a pattern, of a fixed length, or any of the profile."""
    if kind.pattern is not None:
        return st.from_regex(kind.pattern.replace("$", r"\Z"), fullmatch=True)
    if kind.max_length is None:
        return TEXT
    return st.text("0123456789abcdef-", min_size=kind.min_length or 0, max_size=kind.max_length)


def structures(kind: inspect.StructType) -> st.SearchStrategy[Any]:
    required = {f.name: values(f.type) for f in kind.fields if f.required}
    optional = {f.name: values(f.type) for f in kind.fields if not f.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda known: kind.cls(**known))


def data_of(cls: type[EventData]) -> st.SearchStrategy[Any]:
    return values(inspect.type_info(cls))


MOMENT = "2017-03-10T02:00:00.000001Z"


def encoded(
    data: EventData, actor: str = "officer-07", *, subject: str = "subject-1", time: str = MOMENT
) -> bytes:
    raw, event = encode(
        actor=actor,
        correlationid="key-1",
        data=data,
        division="220202",
        effective=date(2017, 3, 10),
        id="stream/1",
        operator="220200",
        role="approver",
        subject=subject,
        time=time,
    )
    assert event == decode(raw)
    return raw


def appropriation(**changed: Any) -> FundsAppropriated:
    fields: dict[str, Any] = {
        "fund": "city-welfare",
        "amount_fen": 7000,
        "year": 2017,
        "document": "No. 12",
    }
    return FundsAppropriated(**(fields | changed))


@pytest.mark.parametrize("cls", EVENT_TYPES.values(), ids=lambda cls: cls.__name__)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=st.data(), actor=TEXT)
def test_bytes_are_those_of_rfc_8785(
    cls: type[EventData], drawn: st.DataObject, actor: str
) -> None:
    data = drawn.draw(data_of(cls))
    raw = encoded(data, actor)
    assert raw == rfc8785.dumps(json.loads(raw))
    assert decode(raw).data == data


@given(TEXT | st.just('","time":"2017'), st.just(',"time":"') | TEXT)
def test_another_recorded_time_changes_no_other_byte(subject: str, text: str) -> None:
    """Whatever a subject or a text looks like."""
    data, later = appropriation(document=text), "2017-03-10T02:00:01.000000Z"
    raw = encoded(data, subject=subject)
    assert recorded(raw) == MOMENT.encode()
    assert restamped(raw, later.encode()) == encoded(data, subject=subject, time=later)


@given(st.floats())
def test_a_float_is_refused(number: float) -> None:
    with pytest.raises(NotCanonical):
        encoded(appropriation(amount_fen=number))


@given(st.integers(min_value=LIMIT + 1) | st.integers(max_value=-LIMIT - 1))
def test_an_integer_that_json_readers_may_round_is_refused(number: int) -> None:
    with pytest.raises(NotCanonical):
        encoded(appropriation(year=number))


@given(TEXT, st.sampled_from("éüñÅǖ각が"), TEXT)
def test_text_that_is_not_nfc_is_refused(before: str, letter: str, after: str) -> None:
    text = before + unicodedata.normalize("NFD", letter) + after
    with pytest.raises(NotCanonical):
        encoded(appropriation(document=text))


@given(st.characters(categories=["Cs"]))
def test_half_a_surrogate_pair_is_refused(half: str) -> None:
    with pytest.raises(NotCanonical):
        encoded(appropriation(document=half))


@given(TEXT, TEXT)
def test_a_null_character_is_refused_and_its_escape_as_a_text_is_not(
    before: str, after: str
) -> None:
    """PostgreSQL keeps no U+0000 in a text: a view there could neither take it in nor park it."""
    with pytest.raises(NotCanonical):
        encoded(appropriation(document=before + "\0" + after))
    for backslashes in range(1, 5):
        text = before + "\\" * backslashes + "u0000" + after
        assert json.loads(encoded(appropriation(document=text)))["data"]["document"] == text
        with pytest.raises(NotCanonical):
            encoded(appropriation(document=before + "\\" * backslashes + "\0" + after))


@pytest.mark.parametrize("cls", WITH_AMOUNT, ids=lambda cls: cls.__name__)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=st.data(), amount=st.integers(-LIMIT, 0))
def test_an_amount_of_nothing_or_less_is_refused(
    cls: type[EventData], drawn: st.DataObject, amount: int
) -> None:
    data = drawn.draw(data_of(cls))
    with pytest.raises(NotCanonical):
        encoded(structs.replace(data, amount_fen=amount))


@given(st.integers(min_value=1, max_value=5000))
def test_one_byte_too_many_is_refused(excess: int) -> None:
    room = MAX_BYTES - len(encoded(appropriation(document="")))
    assert len(encoded(appropriation(document="x" * room))) == MAX_BYTES
    with pytest.raises(EventTooLarge):
        encoded(appropriation(document="x" * (room + excess)))


def issued(**by_division: int) -> PayRunIssued:
    return PayRunIssued(
        program="living-subsidy",
        month="2017-03",
        count=1,
        total_fen=7000,
        by_division=by_division,
        fund="city-welfare",
        lines="0" * 64,
    )


@given(st.text(st.characters(min_codepoint=0x80, exclude_categories=["Cs"]), min_size=1).map(nfc))
def test_a_key_outside_ascii_is_refused(key: str) -> None:
    with pytest.raises(NotCanonical):
        encoded(issued(**{key: 7000}))


def test_a_combining_mark_after_a_control_character_is_nfc_and_accepted() -> None:
    text = "first line\n\u0301"
    assert unicodedata.is_normalized("NFC", text)
    assert json.loads(encoded(appropriation(document=text)))["data"]["document"] == text


def test_what_is_taken_for_nfc_at_a_glance_neither_decomposes_nor_composes() -> None:
    plain = {c for c in map(chr, range(0x110000)) if PLAIN.fullmatch(c)}
    assert "残" in plain
    assert "（" in plain
    assert not [c for c in plain if unicodedata.combining(c)]
    assert not [c for c in plain if unicodedata.normalize("NFD", c) != c]
    canonical = (unicodedata.normalize("NFD", chr(c)) for c in range(0x110000))
    assert not plain & {c for text in canonical if len(text) > 1 for c in text[1:]}


def test_orjson_and_rfc_8785_differ_where_the_profile_forbids() -> None:
    """Why keys are ASCII: beyond it RFC 8785 sorts UTF-16 units, orjson code points."""
    beyond = {"\ufb01": 1, "\U0001f600": 2}
    assert orjson.dumps(beyond, option=orjson.OPT_SORT_KEYS) != rfc8785.dumps(beyond)
