"""Randomness and clock, passed in: the system's for real use, seeded ones for a simulated city.

With a seed, what is drawn depends on the seed and the purpose alone, not on how often or in which
order anything was drawn before; so a simulation that was killed continues with the same bytes.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

Clock = Callable[[], datetime]
"""The present moment, with a time zone."""


class Randomness(Protocol):
    """Draws bytes. A purpose is used once: the same purpose may yield the same bytes."""

    def draw(self, size: int, purpose: str) -> bytes: ...


class SystemRandomness:
    """The operating system's, for everything but simulations."""

    def draw(self, size: int, purpose: str) -> bytes:
        return secrets.token_bytes(size)


class SeededRandomness:
    """Reproducible bytes from a seed: HMAC-SHA256 over the purpose, never for real people."""

    def __init__(self, seed: int) -> None:
        self._key = hashlib.sha256(f"benefits-ledger simulation {seed}".encode()).digest()

    def draw(self, size: int, purpose: str) -> bytes:
        found = hmac.digest(self._key, purpose.encode(), "sha256")
        if size > len(found):
            raise ValueError(f"at most {len(found)} bytes at once")
        return found[:size]


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """UTC with six decimals and ``Z``: fixed width, so text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
