"""Events of public activity: classes and shows held, news published, episodes aired, results."""

from typing import Literal

from ledger.domain.events.envelope import EventData
from ledger.domain.events.types import Count, Quantity

Medal = Literal["gold", "silver", "bronze"]


class ActivityEvent(EventData, frozen=True, kw_only=True):
    program: str


class ActivityHeld(ActivityEvent, frozen=True, kw_only=True):
    """A class, a session, a show or another activity took place, or a policy was issued."""

    form: Literal[
        "class", "session", "seminar", "contest", "show", "exhibition", "outreach", "policy"
    ]
    title: str
    attendees: Count | None = None
    document: str | None = None


class ItemPublished(ActivityEvent, frozen=True, kw_only=True):
    """A news item was broadcast, printed or put on a website."""

    medium: Literal["broadcast", "print", "web"]
    outlet: str
    title: str


class EpisodeAired(ActivityEvent, frozen=True, kw_only=True):
    """An episode of a program for the deaf was aired."""

    channel: str
    episode: Quantity


class ResultRecorded(ActivityEvent, frozen=True, kw_only=True):
    """A medal (with its color) or a rank, in one discipline of a competition."""

    competition: str
    discipline: str
    medal: Medal | None = None
    rank: Quantity | None = None
