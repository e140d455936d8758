"""Whatever dies, freezes or fills up: store and topic agree, and the views are one clean fold.

A few of the rounds of ``make chaos``, with a fixed seed and servers of their own.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger.log.feed import Record
from ops.home import opened
from tests.chaos.faults import FAULTS, broker_frozen, broker_killed, second_relay
from tests.chaos.rounds import run
from tests.chaos.world import World


@pytest.fixture(scope="module")
def records(city: Path) -> Sequence[Record]:
    """A small city's log."""
    with opened(city) as home:
        return [record for batch in home.feed.read(0) for record in batch]


@pytest.mark.timeout(900)
def test_forty_rounds_of_faults(records: Sequence[Record], chaos_folder: Path) -> None:
    world = World(chaos_folder)
    with world.servers():
        told = run(world, records, seed=1, rounds=40)
    print(told.table())
    assert set(told.rounds) == {fault.__name__.replace("_", " ") for fault in FAULTS}


@pytest.mark.timeout(600)
def test_a_partitions_leader_that_goes(records: Sequence[Record], chaos_folder: Path) -> None:
    """Three brokers: the others lead, and the one that comes back takes in what it missed."""
    world = World(chaos_folder, brokers=3)
    with world.servers():
        told = run(
            world, records, seed=1, rounds=4, faults=(broker_killed, broker_frozen, second_relay)
        )
    print(told.table())
    assert told.rounds["broker killed"] >= 1
