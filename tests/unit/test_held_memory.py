"""What a fold and a simulation hold in memory goes with them, while the cycle collector is off."""

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.home import Home
from ops.simulation.runner import Runner
from projections.engine import Projector
from tests.histories import history


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_the_rows_of_a_fold_are_gone_when_it_is_dropped(tmp_path: Path) -> None:
    views = Projector(f"sqlite:///{tmp_path / 'views.db'}", history().enrolled("p1").feed())
    views.catch_up()
    assert views._fold is not None
    rows = weakref.ref(views._fold._rows)
    assert len(views._fold._rows) > 0
    views.close()
    assert rows() is None


def test_the_ledger_of_a_simulation_is_gone_with_its_runner(tmp_path: Path) -> None:
    home = Home.create(tmp_path / "home", seed=7, scale="0.01", year=2017)
    runner = Runner(home, lambda *_: None, 1)
    ledger = weakref.ref(runner.ledger)
    del runner
    assert ledger() is None
    home.close()
