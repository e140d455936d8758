"""The unit of work: what one command reads and records, and how it becomes one transaction.

A command's handler loads states, decides, and records events; recording makes the event's bytes
at once and folds the event into the state, so that the next decision sees it. Nothing is stored
until the ledger appends the whole of it. A state that was only read is guarded by its version.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import msgspec

from ledger import codec
from ledger.documents import Documents
from ledger.domain.city_time import day_of
from ledger.domain.division import covers
from ledger.domain.errors import InvalidDate, InvalidValue, NotFound
from ledger.domain.events.envelope import Event, EventData, Sealed
from ledger.domain.refusals import OutsideDivision
from ledger.domain.rules import ProgramDefinition
from ledger.domain.stream import S, StreamKind
from ledger.standings import StandingSource
from ledger.state_cache import StateCache
from ledger.store.mapper import NewEvent
from ledger.store.store import Store
from ledger.vault import Vault

MOST_POSITION = 2**53 - 1
"""No log has a position above it, as no integer of an event is."""


class Context(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who decides: an officer's id, role and division, and the day from which it holds.

    The role is what the officer says to act as. It is recorded for the reader and bars nothing:
    which steps need different people is decided by person, where by division.
    """

    actor: str
    role: str
    division: str
    effective: date

    def check(self) -> None:
        """Raise :class:`InvalidValue` for an actor or a role that is empty, padded or unprintable,
        :class:`InvalidDate` for a day whose month no benefit has (1900 to 2099).

        One name with a space behind it and without would be two people to the four eyes.
        """
        if not 1900 <= self.effective.year <= 2099:
            raise InvalidDate(value=self.effective.isoformat())
        for field in ("actor", "role"):
            value = getattr(self, field)
            if not value or value != value.strip() or not value.isprintable():
                raise InvalidValue(field=field, value=value or "-")


@dataclass(slots=True)
class Mark:
    """A point in a group of commands to which a failed command is taken back."""

    events: int
    touched: set[str]


