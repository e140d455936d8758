"""Every event version ever released still reads, to the byte.

The lines are written by ``python -m tests.golden.make``; no test writes them.
"""

import json
from typing import Any

import pytest
import rfc8785

from ledger.codec import TYPE_OF, decode, encode, type_name
from tests.golden.make import GOLDEN

LINES = GOLDEN.read_bytes().splitlines()


def label(line: bytes) -> str:
    return type_name(line).decode()


def again(line: bytes) -> bytes:
    """The line decoded and encoded once more."""
    event = decode(line)
    constant: dict[str, Any] = json.loads(line)
    raw, _ = encode(
        actor=event.actor,
        causationid=event.causationid,
        correlationid=event.correlationid,
        data=event.data,
        division=event.division,
        effective=event.effective,
        id=event.id,
        operator=constant["source"].rpartition(":")[2],
        role=event.role,
        subject=event.subject,
        time=event.time,
    )
    return raw


@pytest.mark.parametrize("line", LINES, ids=label)
def test_a_released_event_still_reads_to_the_byte(line: bytes) -> None:
    assert again(line) == line


@pytest.mark.parametrize("line", LINES, ids=label)
def test_its_bytes_are_those_of_rfc_8785(line: bytes) -> None:
    assert rfc8785.dumps(json.loads(line)) == line


def test_every_event_type_is_there() -> None:
    missing = set(TYPE_OF.values()) - {label(line) for line in LINES}
    assert not missing, f"run python -m tests.golden.make: {sorted(missing)}"


def test_ids_are_unique() -> None:
    ids = [decode(line).id for line in LINES]
    assert len(ids) == len(set(ids))
