"""The schema files are what the event types say, and every event is valid by its own."""

import hashlib
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from ledger.codec import TYPE_OF
from ledger.domain.events import EVENT_TYPES
from ops import schema_files
from schemas import compatibility, registry
from tests.golden.make import GOLDEN

ROOT = compatibility.ROOT
EVENTS = [json.loads(line) for line in GOLDEN.read_bytes().splitlines()]


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=FormatChecker())


def schema_of(event: dict[str, Any]) -> dict[str, Any]:
    _, name, version = event["type"].split(".")
    return registry.schema(name, int(version[1:]))


# --- the files and the event types


@pytest.mark.parametrize("key", schema_files.generate(), ids=lambda key: f"{key[0]}.v{key[1]}")
def test_the_file_is_what_the_event_type_says(key: tuple[str, int]) -> None:
    name, version = key
    written = (ROOT / "events" / f"{name}.v{version}.json").read_bytes()
    assert schema_files.generate()[key] == written, "run python -m ops.schema_files"


def test_every_event_type_has_a_schema_and_every_schema_an_event_type() -> None:
    assert registry.names() == sorted(EVENT_TYPES)


def test_the_catalog_is_current() -> None:
    written = schema_files.DOCS.read_text(encoding="utf-8")
    assert schema_files.catalog(schema_files.current()) == written, (
        "run python -m ops.schema_files --docs"
    )


def test_the_gate_passes() -> None:
    assert compatibility.problems() == []


@pytest.mark.parametrize("name", [*EVENT_TYPES, "envelope"])
def test_a_schema_is_valid_by_its_dialect(name: str) -> None:
    document = registry.envelope() if name == "envelope" else registry.schema(name, 1)
    Draft202012Validator.check_schema(document)
    assert document["$id"] == f"urn:benefits-ledger:schema:{name}:v1"
    assert document["additionalProperties"] is False


def test_the_codec_names_schemas_that_exist() -> None:
    named = {registry.schema(name, 1)["$id"] for name in registry.names()}
    assert {schema_of({"type": kind})["$id"] for kind in TYPE_OF.values()} == named


# --- the registry


def test_the_registry_knows_versions_and_digests() -> None:
    raw = (ROOT / "events" / "SubsidyGranted.v1.json").read_bytes()
    assert registry.versions("SubsidyGranted") == [1]
    assert registry.digest("SubsidyGranted", 1) == hashlib.sha256(raw).hexdigest()
    assert registry.schema("SubsidyGranted", 1) == json.loads(raw)


def test_the_registry_refuses_what_does_not_exist() -> None:
    assert registry.versions("NoSuchEvent") == []
    with pytest.raises(KeyError):
        registry.schema("SubsidyGranted", 99)
    with pytest.raises(KeyError):
        registry.envelope(99)


# --- events and their schemas


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["correlationid"])
def test_a_golden_event_is_valid(event: dict[str, Any]) -> None:
    validator(registry.envelope()).validate(event)
    schema = schema_of(event)
    assert event["dataschema"] == schema["$id"]
    validator(schema).validate(event["data"])


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["correlationid"])
def test_nothing_may_be_added_or_left_out(event: dict[str, Any]) -> None:
    check = validator(schema_of(event))
    assert not check.is_valid(event["data"] | {"unheard_of": 1})
    for name in check.schema["required"]:
        assert not check.is_valid({k: v for k, v in event["data"].items() if k != name}), name


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("id", "no-version"),
        ("id", "stream/0"),
        ("time", "2017-03-10T02:00:00Z"),
        ("time", "2017-03-10T10:00:00.000000+08:00"),
        ("type", "benefits.subsidyGranted.v1"),
        ("type", "benefits.SubsidyGranted"),
        ("division", "2202"),
        ("source", "urn:benefits-ledger:"),
        ("effective", "2017-02-30"),
        ("specversion", "0.3"),
        ("subject", ""),
        ("data", {"amount_fen": 70.5}),
        ("data", {"year": 2**53}),
        ("data", {"钥": 1}),
        ("causationid", None),
    ],
)
def test_the_envelope_refuses(attribute: str, value: Any) -> None:
    assert not validator(registry.envelope()).is_valid(EVENTS[0] | {attribute: value})
