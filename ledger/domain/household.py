"""A household: its disabled members, the poverty register, and the way of leaving it.

A household leaves the register in one order only: democratic review, verification, its own
confirmation, public notice without an open objection, announcement; every other order is refused,
by state and by date. A relapse or a revoked exit leads back onto the register and deletes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ledger.domain.admission import check_notice
from ledger.domain.errors import AlreadyExists, InvalidDate, InvalidValue, NotFound, OutOfOrder
from ledger.domain.events import household as ev
from ledger.domain.events.envelope import Event, EventData
from ledger.domain.refusals import FourEyes, NotEligible, NoticeRunning, ObjectionOpen
from ledger.domain.stream import StreamKind, derived_id, folding

MIN_NOTICE_DAYS = 7
"""The exit's public notice lasts at least this long, whatever a rule says [R]."""


@dataclass(slots=True)
class Household:
    """State of a household's stream.

    ``status`` is none, registered, proposed, verified, confirmed, noticed or exited; ``since`` is
    the effective date of the step that led there.
    """

    id: str
    version: int = 0
    division: str = ""
    head: str = ""
    urban: bool = False
    members: list[str] = field(default_factory=list)
    status: str = "none"
    since: date | None = None
    proposed_by: str = ""
    notice_until: date | None = None
    objections: set[str] = field(default_factory=set)

    @property
    def on_register(self) -> bool:
        """Whether the household counts as poor."""
        return self.status not in ("none", "exited")


def household_id(head: str) -> str:
    """The household's stream, from its head's."""
    return derived_id("household", head)


# --- decisions


def must_exist(h: Household) -> None:
    """Raise :class:`NotFound` for a household that is not registered."""
    if h.version == 0:
        raise NotFound(what=h.id)


def register(h: Household, *, head: str, members: list[str], urban: bool) -> EventData:
    """A household of its head and other disabled members."""
    if h.version:
        raise AlreadyExists(what=h.id)
    everyone = [head, *sorted(set(members) - {head})]
    return ev.HouseholdRegistered(head=head, members=everyone, urban=urban)


def add_member(h: Household, *, person: str, relation: str) -> EventData:
    """Someone joins; :class:`AlreadyExists` for a member."""
    must_exist(h)
    if person in h.members:
        raise AlreadyExists(what=person)
    return ev.MemberAdded(person=person, relation=relation)


def remove_member(h: Household, *, person: str, reason: str) -> EventData:
    """Someone leaves; the head, after whom the household is named, stays."""
    must_exist(h)
    if person not in h.members:
        raise NotFound(what=person)
    if person == h.head:
        raise OutOfOrder(status="head", step="remove-member")
    return ev.MemberRemoved(person=person, reason=reason)


def register_poverty(h: Household, *, living: list[str], cause: str, document: str) -> EventData:
    """The household enters the register, once; ``living`` are its members who are alive."""
    must_exist(h)
    _must_be(h, "register-poverty", "none")
    _must_have_members(living)
    return ev.PovertyRegistered(members=living, cause=cause, document=document)


def propose_exit(
    h: Household, *, day: date, reviewed_on: date, attendees: int, votes_for: int, income_fen: int
) -> EventData:
    """A democratic review that more than half of those present carried, on ``day`` or before.

    ``income_fen`` is yearly income a head.
    """
    _in_order(h, "propose-exit", "registered", day)
    if reviewed_on > day:
        raise InvalidDate(value=reviewed_on.isoformat())
    if not 0 <= votes_for <= attendees:
        raise InvalidValue(field="votes_for", value=votes_for)
    if votes_for * 2 <= attendees:
        raise NotEligible(reason="democratic-review")
    if income_fen < 0:
        raise InvalidValue(field="income_fen", value=income_fen)
    return ev.ExitProposed(
        reviewed_on=reviewed_on, attendees=attendees, votes_for=votes_for, income_fen=income_fen
    )


def verify_exit(h: Household, *, day: date, village: str, resident_team: str) -> EventData:
    """Village and resident team have verified what the review found."""
    _in_order(h, "verify-exit", "proposed", day)
    return ev.ExitVerified(village=village, resident_team=resident_team)


def confirm_exit(h: Household, *, day: date, signer: str) -> EventData:
    """The household agrees, by one of its members; :class:`NotFound` for anyone else."""
    _in_order(h, "confirm-exit", "verified", day)
    if signer not in h.members:
        raise NotFound(what=signer)
    return ev.HouseholdConfirmed(signer=signer)


def notice_exit(
    h: Household, *, day: date, days: int, start: date, until: date, place: str
) -> EventData:
    """A public notice of ``days``, never fewer than seven, that began after the confirmation."""
    _in_order(h, "notice-exit", "confirmed", day)
    check_notice(max(days, MIN_NOTICE_DAYS), start, until, since=h.since)
    return ev.ExitNoticed(notice_from=start, notice_until=until, place=place)


