"""What a pay run asks of the read side: the standing of every enrollment of a program.

The write side states the question; a projection answers it. Each answer carries the version of
the stream that the view saw, and the store refuses to append where the stream has moved on, so a
view that lags behind costs lines decided anew and never a wrong grant.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

import msgspec

from ledger.domain.grant import Standing
from ledger.domain.rules import Rule


class Unenrolled(msgspec.Struct, frozen=True):
    """Someone who is eligible by the facts and has no enrollment in the program."""

    beneficiary: str
    division: str


class StandingSource(Protocol):
    """Answers as of a position of the log."""

    def catch_up(self) -> int:
        """Take in everything stored so far, before a run is computed; the position reached."""
        ...

    def standings(
        self, program: str, month: str, period: str, rule: Rule, day: date
    ) -> Iterable[Standing]:
        """Every enrollment of the program, in order of its id, in the division of a day."""
        ...

    def outlived(self, program: str, rule: Rule, day: date) -> dict[str, str]:
        """Whom time alone has taken out of the rule by a day, with the reason's code: each of the
        program's beneficiaries, and perhaps persons who are none.

        Nothing is recorded when a certificate's last day or an age is passed.
        """
        ...

    def failing(self, program: str, rule: Rule, day: date) -> set[str]:
        """Beneficiaries who by the latest facts don't meet the rule on a day: whom to look at again
        before a benefit of a year or once.
        """
        ...

    def accounts(self, persons: Sequence[str]) -> dict[str, str]:
        """The account that each of these persons has by everything stored so far, if any."""
        ...

    def eligible_unenrolled(self, program: str, rule: Rule, day: date) -> Iterable[Unenrolled]:
        """Who meets the rule on a day by the latest facts, is not excluded and never applied.

        In order of their id.
        """
        ...
