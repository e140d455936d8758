"""The application: carries out commands, each one transaction, each key once.

A command is a value; its handler (in ``ledger.commands``) reads states and records events in a
unit of work. The same idempotency key with the same content returns the first result, with other
content it is an error. When another process was faster, the decision is taken anew on what is now
stored, a bounded number of times.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from ledger import codec
from ledger.collector import collector_paused
from ledger.documents import Documents
from ledger.domain.errors import UNUSABLE, InvalidValue, LedgerError, NotCanonical
from ledger.domain.rules import ProgramDefinition
from ledger.domain.stream import S, StreamKind
from ledger.log.feed import Feed
from ledger.log.store_feed import StoreFeed
from ledger.randomness import Clock, rfc3339
from ledger.standings import StandingSource
from ledger.state_cache import StateCache
from ledger.store.errors import IdempotencyConflict
from ledger.store.store import CommandRecord, Conflict, Store
from ledger.vault import Vault
from ledger.work import Context, Work

ATTEMPTS = 5
"""How often a decision is taken anew when its streams move on; then the conflict is reported."""


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """The root of commands: verbs with their data, validated by their handlers."""


C = TypeVar("C", bound=Command)
Handler = Callable[[Work, Any], str]

_HANDLERS: dict[type[Command], Handler] = {}


def handles(kind: type[C]) -> Callable[[Callable[[Work, C], str]], Callable[[Work, C], str]]:
    """Register the handler of a command; it returns the id of the stream it is mainly about."""

    def register(handler: Callable[[Work, C], str]) -> Callable[[Work, C], str]:
        assert kind not in _HANDLERS, kind
        _HANDLERS[kind] = handler
        return handler

    return register


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a command: its main stream and number of events, or the error's code."""

    stream: str | None = None
    events: int = 0
    error: str | None = None
    zh: str | None = None
    en: str | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes in the order of the commands; ``repeated`` when the key had been used before."""

    outcomes: list[Outcome]
    repeated: bool = False

    @property
    def stream(self) -> str:
        """The main stream of a single command."""
        found = self.outcomes[0].stream
        assert found is not None
        return found


class LedgerObserver(Protocol):
    """Told what the write side does, in its own thread; for metrics."""

    def appended(self, types: Sequence[str], seconds: float) -> None:
        """One transaction's events, of these types, are stored; that took so long."""
        ...

    def retried(self) -> None:
        """Another process was faster; the decision is taken anew."""
        ...


class Unobserved:
    """Nobody is told."""

    def appended(self, types: Sequence[str], seconds: float) -> None:
        pass

    def retried(self) -> None:
        pass


