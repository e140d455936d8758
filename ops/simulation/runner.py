"""Runs a plan step by step, each step once, whatever was interrupted before.

A step is a group of commands under one key at one recorded time. Everything in it follows from
the seed and the stored events, so a step whose key is stored already is skipped, and a simulation
that was killed goes on where it stopped and ends with the same bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from ledger.application import Command, Ledger
from ledger.domain.errors import LedgerError
from ledger.work import Context
from ops.home import Home

Progress = Callable[[str, int, int], None]
"""Called with the name of the stage, the events stored and the events expected in all."""

Item = tuple[Command, Context]

GROUP = 1_000
"""Commands of one transaction."""


class SimulationRefused(LedgerError):
    code, zh, en = (
        "simulation-refused",
        "模拟步骤{step}被拒绝:{reason}",
        "the simulated step {step} was refused: {reason}",
    )


class _Clock:
    """Recorded time, which never goes back: what is done late in a month stays after it."""

    def __init__(self) -> None:
        self._now = datetime(2000, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self._now

    def advance(self, at: datetime) -> None:
        self._now = max(self._now, at)


class Runner:
    """Carries out steps in order of time.

    The ledger does not know it: the states that the ledger remembers go with the runner, at once.
    """

    def __init__(self, home: Home, progress: Progress, expected_events: int) -> None:
        self._clock = _Clock()
        self.ledger: Ledger = home.ledger(clock=self._clock)
        self._done = home.store.command_keys()
        self._progress = progress
        self._expected = expected_events
        self._stored = home.feed.end()
        self.stage = ""

    def group(self, key: str, at: datetime, items: Callable[[], Iterable[Item]]) -> None:
        """Carry out commands in transactions of :data:`GROUP`; any refusal is an error here."""
        for i, chunk in enumerate(_chunks(items())):
            self._step(f"{key}/{i}", at + timedelta(seconds=i), chunk)

    def one(self, key: str, at: datetime, command: Command, context: Context) -> str:
        """Carry out one command; the id of its stream. Its result is read back when it is done."""
        self._clock.advance(at)
        result = self.ledger.execute(command, context, key=key)
        if not result.repeated:
            self._count(result.outcomes[0].events)
        return result.stream

    def _step(self, key: str, at: datetime, chunk: Sequence[Item]) -> None:
        self._clock.advance(at)
        if key in self._done:
            return
        result = self.ledger.execute_group(chunk, key=key)
        for outcome in result.outcomes:
            if outcome.error is not None:
                raise SimulationRefused(step=key, reason=f"{outcome.error}: {outcome.en}")
        self._count(sum(o.events for o in result.outcomes))

    def _count(self, events: int) -> None:
        self._stored += events
        self._progress(self.stage, self._stored, max(self._expected, self._stored))


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    source = iter(items)
    while chunk := list(islice(source, GROUP)):
        yield chunk
