"""Processes killed at any moment: the same command again ends where an city one does.

When to kill is drawn from a seed: after so many milliseconds, or as soon as the home has grown by
so many bytes. Where exactly a kill lands is left to the machine, and must not matter: before the
home exists, between two transactions, within one, or after the end.
"""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from shutil import copytree

import pytest

from ledger.log.fsck import examine
from ledger.log.merkle_log import Log, StoreTiles
from ledger.log.sequencer import leaves_in
from ledger.log.tree import Tree
from ledger.store.sqlite import SQLiteStore
from tests.integration.cli import SCALE, ok

SIMULATE = ("simulate", "--scale", SCALE)
PATIENCE_S = 240


def size(folder: Path) -> int:
    """Bytes in all files of a folder, some of which may go away meanwhile."""
    total = 0
    for at, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(at, name)).st_size
            except FileNotFoundError:
                continue
    return total


def killed(home: Path, moment: Callable[[], bool], *arguments: str) -> int:
    """Run a command until the moment has come, then kill it; how it ended."""
    return killed_python(moment, "-m", "ops.cli.main", *arguments, "--home", str(home))


def killed_python(moment: Callable[[], bool], *arguments: str) -> int:
    """As :func:`killed`, for whatever Python is to run."""
    command = [sys.executable, *arguments]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while process.poll() is None and not moment():
            assert time.monotonic() < deadline
            time.sleep(0.004)
    finally:
        process.kill()
    return process.wait()


def after(seconds: float) -> Callable[[], bool]:
    """A moment so long after now."""
    start = time.monotonic()
    return lambda: time.monotonic() >= start + seconds


def grown(folder: Path, growth: int) -> Callable[[], bool]:
    """The moment when a folder has grown by so many bytes."""
    start = size(folder)
    return lambda: size(folder) >= start + growth


def same(home: Path, other: Path) -> bool:
    """Whether two homes have equal digests of the log and of every view."""
    return bool(
        ok(home, "digest", "--format", "json").json == ok(other, "digest", "--format", "json").json
    )


def test_a_seed_gives_the_same_bytes_in_any_home(city: Path, tmp_path: Path) -> None:
    ok(tmp_path / "home", *SIMULATE)
    events = ok(city, "events", "--format", "ndjson").out
    assert events
    assert ok(tmp_path / "home", "events", "--format", "ndjson").out == events


@pytest.mark.timeout(600)
def test_a_simulation_killed_at_any_moment_ends_with_the_same_bytes(
    city: Path, tmp_path: Path
) -> None:
    """One home, killed again and again on its way through the year."""
    home, draw = tmp_path / "home", Random("simulate")
    for _ in range(2):  # before the home exists
        killed(home, after(draw.uniform(0, 0.5)), *SIMULATE)
    for most in (100, 80_000, 200_000, *[3_000_000] * 9):
        killed(home, grown(home, draw.randint(1, most)), *SIMULATE)
    for _ in range(2):  # twice in a row, before it has found out where it was
        killed(home, after(draw.uniform(0.5, 1.5)), *SIMULATE)
    ok(home, *SIMULATE)
    killed(home, after(draw.uniform(0.5, 2)), *SIMULATE)  # after the end
    assert same(home, city)
    assert ok(home, "doctor", "--full", "--format", "json").json["ok"]


IN_SMALL_STEPS = """
import pathlib, sys
from ledger.log.sequencer import Sequencer
from ledger.store.sqlite import SQLiteStore
print(Sequencer(SQLiteStore(pathlib.Path(sys.argv[1])), step=37).advance())
"""


def test_a_sequencer_killed_at_any_moment_leaves_a_tree_over_every_position(
    city: Path, tmp_path: Path
) -> None:
    """Without positions and tiles to begin with; at first without tiles only."""
    home, draw = Path(copytree(city, tmp_path / "home")), Random("sequence")
    file, ends = home / "ledger.db", []
    stored = SQLiteStore(city / "ledger.db")
    reference = Log(stored)
    for forgotten in (("tiles",), ("tiles", "sequence")):
        with closing(sqlite3.connect(file, isolation_level=None)) as db:
            for table in forgotten:
                db.execute(f"DELETE FROM {table}")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for _ in range(4):
            moment = grown(home, draw.randint(1, 2_000_000))
            killed_python(moment, "-c", IN_SMALL_STEPS, str(file))
            with closing(SQLiteStore(file)) as store:
                with store.order() as order:
                    leaves, end = leaves_in(order), order.last().end
                if leaves:
                    assert Tree(StoreTiles(store), leaves).root() == reference.tree(leaves).root()
                if "sequence" in forgotten:
                    assert leaves == end
                    assert examine(store).problems == []
                ends.append(leaves)
        assert ok(home, "log", "fsck", "--format", "json").json["ok"]
        assert ok(home, "log", "head").text == ok(city, "log", "head").text
    stored.close()
    assert [leaves for leaves in ends if 0 < leaves < end], "some were killed on the way"


def test_a_projection_killed_at_any_moment_ends_with_the_same_views(
    city: Path, tmp_path: Path
) -> None:
    home, draw = Path(copytree(city, tmp_path / "home")), Random("project")
    for most in (1, 40_000, 400_000, 1_000_000, 2_400_000, 4_000_000):
        for file in home.glob("views.db*"):
            file.unlink()
        killed(home, grown(home, draw.randint(1, most)), "project")
        killed(home, after(draw.uniform(0.6, 1.4)), "project")
    ok(home, "project")
    assert same(home, city)


def test_a_rebuild_killed_at_any_moment_leaves_the_live_views_and_can_be_done_again(
    city: Path, tmp_path: Path
) -> None:
    home, draw = Path(copytree(city, tmp_path / "home")), Random("rebuild")
    for most in (1, 100_000, 1_000_000, 2_400_000, 4_000_000):
        killed(home, grown(home, draw.randint(1, most)), "rebuild")
        assert same(home, city)
    rebuilt = ok(home, "rebuild", "--format", "json").json["views"]
    assert all(view["same"] for view in rebuilt)
    assert same(home, city)