def object_to_exit(h: Household, *, objection: str, ground: str) -> EventData:
    """Anyone may object while the exit is on notice and not yet announced."""
    must_exist(h)
    _must_be(h, "object-to-exit", "noticed")
    if objection in h.objections:
        raise OutOfOrder(status="objected", step=objection)
    return ev.ExitObjected(objection=objection, ground=ground)


def resolve_exit_objection(h: Household, *, objection: str, upheld: bool, reason: str) -> EventData:
    """Settle an objection; one that is upheld ends this attempt, not the others' objections."""
    must_exist(h)
    if objection not in h.objections:
        raise NotFound(what=objection)
    return ev.ExitObjectionResolved(objection=objection, upheld=upheld, reason=reason)


def decide_exit(
    h: Household, *, day: date, living: list[str], actor: str, document: str
) -> EventData:
    """The announcement, on ``day``: after the notice's last day, by another than the proposer.

    ``living`` are the members who are alive: the dead have not left poverty. Raises
    :class:`NoticeRunning`, :class:`ObjectionOpen` or :class:`FourEyes`.
    """
    _in_order(h, "decide-exit", "noticed", day)
    assert h.notice_until is not None
    if day <= h.notice_until:
        raise NoticeRunning(until=h.notice_until)
    if h.objections:
        raise ObjectionOpen()
    if actor == h.proposed_by:
        raise FourEyes(actor=actor)
    _must_have_members(living)
    return ev.ExitDecided(members=living, document=document)


def revoke_exit(h: Household, *, day: date, reason: str, document: str) -> EventData:
    """An exit that should not have been decided."""
    _in_order(h, "revoke-exit", "exited", day)
    return ev.ExitRevoked(reason=reason, document=document)


def record_relapse(h: Household, *, day: date, reason: str, document: str) -> EventData:
    """A household that had rightly left poverty is poor again."""
    _in_order(h, "record-relapse", "exited", day)
    return ev.RelapseRecorded(reason=reason, document=document)


def _in_order(h: Household, step: str, status: str, day: date) -> None:
    """The step follows ``status`` and does not hold from before what led there."""
    must_exist(h)
    _must_be(h, step, status)
    if h.since is not None and day < h.since:
        raise InvalidDate(value=day.isoformat())


def _must_be(h: Household, step: str, status: str) -> None:
    if h.status != status:
        raise OutOfOrder(status=h.status, step=step)


def _must_have_members(living: list[str]) -> None:
    if not living:
        raise NotEligible(reason="no living member")


# --- the fold


def _registered(h: Household, event: Event[ev.HouseholdRegistered]) -> None:
    d = event.data
    h.division, h.head, h.urban, h.members = event.division, d.head, d.urban, list(d.members)


def _joined(h: Household, event: Event[ev.MemberAdded]) -> None:
    h.members.append(event.data.person)


def _left(h: Household, event: Event[ev.MemberRemoved]) -> None:
    h.members.remove(event.data.person)


def _step(status: str) -> Callable[[Household, Event[Any]], None]:
    def fold(h: Household, event: Event[Any]) -> None:
        h.status, h.since = status, event.effective

    return fold


def _proposed(h: Household, event: Event[ev.ExitProposed]) -> None:
    h.status, h.since, h.proposed_by = "proposed", event.effective, event.actor


def _noticed(h: Household, event: Event[ev.ExitNoticed]) -> None:
    h.status, h.since, h.notice_until = "noticed", event.effective, event.data.notice_until


def _objected(h: Household, event: Event[ev.ExitObjected]) -> None:
    h.objections.add(event.data.objection)


def _resolved(h: Household, event: Event[ev.ExitObjectionResolved]) -> None:
    h.objections.discard(event.data.objection)
    if event.data.upheld:
        h.status, h.since = "registered", event.effective


_FOLD: dict[type[EventData], Callable[[Household, Event[Any]], None]] = {
    ev.HouseholdRegistered: _registered,
    ev.MemberAdded: _joined,
    ev.MemberRemoved: _left,
    ev.PovertyRegistered: _step("registered"),
    ev.ExitProposed: _proposed,
    ev.ExitVerified: _step("verified"),
    ev.HouseholdConfirmed: _step("confirmed"),
    ev.ExitNoticed: _noticed,
    ev.ExitObjected: _objected,
    ev.ExitObjectionResolved: _resolved,
    ev.ExitDecided: _step("exited"),
    ev.ExitRevoked: _step("registered"),
    ev.RelapseRecorded: _step("registered"),
}


evolve = folding(_FOLD)
"""Take an event into the state."""

HOUSEHOLD = StreamKind("household", Household, evolve)
