"""The checks' parameters: dated values with what each rests on, as data beside the code.

A threshold that changes gets a further entry with its first day; which one holds is asked by date.
``source`` says how well a value is known, as for rules: ``assumed`` ones are ours.
"""

import tomllib
from datetime import date
from importlib.resources import files
from typing import Any

import msgspec

from ledger.domain.rules import Source


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a check from a day on. A list holds words; a number is in the unit stated."""

    check: str
    name: str
    valid_from: date
    value: int | list[str]
    unit: str
    source: Source
    document: str
    zh: str
    en: str


class Parameters:
    """Values by check, name and day."""

    def __init__(self, entries: list[Parameter]) -> None:
        self.entries = sorted(entries, key=lambda p: (p.check, p.name, p.valid_from))

    @classmethod
    def packaged(cls) -> "Parameters":
        """Those that come with the program."""
        data = tomllib.loads((files("projections.checks") / "parameters.toml").read_text("utf-8"))
        return cls(msgspec.convert(data["parameters"], list[Parameter]))

    def number(self, check: str, name: str, day: date) -> int:
        """The number in force on a day."""
        value = self._value(check, name, day)
        assert isinstance(value, int), f"{check}.{name}"
        return value

    def words(self, check: str, name: str, day: date) -> frozenset[str]:
        """The words in force on a day."""
        value = self._value(check, name, day)
        assert isinstance(value, list), f"{check}.{name}"
        return frozenset(value)

    def of(self, check: str) -> list[Parameter]:
        """Every entry of a check."""
        return [p for p in self.entries if p.check == check]

    def _value(self, check: str, name: str, day: date) -> Any:
        """The last entry begun by the day; before all of them the first, since none is older."""
        mine = [p for p in self.entries if (p.check, p.name) == (check, name)]
        begun = [p for p in mine if p.valid_from <= day]
        return (begun[-1] if begun else mine[0]).value