class Work:
    """Reads and records for one command, or for a group of commands stored together.

    ``monthly`` are the programs that pay persons by month; ``moved`` names streams that an earlier
    attempt found changed: a batch decides those anew.
    """

    def __init__(
        self,
        store: Store,
        cache: StateCache,
        vault: Vault,
        *,
        operator: str,
        time: str,
        programs: Mapping[str, ProgramDefinition],
        monthly: Sequence[str],
        documents: Documents,
        standings: StandingSource,
        moved: AbstractSet[str] = frozenset(),
    ) -> None:
        self._store = store
        self._cache = cache
        self.vault = vault
        self.operator = operator
        self.time = time
        self.programs = programs
        self.monthly = monthly
        self.documents = documents
        self.standings = standings
        self.moved = moved
        self.context: Context
        self.correlationid = ""
        self.events: list[NewEvent] = []
        self.read: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._touched: set[str] = set()

    # --- a group's commands, one after the other

    def begin(self, context: Context, correlationid: str) -> Mark:
        """Start a command; give the mark to :meth:`undo` if it fails."""
        self.context = context
        self.correlationid = correlationid
        self._touched = set()
        return Mark(len(self.events), self._touched)

    def undo(self, mark: Mark) -> None:
        """Forget what was recorded since the mark; states that it touched are read again.

        The refusal rests on what was read, so the versions of streams that are no longer written
        are held like those of streams that were only read.
        """
        for new in self.events[mark.events :]:
            stream = new.originator_id
            if self._first.get(stream) == new.originator_version - 1:
                self.read.setdefault(stream, self._first.pop(stream))
        del self.events[mark.events :]
        for stream in mark.touched:
            self._cache.forget(stream)

    # --- reading

    def load(self, kind: StreamKind[S], stream_id: str) -> S:
        """The state of a stream, with what this work has recorded so far; version 0 if absent.

        An id of another kind names no stream of this one, whatever is stored under it.
        """
        if not stream_id.startswith(kind.name):
            return kind.new(stream_id)
        state: S | None = self._cache.get(stream_id)
        if state is None:
            state = kind.new(stream_id)
            for raw in self._store.stream(stream_id):
                kind.evolve(state, codec.decode(raw))
                state.version += 1
            if stream_id in self._first:  # recorded on by this work, and gone from the cache
                self._replay(kind, state)
            self._cache.put(stream_id, state)
        if stream_id not in self._first:
            self.read.setdefault(stream_id, state.version)
        return state

    def _replay(self, kind: StreamKind[S], state: S) -> None:
        """Fold what this work has recorded on a stream and not yet stored."""
        for new in self.events:
            if new.originator_id == state.id and new.originator_version > state.version:
                kind.evolve(state, new.event)
                state.version += 1

    def peek(self, kind: StreamKind[S], stream_id: str) -> S:
        """As :meth:`load`, for a look that the decision doesn't rest on: its version isn't held."""
        seen = stream_id in self.read
        state = self.load(kind, stream_id)
        if not seen:
            self.read.pop(stream_id, None)
        return state

    def first(self, stream_id: str) -> Event[Any]:
        """The event that a stream which exists begins with: stored, or recorded by this work."""
        stored = self._store.stream(stream_id)
        if stored:
            return codec.decode(stored[0])
        return next(new.event for new in self.events if new.originator_id == stream_id)

    def event(self, event_id: str) -> Event[Any]:
        """A stored event by its id; :class:`NotFound` where there is none."""
        stream, _, version = event_id.rpartition("/")
        before = int(version) - 1 if version.isdecimal() else -1
        if before < 0 or not (stored := self._store.stream(stream, after=before)):
            raise NotFound(what=event_id)
        return codec.decode(stored[0])

    def at(self, positions: Sequence[int]) -> dict[int, Event[Any]]:
        """The stored events at positions of the log, in order; without those that are not there.

        What was recorded a moment ago may have no position yet: only a reader of the log knew one.
        """
        with self._store.order() as order:
            numbers = {p: order.number_at(p) for p in positions if 0 <= p <= MOST_POSITION}
        found = {}
        for position, number in sorted(numbers.items()):
            if number is not None:
                (raw,) = self._store.states(number, number)
                found[position] = codec.decode(raw)
        return found

    def existing(self, stream_ids: Sequence[str]) -> set[str]:
        """Which of the streams exist, by what is stored, cached or recorded so far."""
        known = {s for s in stream_ids if s in self._first}
        cached = {s: self._cache.get(s) for s in stream_ids if s not in known}
        known |= {s for s, state in cached.items() if state is not None and state.version}
        unknown = [s for s in stream_ids if s not in known]
        return known | self._store.existing(unknown) if unknown else known

    @cached_property
    def today(self) -> date:
        """The day of recording, in the city."""
        return day_of(self.time)

    @property
    def reached(self) -> date:
        """The day that has come both in the world and in the ledger: no notice ends before it.

        An effective date ahead of today doesn't make the days of a public notice pass.
        """
        return min(self.context.effective, self.today)

    # --- recording

    def record(
        self,
        kind: StreamKind[S],
        state: S,
        data: EventData,
        *,
        subject: str,
        division: str,
        effective: date | None = None,
        causation: str | None = None,
        follows: bool = False,
    ) -> str:
        """Make the event's bytes, fold it into the state; the event's id.

        Raises :class:`OutsideDivision` when the officer's division does not cover ``division``;
        an event that merely ``follows`` from another, as a rule's consequence, is not tested.
        """
        if not follows and not covers(self.context.division, division):
            raise OutsideDivision(officer_division=self.context.division, division=division)
        self._touched.add(state.id)
        if state.id not in self._first:
            self._first[state.id] = state.version
            self.read.pop(state.id, None)
        new = self._new(
            state.id,
            state.version + 1,
            data,
            subject=subject,
            division=division,
            effective=effective,
            causation=causation,
        )
        kind.evolve(state, new.event)
        state.version += 1
        return new.event.id

    def append(
        self,
        stream_id: str,
        version: int,
        data: EventData,
        *,
        subject: str,
        division: str,
        effective: date | None = None,
    ) -> str:
        """Record on a stream known by its version alone, as a line of a batch decided from a view.

        The store refuses the line if the stream has moved on. The cached state is forgotten.
        """
        self._cache.forget(stream_id)
        self._first.setdefault(stream_id, version - 1)
        new = self._new(
            stream_id, version, data, subject=subject, division=division, effective=effective
        )
        return new.event.id

    def _new(
        self,
        stream_id: str,
        version: int,
        data: EventData,
        *,
        subject: str,
        division: str,
        effective: date | None = None,
        causation: str | None = None,
    ) -> NewEvent:
        raw, event = codec.encode(
            actor=self.context.actor,
            causationid=causation,
            correlationid=self.correlationid,
            data=data,
            division=division,
            effective=effective or self.context.effective,
            id=f"{stream_id}/{version}",
            operator=self.operator,
            role=self.context.role,
            subject=subject,
            time=self.time,
        )
        new = NewEvent(stream_id, version, raw, event)
        self.events.append(new)
        return new

    def seal(self, state: Any, key: str, fields: dict[str, Any]) -> Sealed:
        """Seal personal data for the next event of a stream, under the key of ``key``."""
        return self.vault.seal(key, f"{state.id}/{state.version + 1}", fields)

    # --- the transaction

    def expected(self) -> dict[str, int]:
        """Versions of the streams that were read and not written."""
        return {s: v for s, v in self.read.items() if s not in self._first}

    def moved_on(self) -> list[str]:
        """The streams that others have written since this work read them."""
        seen = {**self.read, **self._first}
        return [stream for stream, version in seen.items() if self._store.version(stream) > version]

    def forget(self) -> None:
        """Drop every state that this work touched: it was not stored, or someone was faster."""
        for stream in (*self._first, *self.read):
            self._cache.forget(stream)
