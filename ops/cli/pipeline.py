"""The whole way of an event as processes: simulation, relay and two workers, one of them killed.

Everything is watched from here through the servers themselves: how many events are stored, how
many are in the views, and who has which partitions.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fractions import Fraction
from typing import Any, NamedTuple

from consumers.connection import KafkaSettings
from consumers.members import members
from ledger.domain.errors import LedgerError
from ops.cli.children import Child, held_back
from ops.cli.told import Told
from ops.home import Home
from ops.simulation.year import EVENTS

WORKERS = 2
KILL_AT = Fraction(1, 3)
"""One worker is killed when this share of the year's events is in the views."""
STALL_S = 180.0
"""Without anything changing for so long, it is given up."""
_POLL_S = 0.25
_ASK_S = 1.0
_LINE_EVERY_S = 5.0


class DemoStalled(LedgerError):
    code, zh, en = (
        "demo-stalled",
        "演示停滞:{seconds:.0f}秒内毫无进展({what})",
        "the demonstration is stuck: nothing changed within {seconds:.0f} s ({what})",
    )
    exit_code = 1


class Ran(NamedTuple):
    """What went through: events, of them relayed; partitions; seconds from the first decision on.

    Where a run before had stored events (``again``) the seconds count from the workers' start.
    """

    again: bool

    events: int
    partitions: int
    relayed: int
    seconds: float
    killed_at_events: int
    takeover_seconds: float


class Pipeline:
    """One run, on a home whose servers are up and whose topics are there."""

    def __init__(self, told: Told, started: ExitStack, home: Home, kafka: KafkaSettings) -> None:
        """What is started here is ended by ``started``."""
        self._told = told
        self._started = started
        self._home = home
        self._kafka = kafka
        self._folder = home.path / "demo-kafka"
        self._folder.mkdir(exist_ok=True)
        self._watched: list[Child] = []
        self._events: int | None = None
        self._noted = time.monotonic()
        self._changed: tuple[float, tuple[int, ...]] = (self._noted, ())

    def run(self, options: Sequence[str], partitions: int) -> Ran:
        """Simulate with these options; returns when every event is in the views.

        Raises :class:`DemoStalled`, :class:`~ops.cli.children.ProcessEnded` and its like.
        """
        # Who died with the servers of a run before is a member until its session is over.
        self._until("group", lambda: not members(self._kafka), every_s=_ASK_S)
        self._empty_views()
        before, start = self._home.feed.end(), time.monotonic()
        workers = [
            self._start(f"worker-{n}", "project", "--from", "kafka") for n in range(1, WORKERS + 1)
        ]
        held = self._shared_by(WORKERS, partitions)
        self._told.step("workers", shares=" + ".join(map(str, sorted(map(len, held)))))
        relay = self._start("relay", "relay")
        start = start if before else time.monotonic()
        city = self._start("simulation", "simulate", "--store", "postgres", *options)
        self._watched.remove(city)

        def decided() -> bool:
            """Whether the year is over; told once."""
            if self._events is None and not city.running:
                self._events = int(city.answer()["events"])
                name = "was-there" if self._events == before else "simulated"
                self._told.step(name, events=self._events, seconds=time.monotonic() - start)
            return self._events is not None

        at = int(EVENTS * self._home.info.share * KILL_AT)
        self._until("views", lambda: decided() or self._folded() >= at)
        victim = workers.pop()
        killed_at, takeover = self._kill(victim, partitions, decided)
        self._until("simulation", decided)
        events = self._home.feed.end()
        self._until("views", lambda: self._folded() == events)
        seconds = time.monotonic() - start
        self._told.step("folded", events=events, rate=events / seconds)
        position = relay.stop()["position"]
        for worker in workers:
            worker.stop()
        return Ran(before > 0, events, partitions, position + 1, seconds, killed_at, takeover)

    def _kill(
        self, worker: Child, partitions: int, meanwhile: Callable[[], object]
    ) -> tuple[int, float]:
        """Kill a worker; events in the views then, and seconds until the others had its share."""
        self._watched.remove(worker)
        worker.kill()
        start, folded = time.monotonic(), self._folded()
        self._told.step("killed", worker=worker.name, pid=worker.pid, events=folded)
        self._shared_by(WORKERS - 1, partitions, meanwhile)
        takeover = time.monotonic() - start
        self._told.step("takeover", seconds=takeover, partitions=partitions)
        return folded, takeover

    def _empty_views(self) -> None:
        """The views of a run before are folded anew: they are made of the log and nothing else."""
        database = self._home.projector.database
        with database.write() as connection:
            for generation in database.generations(connection):
                database.drop(connection, generation)

    def _start(self, name: str, *arguments: str) -> Child:
        with held_back():
            child = Child(self._told.session, self._folder, name, *arguments)
            self._started.callback(child.end)
        self._watched.append(child)
        return child

    def _folded(self) -> int:
        return self._home.projector.position()

    def _shared_by(
        self, count: int, partitions: int, meanwhile: Callable[[], object] = lambda: None
    ) -> list[frozenset[int]]:
        """Wait until so many workers have all the partitions among them, and none has nothing."""
        held: list[frozenset[int]] = []

        def settled() -> bool:
            meanwhile()
            held[:] = members(self._kafka)
            return len(held) == count and all(held) and sum(map(len, held)) == partitions

        self._until("group", settled, every_s=_ASK_S)
        return held

    def _until(self, what: str, holds: Callable[[], bool], every_s: float = _POLL_S) -> None:
        """Wait for something, for as long as anything changes and what must run does."""
        self._changed = (time.monotonic(), ())
        while not holds():
            for child in self._watched:
                child.must_run()
            now = time.monotonic()
            if now - self._noted >= _LINE_EVERY_S:
                self._noted = now
                self._look(what, now)
            time.sleep(every_s)

    def _look(self, what: str, now: float) -> None:
        counts: tuple[int, ...] = (self._home.feed.end(), self._folded())
        since, before = self._changed
        if counts != before:
            self._changed = (now, counts)
        elif now - since > STALL_S:
            waited = self._told.session.say(f"demo-wait-{what}")
            raise DemoStalled(seconds=STALL_S, what=waited)
        self._told.note("flowing", stored=counts[0], folded=counts[1])


def summary_of(ran: Ran) -> dict[str, Any]:
    """As the JSON document has it."""
    return {**ran._asdict(), "events_per_second": round(ran.events / ran.seconds, 1)}
