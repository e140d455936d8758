"""Writes the golden events: ``python -m tests.golden.make``, by hand, never by a test.

For every event type a full example (optional fields filled in) and, where it differs, a minimal
one (optional fields absent, the first kind of value wherever several are allowed). Values are fixed
by the field's name and type, the same on every run, and stand for nobody. While the schemas are a
draft the file is written anew; afterwards a line, once written, stays for ever and only types that
have none are added.
"""

import base64
import hashlib
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import inspect

from ledger.codec import encode, type_name
from ledger.domain.events import EVENT_TYPES
from ledger.domain.events.envelope import EventData
from schemas import compatibility

GOLDEN = Path(__file__).parent / "events.v1.ndjson"
_START = datetime(2017, 1, 3, 1, 30, 0, 4, tzinfo=UTC)

TEXTS = {
    "account": "account-0123456789abcdef",
    "bank": "示例银行吉林市分行",
    "cause": "因残致贫",
    "channel": "window",
    "device_class": "12 22 03",
    "document": "吉市残联发〔2017〕12号",
    "documents": "申请表",
    "donor": "示例慈善会",
    "earmark": "cp-wheelchair",
    "employer": "示例福利厂",
    "en": "as the rule of 2016 says",
    "fact": "low_income",
    "fields": "phone",
    "from_division": "220202",
    "fund": "city-welfare",
    "hospital": "示例医院",
    "item": "wheelchair",
    "name": "示例合作社",
    "outcome": "答复申请人",
    "payee": "beneficiary",
    "period": "2017-03",
    "place": "社区公示栏",
    "program": "living-subsidy",
    "reason": "经复核确认",
    "receipt": "R-2017-000123",
    "relation": "spouse",
    "serial": "SN-000042",
    "title": "示例活动",
    "to_division": "220211",
    "topic": "补贴发放",
    "unit": "person",
    "zh": "依照2016年的规定",
}
"""Values of text fields by name; others are made from the name itself."""

STREAMS = {"person", "household", "enrollment", "payrun", "case", "activity"}
PERSONS = {"head", "members", "into", "key", "signer", "kin"}
NUMBERS = {"year": 2017, "birth_year": 1960, "amount_fen": 7000, "income_fen": 420_000}


def stream_id(name: str) -> str:
    """A made-up stream id, the same for the same name."""
    return f"{name}-{uuid.uuid5(uuid.NAMESPACE_URL, f'urn:benefits-ledger:golden:{name}').hex}"


def example(kind: inspect.Type, name: str, full: bool) -> Any:
    """A value of the type for a field of this name."""
    match kind:
        case inspect.Metadata():
            return example(kind.type, name, full)
        case inspect.StructType():
            return kind.cls(
                **{
                    field.name: example(field.type, field.name, full)
                    for field in kind.fields
                    if full or field.required
                }
            )
        case inspect.ListType():
            return [example(choice, name, full) for choice in _choices(kind.item_type, full)]
        case inspect.DictType():
            choices = _choices(kind.value_type, full)
            keys = _keys(kind.key_type, name)
            return {key: example(c, name, full) for key, c in zip(keys, choices, strict=False)}
        case inspect.UnionType():
            return example(_choices(kind, full)[-1 if full else 0], name, full)
        case _:
            return _scalar(kind, name, full)


def _choices(kind: inspect.Type, full: bool) -> list[inspect.Type]:
    """The kinds of value that a type allows, None last; the first alone when not full."""
    if not isinstance(kind, inspect.UnionType):
        return [kind]
    some = [choice for choice in kind.types if not isinstance(choice, inspect.NoneType)]
    return some if full else some[:1]


def _keys(kind: inspect.Type, name: str) -> tuple[Any, ...]:
    """Keys of an example mapping: those the type lists, or one that its pattern allows."""
    if isinstance(kind, inspect.LiteralType):
        return kind.values
    return ("220202",) if name == "by_division" else ("moved-on",)


def _scalar(kind: inspect.Type, name: str, full: bool) -> Any:
    match kind:
        case inspect.StrType():
            return _text(kind, name)
        case inspect.IntType():
            low = kind.ge if kind.ge is not None else 1
            high = kind.le if kind.le is not None else 3
            return NUMBERS.get(name, max(low, min(3, high)))
        case inspect.BoolType():
            return full
        case inspect.DateType():
            return date(2017, 3, 17 if name.endswith("until") else 10)
        case inspect.LiteralType():
            return kind.values[-1 if full else 0]
        case _:
            raise TypeError(f"no example for {name}: {kind}")


def _text(kind: inspect.StrType, name: str) -> str:
    if kind.max_length == 7:
        return "2017-03"
    if kind.max_length == 64:
        return hashlib.sha256(name.encode()).hexdigest()
    if name in PERSONS or name in STREAMS:
        return stream_id("person" if name in PERSONS else name)
    if name == "commitment":
        return stream_id("payrun")
    if name in ("grant", "overpayment"):
        return f"{stream_id('enrollment')}/5"
    if name == "box":
        return base64.b64encode(hashlib.sha512(b"nothing is sealed here").digest()).decode()
    return TEXTS.get(name, f"{name.replace('_', '-')}-1")


def examples(cls: type[EventData]) -> list[EventData]:
    """The full example and, where it differs, the minimal one."""
    kind = inspect.type_info(cls)
    full, minimal = example(kind, cls.__name__, True), example(kind, cls.__name__, False)
    return [full] if full == minimal else [full, minimal]


def lines() -> Iterator[bytes]:
    """The canonical bytes of every example, in the order of declaration."""
    number = 0
    for cls in EVENT_TYPES.values():
        stream = cls.__module__.rpartition(".")[2]
        for data in examples(cls):
            number += 1
            raw, _ = encode(
                actor="officer-07",
                causationid=f"{stream_id(stream)}/{number}" if number % 2 else None,
                correlationid=f"golden-{number:03}",
                data=data,
                division="220202",
                effective=date(2017, 3, 10),
                id=f"{stream_id(stream)}/{number + 1}",
                operator="220200",
                role="approver",
                subject=stream_id("household" if stream == "household" else "person"),
                time=f"{_START + timedelta(hours=number):%Y-%m-%dT%H:%M:%S.%fZ}",
            )
            yield raw


def main() -> None:
    """Write the file, keeping released lines."""
    kept: list[bytes] = []
    if GOLDEN.exists() and not compatibility.is_draft():
        kept = GOLDEN.read_bytes().splitlines()
    known = {type_name(line) for line in kept}
    added = [line for line in lines() if type_name(line) not in known]
    GOLDEN.write_bytes(b"".join(line + b"\n" for line in kept + added))


if __name__ == "__main__":
    main()
