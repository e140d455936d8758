"""Public activity: what was held, published and aired, and the medals and ranks that were won."""

from typing import Any

import msgspec

from ledger.domain.events import Event
from ledger.domain.events import activity as ac
from projections.rows import RowSource, TableDef
from projections.view import View, on


class Activity(msgspec.Struct, gc=False):
    """One occurrence, by the id of its event. ``form`` is the activity's, ``item`` or ``episode``.

    ``place`` is the outlet of an item or the channel of an episode.
    """

    event: str
    program: str
    division: str
    form: str
    held_on: str
    title: str | None = None
    place: str | None = None
    medium: str | None = None
    episode: int | None = None
    attendees: int | None = None
    document: str | None = None


class Result(msgspec.Struct, gc=False):
    """A medal or a rank in one discipline of a competition, by the id of its event."""

    event: str
    program: str
    competition: str
    discipline: str
    recorded_on: str
    medal: str | None = None
    rank: int | None = None


ACTIVITIES = TableDef("activities", Activity, ("event",), (("program", "held_on"),), by=None)
RESULTS = TableDef("results", Result, ("event",), (("competition",),), by=None)


class Activities(View):
    """See the module."""

    name = "activities"
    version = 1
    tables = (ACTIVITIES, RESULTS)

    def __init__(self, rows: RowSource) -> None:
        self._activities = rows.of(ACTIVITIES)
        self._results = rows.of(RESULTS)

    @on(ac.ActivityHeld)
    def held(self, position: int, event: Event[ac.ActivityHeld]) -> None:
        row, d = self._new(event, event.data.form), event.data
        row.title, row.attendees, row.document = d.title, d.attendees, d.document

    @on(ac.ItemPublished)
    def published(self, position: int, event: Event[ac.ItemPublished]) -> None:
        row, d = self._new(event, "item"), event.data
        row.title, row.place, row.medium = d.title, d.outlet, d.medium

    @on(ac.EpisodeAired)
    def aired(self, position: int, event: Event[ac.EpisodeAired]) -> None:
        row, d = self._new(event, "episode"), event.data
        row.place, row.episode = d.channel, d.episode

    @on(ac.ResultRecorded)
    def result(self, position: int, event: Event[ac.ResultRecorded]) -> None:
        d, day = event.data, event.effective.isoformat()
        row = Result(event.id, d.program, d.competition, d.discipline, day, d.medal, d.rank)
        self._results.add(event.id, row)

    def _new(self, event: Event[Any], form: str) -> Activity:
        day = event.effective.isoformat()
        row = Activity(event.id, event.data.program, event.division, form, day)
        return self._activities.add(event.id, row)
