"""What a bundle says it is about, and whether an event belongs to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.verify.refusal import Refused

KINDS = ("person", "division", "year", "all")
SEAL = "benefits.ProjectionSealed.v1"
"""Sealing events go with any bundle: completeness rests on them."""


@dataclass(frozen=True, slots=True)
class Scope:
    """``value`` is the person's id, the division's code, the year; empty for all.

    ``subjects`` are the person, the ids that it was registered under besides, and the households
    it belonged to.
    """

    kind: str
    value: str
    subjects: tuple[str, ...] = ()

    @classmethod
    def read(cls, said: object) -> "Scope":
        """From the manifest. Raises :class:`Refused`."""
        refused = Refused("part-malformed", part="manifest.json", reason="scope")
        if not isinstance(said, dict):
            raise refused
        kind, value, subjects = said.get("kind"), said.get("value"), said.get("subjects", [])
        if kind not in KINDS or not isinstance(value, str) or not isinstance(subjects, list):
            raise refused
        if not all(isinstance(s, str) for s in subjects) or len(set(subjects)) != len(subjects):
            raise refused
        if not all(s.isascii() and s.isprintable() for s in (value, *subjects)):
            raise refused
        if (kind == "all") == bool(value) or (kind == "person") != (value in subjects):
            raise refused
        return cls(kind, value, tuple(subjects))

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return {"kind": self.kind, "subjects": list(self.subjects), "value": self.value}

    def holds(self, event: Mapping[str, Any]) -> bool:
        """Whether the event is of what the bundle is about."""
        match self.kind:
            case "person":
                return event["subject"] in self.subjects
            case "division":
                return bool(event["division"].startswith(division_prefix(self.value)))
            case "year":
                return bool(event["effective"][:4] == self.value)
            case _:
                return True


def division_prefix(code: str) -> str:
    """What the codes of a division and all below it begin with (GB/T 2260)."""
    if code.endswith("0000"):
        return code[:2]
    return code[:4] if code.endswith("00") else code
