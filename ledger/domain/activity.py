"""Public activity: what was held, published, aired and won; one stream for each occurrence.

An occurrence is one event and never counted twice: its stream's id is derived from what tells it
from any other (a class by its reference, an item by outlet and reference, an episode by its number
in the year, a result by its discipline), so that a second record of it is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from ledger.domain.errors import AlreadyExists, InvalidValue
from ledger.domain.events import activity as ev
from ledger.domain.events.envelope import Event, EventData
from ledger.domain.stream import StreamKind, derived_id, folding

Form = Literal["class", "session", "seminar", "contest", "show", "exhibition", "outreach", "policy"]
Medium = Literal["broadcast", "print", "web"]

HOLDING = ("activity", "training", "service", "employment", "works", "donation", "policy")
"""Kinds of programs that hold activities; a policy is issued by a program of kind policy only."""


@dataclass(slots=True)
class Activity:
    """State of an occurrence's stream; ``form`` is set for what was held."""

    id: str
    version: int = 0
    program: str = ""
    form: str = ""
    on: date | None = None


def held_id(program: str, reference: str) -> str:
    """What was held, by the program's own reference for it (a class number, a document number)."""
    return derived_id("activity", "held", program, reference)


def item_id(medium: str, outlet: str, reference: str) -> str:
    """An item, by the reference its outlet gave it (an address, an issue and page, a slot)."""
    return derived_id("activity", "item", medium, outlet, reference)


def episode_id(program: str, year: int, episode: int) -> str:
    """An episode, by its number in the calendar year."""
    return derived_id("activity", "episode", program, str(year), str(episode))


def result_id(competition: str, discipline: str) -> str:
    """A result; a discipline says whose or which one, where there is more than one to win."""
    return derived_id("activity", "result", competition, discipline)


# --- decisions


def must_be_new(a: Activity) -> None:
    """Raise :class:`AlreadyExists` for an occurrence that is recorded already."""
    if a.version:
        raise AlreadyExists(what=a.id)


def hold(
    a: Activity,
    *,
    program: str,
    form: Form,
    title: str,
    attendees: int | None,
    document: str | None,
) -> EventData:
    """A class, a session or another activity; a policy names its document."""
    must_be_new(a)
    if form == "policy" and not document:
        raise InvalidValue(field="document", value=document)
    if attendees is not None and attendees < 0:
        raise InvalidValue(field="attendees", value=attendees)
    return ev.ActivityHeld(
        program=program, form=form, title=title, attendees=attendees, document=document
    )


def publish(a: Activity, *, program: str, medium: Medium, outlet: str, title: str) -> EventData:
    """An item in one outlet."""
    must_be_new(a)
    return ev.ItemPublished(program=program, medium=medium, outlet=outlet, title=title)


def air(a: Activity, *, program: str, channel: str, episode: int) -> EventData:
    """An episode; a repeat is not another one."""
    must_be_new(a)
    if episode < 1:
        raise InvalidValue(field="episode", value=episode)
    return ev.EpisodeAired(program=program, channel=channel, episode=episode)


def record_result(
    a: Activity,
    *,
    program: str,
    competition: str,
    discipline: str,
    medal: ev.Medal | None,
    rank: int | None,
) -> EventData:
    """Either a medal or a rank from 1."""
    must_be_new(a)
    if (medal is None) == (rank is None):
        raise InvalidValue(field="medal/rank", value=f"{medal}/{rank}")
    if rank is not None and rank < 1:
        raise InvalidValue(field="rank", value=rank)
    return ev.ResultRecorded(
        program=program, competition=competition, discipline=discipline, medal=medal, rank=rank
    )


# --- the fold


def _held(a: Activity, event: Event[ev.ActivityHeld]) -> None:
    a.program, a.form, a.on = event.data.program, event.data.form, event.effective


def _other(a: Activity, event: Event[ev.ActivityEvent]) -> None:
    a.program, a.on = event.data.program, event.effective


_FOLD: dict[type[EventData], Callable[[Activity, Event[Any]], None]] = {
    ev.ActivityHeld: _held,
    ev.ItemPublished: _other,
    ev.EpisodeAired: _other,
    ev.ResultRecorded: _other,
}


evolve = folding(_FOLD)
"""Take an event into the state."""

ACTIVITY = StreamKind("activity", Activity, evolve)
