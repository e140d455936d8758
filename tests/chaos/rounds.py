"""Rounds of faults by a seed: add events, do harm, undo it, wait, and check every promise.

Round *n* of a seed draws the same fault and moments whichever round came first, so that one that
failed can be done again by itself. What the moments meet is left to the machine.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from ledger.log.feed import Record
from ops.home import Home
from ops.simulation import run as simulate
from tests.chaos.faults import FAULTS, Fault, Round
from tests.chaos.world import Failed, World

ROUNDS_A_LOG = 60
"""After so many rounds, or when the city's events are used up, another log begins."""
SETTLE_S = 120.0
_FIRST = 1_500
"""Events that a log begins with."""
_SLICE = (5, 60)


@dataclass
class Told:
    """What was done: rounds by fault, and how long each kind took to be well again, in seconds."""

    rounds: Counter[str] = field(default_factory=Counter)
    longest: dict[str, float] = field(default_factory=dict)
    events: int = 0
    seconds: float = 0.0

    def add(self, fault: str, recovery: float) -> None:
        self.rounds[fault] += 1
        self.longest[fault] = max(self.longest.get(fault, 0.0), recovery)

    def table(self) -> str:
        width = max(map(len, self.rounds), default=5)
        lines = [f"{'fault':{width}}  rounds  longest recovery, s"]
        lines += [
            f"{fault:{width}}  {count:6}  {self.longest[fault]:19.1f}"
            for fault, count in sorted(self.rounds.items())
        ]
        longest = max(self.longest.values(), default=0.0)
        lines.append(f"{'all':{width}}  {self.rounds.total():6}  {longest:19.1f}")
        return "\n".join([*lines, f"{self.events:,} events, {self.seconds:,.0f} s"])


def city(folder: Path) -> list[Record]:
    """A small city's year: its log."""
    home = Home.create(folder / "city", seed=7, scale="0.01", year=2017)
    try:
        simulate(home, lambda *_: None)
        return [record for batch in home.feed.read(0) for record in batch]
    finally:
        home.close()


def fault_of(seed: int, number: int, faults: Sequence[Fault]) -> Fault:
    """Every kind once before any comes again."""
    deck, place = divmod(number, len(faults))
    return Random(f"{seed}/deck {deck}").sample(list(faults), len(faults))[place]


def run(
    world: World,
    records: Sequence[Record],
    *,
    seed: int,
    rounds: int,
    first: int = 0,
    faults: Sequence[Fault] = FAULTS,
    told: Told | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Told:
    """Do rounds ``first``, ``first + 1``, … Raises :class:`Failed` with what to do it again.

    ``told`` is brought up to date with each round, and returned.
    """
    told, began = told or Told(), time.monotonic()
    of_this_log = ROUNDS_A_LOG
    for number in range(first, first + rounds):
        fault = fault_of(seed, number, faults)
        name = fault.__name__.replace("_", " ")
        try:
            if of_this_log >= ROUNDS_A_LOG or world.left == 0:
                if number > first:
                    world.check(afresh=True)
                world.begin(records)
                told.events += world.append(_FIRST)
                world.settle(SETTLE_S)
                of_this_log = 0
            recovery = _round(world, fault, Random(f"{seed}/{number}"), told)
        except Exception as error:
            at = f"round {number} (SEED={seed} FIRST={number} ROUNDS=1), {name}"
            raise Failed(f"{at}: {error}\n{world.tails()}") from error
        of_this_log += 1
        told.add(name, recovery)
        told.seconds = time.monotonic() - began
        tell(f"{number:5}  {name:30}  {recovery:6.1f} s")
    world.check(afresh=True)
    world.end_all()
    return told


def _round(world: World, fault: Fault, draw: Random, told: Told) -> float:
    """One round; how long it took, once the harm was undone, until all was folded."""

    def more() -> None:
        told.events += world.append(draw.randint(*_SLICE))

    more()
    fault(Round(world, draw, more))
    more()
    recovery = world.settle(SETTLE_S)
    world.check()
    return recovery
