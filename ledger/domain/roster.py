"""What a roster says of somebody whom the ledger already knows: the same, something new, or not so.

A roster adds what the ledger has never heard of a person and repeats what it knows. What it says
otherwise is not taken in: a move, a regrade, another bank account are decisions of their own, with
their own day and document, and a list that is older than the ledger must not undo them.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ledger.domain.person import Certificate, Person


@dataclass(frozen=True, slots=True)
class Stated:
    """What a row states; None where it says nothing. ``flags`` are life facts that are yes or no.

    ``account`` is the reference of the account number, never the number itself.
    """

    division: str
    urban: bool
    certificate: Certificate | None = None
    account: str | None = None
    flags: dict[str, bool] = field(default_factory=dict)


def known(person: Person, fact: str, day: date) -> Any:
    """The fact as it held on ``day``, or first became known after it; None if it never was."""
    entries = person.history.get(fact)
    if not entries:
        return None
    found = person.on(fact, day)
    return entries[0][1] if found is None and entries[0][0] > day else found


def heard_of(person: Person, fact: str) -> bool:
    """Whether the ledger holds anything on this fact, for any day."""
    return bool(person.history.get(fact))


def differences(person: Person, stated: Stated, day: date) -> dict[str, str]:
    """Where the ledger says otherwise on ``day``: the fact, and what the ledger has.

    What the ledger has is given for facts that events carry in the clear, and is empty else.
    """
    found: dict[str, str] = {}
    division = known(person, "division", day)
    if division != stated.division:
        found["division"] = str(division or "-")
    if known(person, "urban", day) != stated.urban:
        found["urban"] = _yes_no(known(person, "urban", day))
    if stated.certificate is not None and heard_of(person, "certificate"):
        found |= _certificate(known(person, "certificate", day), stated.certificate)
    if stated.account is not None and person.account not in (None, stated.account):
        found["account"] = ""
    for flag, value in stated.flags.items():
        if heard_of(person, flag) and bool(known(person, flag, day)) != value:
            found[flag] = _yes_no(not value)
    return found


def _certificate(held: Certificate | None, stated: Certificate) -> dict[str, str]:
    """Category, grade, end and standing; an end that the roster leaves open is not compared."""
    if held is None:
        return {"status": "-"}
    found: dict[str, str] = {}
    if held.category != stated.category:
        found["category"] = str(held.category)
    if held.grade != stated.grade:
        found["grade"] = str(held.grade)
    if stated.expires_on is not None and held.expires_on != stated.expires_on:
        found["expires_on"] = held.expires_on.isoformat() if held.expires_on else "-"
    if held.status != stated.status:
        found["status"] = held.status
    return found


def _yes_no(value: Any) -> str:
    return "+" if value else "-"
