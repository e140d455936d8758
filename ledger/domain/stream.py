"""Streams: what kinds there are, and how their ids are derived from what must be unique.

An id is the kind and 32 hexadecimal digits. Where uniqueness matters the digits are a UUIDv5 of
what must be unique (a person in a program; a program, month and batch), so that a second attempt
meets the first one's stream instead of having to be looked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha1
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from ledger.domain.events.envelope import Event, EventData

_NAMESPACE = UUID("6d2f7a86-4c53-5b0e-9a51-b8a4b5a0c7d1")


class State(Protocol):
    """What a decider knows of one stream: its id, its version (0: it does not exist yet)."""

    id: str
    version: int


S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class StreamKind(Generic[S]):
    """A kind of stream: its name, how its state begins, how an event changes it."""

    name: str
    new: Callable[[str], S]
    evolve: Callable[[S, Event[Any]], None]


def folding(
    folds: Mapping[type[EventData], Callable[[S, Event[Any]], None]],
) -> Callable[[S, Event[Any]], None]:
    """How a state changes whose folds are by type of event; another event leaves it as it is."""

    def evolve(state: S, event: Event[Any]) -> None:
        fold = folds.get(type(event.data))
        if fold is not None:
            fold(state, event)

    return evolve


def derived_id(kind: str, *parts: str) -> str:
    """``kind-`` and the digits of the UUIDv5 (RFC 9562, section 5.5) over the parts.

    Spelled out rather than through the uuid module, whose objects cost more than the hash: a
    changed fact asks for several ids.
    """
    name = "\x1f".join((kind, *parts)).encode()
    digits = bytearray(sha1(_NAMESPACE.bytes + name, usedforsecurity=False).digest()[:16])
    digits[6] = digits[6] & 0x0F | 0x50
    digits[8] = digits[8] & 0x3F | 0x80
    return f"{kind}-{digits.hex()}"


def enrollment_id(beneficiary: str, program: str) -> str:
    """The one enrollment of a beneficiary (person, household, organization) in a program."""
    return derived_id("enrollment", beneficiary, program)


@lru_cache(maxsize=1024)
def program_id(code: str) -> str:
    """The program's stream."""
    return derived_id("program", code)


@lru_cache(maxsize=1024)
def fund_id(code: str) -> str:
    """The fund's stream."""
    return derived_id("fund", code)


def payrun_id(program: str, month: str, batch: int) -> str:
    """The run of a program for a month; ``batch`` numbers repeated and supplementary runs."""
    return derived_id("payrun", program, month, str(batch))