class Ledger:
    """The write side of one store. Not safe for threads; safe beside other processes."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        *,
        operator: str,
        clock: Clock,
        programs: Mapping[str, ProgramDefinition],
        documents: Documents,
        standings: StandingSource,
        observer: LedgerObserver | None = None,
    ) -> None:
        self.store = store
        self.vault = vault
        self.operator = operator
        self.clock = clock
        self.programs = programs
        self.documents = documents
        self.standings = standings
        self.observer = observer or Unobserved()
        self._cache = StateCache()
        self._monthly = tuple(
            code
            for code, program in programs.items()
            if program.kind == "periodic-cash" and program.beneficiary == "person"
        )

    def execute(self, command: Command, context: Context, *, key: str) -> Result:
        """Carry out one command. Raises the :class:`LedgerError` of a refusal; nothing is stored.

        A refusal does not use up the key: corrected input may be sent under it again.
        """
        return self._run([(command, context)], key, tolerate=False)

    def execute_group(self, items: Sequence[tuple[Command, Context]], *, key: str) -> Result:
        """Carry out many commands in one transaction, under one key.

        A command that is refused leaves no event and does not hinder the others; its outcome
        holds the error's code and messages. A store that fails is no refusal: it ends the group,
        of which nothing is stored, so that the same key may carry it out later.
        """
        return self._run(items, key, tolerate=True)

    def rehearse(self, items: Sequence[tuple[Command, Context]]) -> list[Outcome]:
        """What :meth:`execute_group` would answer on what is stored now. Nothing is stored."""
        work = self._work(set(), self.store.last_time())
        try:
            return self._decide(work, items, "rehearsal", tolerate=True)
        finally:
            work.forget()
            self.vault.discard()

    def state(self, kind: StreamKind[S], stream_id: str) -> S:
        """The state of a stream as stored now, for a look; nothing may be decided on it."""
        state = kind.new(stream_id)
        for raw in self.store.stream(stream_id):
            kind.evolve(state, codec.decode(raw))
            state.version += 1
        return state

    def feed(self) -> Feed:
        """The log in position order."""
        return StoreFeed(self.store)

    def _run(self, items: Sequence[tuple[Command, Context]], key: str, *, tolerate: bool) -> Result:
        if not key.strip():
            raise InvalidValue(field="key", value=key or "-")
        digest = self._digest(items)
        moved: set[str] = set()
        not_before = ""
        for attempt in range(1, ATTEMPTS + 1):
            done = self.store.command(key)
            if done is not None:
                return _repeat(done, digest)
            try:
                work = self._work(moved, not_before)
                with collector_paused():
                    return self._attempt(work, items, key, digest, tolerate=tolerate)
            except Conflict as conflict:
                if attempt == ATTEMPTS:
                    raise
                self.observer.retried()
                moved.update(conflict.streams)
                not_before = self.store.last_time()
        raise AssertionError("unreachable")

    def _attempt(
        self,
        work: Work,
        items: Sequence[tuple[Command, Context]],
        key: str,
        digest: str,
        *,
        tolerate: bool,
    ) -> Result:
        stored = False
        try:
            outcomes = self._decide(work, items, key, tolerate=tolerate)
            self.vault.flush()
            record = CommandRecord(key, digest, msgspec.json.encode(outcomes))
            start = time.monotonic()
            self.store.append(work.events, expected=work.expected(), command=record)
            stored = True
            seconds = time.monotonic() - start
            self.observer.appended([event.topic for event in work.events], seconds)
        finally:
            if not stored:
                work.forget()
        return Result(outcomes=outcomes)

    def _decide(
        self, work: Work, items: Sequence[tuple[Command, Context]], key: str, *, tolerate: bool
    ) -> list[Outcome]:
        """Every command's outcome; a refusal that rests on states left behind is a conflict."""
        keys = [key] if len(items) == 1 else [f"{key}#{i}" for i in range(len(items))]
        try:
            return [
                self._one(work, command, context, each, tolerate)
                for each, (command, context) in zip(keys, items, strict=True)
            ]
        except Conflict:
            raise
        except LedgerError as error:
            if overtaken := work.moved_on():
                raise Conflict(overtaken) from error
            raise

    def _one(
        self, work: Work, command: Command, context: Context, key: str, tolerate: bool
    ) -> Outcome:
        mark = work.begin(context, key)
        try:
            context.check()
            stream = _HANDLERS[type(command)](work, command)
        except Conflict:
            raise
        except LedgerError as error:
            if not tolerate or error.exit_code == UNUSABLE:
                raise
            work.undo(mark)
            return Outcome(error=error.code, zh=error.message("zh"), en=error.message("en"))
        return Outcome(stream=stream, events=len(work.events) - mark.events)

    def _work(self, moved: set[str], not_before: str) -> Work:
        """A unit of work at the clock's time, or at the log's where the clock is behind it."""
        return Work(
            self.store,
            self._cache,
            self.vault,
            operator=self.operator,
            time=max(rfc3339(self.clock()), not_before),
            programs=self.programs,
            monthly=self._monthly,
            documents=self.documents,
            standings=self.standings,
            moved=moved,
        )

    def _digest(self, items: Sequence[tuple[Command, Context]]) -> str:
        """A keyed digest of what is asked: content may hold guessable personal data."""
        try:
            content = msgspec.json.encode(list(items))
        except UnicodeEncodeError as error:  # its words would repeat the text
            raise NotCanonical(reason="a text holds half of a surrogate pair") from error
        return self.vault.keyed_digest("command", content)


def _repeat(done: CommandRecord, digest: str) -> Result:
    if done.digest != digest:
        raise IdempotencyConflict(key=done.key)
    return Result(outcomes=msgspec.json.decode(done.result, type=list[Outcome]), repeated=True)
