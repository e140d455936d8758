"""Events of a household: members, the poverty register, and the saga of leaving it."""

from datetime import date

from ledger.domain.events.envelope import EventData
from ledger.domain.events.types import Count, FenOrZero


class HouseholdRegistered(EventData, frozen=True, kw_only=True):
    """A household as the unit of the poverty register and of works at home."""

    head: str
    members: list[str]
    urban: bool


class MemberAdded(EventData, frozen=True, kw_only=True):
    """A disabled person joins the household."""

    person: str
    relation: str


class MemberRemoved(EventData, frozen=True, kw_only=True):
    """A disabled person leaves the household."""

    person: str
    reason: str


class PovertyRegistered(EventData, frozen=True, kw_only=True):
    """The household enters the register; ``members`` are its disabled persons at that time."""

    members: list[str]
    cause: str
    document: str


class ExitProposed(EventData, frozen=True, kw_only=True):
    """After democratic review; ``income_fen`` is yearly income a head."""

    reviewed_on: date
    attendees: Count
    votes_for: Count
    income_fen: FenOrZero


class ExitVerified(EventData, frozen=True, kw_only=True):
    """Village and resident team verified the income and the guarantees."""

    village: str
    resident_team: str


class HouseholdConfirmed(EventData, frozen=True, kw_only=True):
    """The household agrees; ``signer`` is the id of the member who signed."""

    signer: str


class ExitNoticed(EventData, frozen=True, kw_only=True):
    """The public notice of the exit; both days count."""

    notice_from: date
    notice_until: date
    place: str


class ExitObjected(EventData, frozen=True, kw_only=True):
    """Someone objects to the exit while it is on notice."""

    objection: str
    ground: str


class ExitObjectionResolved(EventData, frozen=True, kw_only=True):
    """An objection to the exit is settled; one that is upheld ends this attempt."""

    objection: str
    upheld: bool
    reason: str


class ExitDecided(EventData, frozen=True, kw_only=True):
    """The announcement; ``members`` are the disabled persons counted as having left poverty."""

    members: list[str]
    document: str


class ExitRevoked(EventData, frozen=True, kw_only=True):
    """A decided exit was wrong and is taken back."""

    reason: str
    document: str


class RelapseRecorded(EventData, frozen=True, kw_only=True):
    """A household that had left poverty is poor again and back on the register."""

    reason: str
    document: str
