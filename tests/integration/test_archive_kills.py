"""A writer that dies before any of its steps leaves an archive that is whole, and can go on."""

import signal
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from projections.archive.manifest import read_manifest
from projections.archive.verifying import Verified, verify
from tests import dying_archive
from tests.archives import archived

BEFORE = 15
"""Events in the archive that the dying writer finds: a full segment and half of one."""
LENGTH = 24
"""Events in the log by then: two segments are to be written."""


class Died(BaseException):
    """As sudden as a process can be within itself."""


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archived(tmp_path_factory.mktemp("begun"), BEFORE)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Verified:
    return verify(archived(tmp_path_factory.mktemp("undisturbed"), LENGTH))


def ends_whole(folder: Path, undisturbed: Verified) -> int:
    """The events that are archived now, all of them sound; then the writer's work is done again."""
    events = verify(folder).events
    archived(folder, LENGTH)
    assert verify(folder) == undisturbed
    named = {s.file for s in read_manifest(folder).segments}
    assert {p.name for p in folder.iterdir()} == {*named, "manifest.json", ".lock"}
    return events


def test_whatever_step_is_the_last_the_archive_is_whole(
    begun: Path, tmp_path: Path, undisturbed: Verified
) -> None:
    seen = set()
    for last in range(1, 200):
        folder = Path(copytree(begun, tmp_path / str(last)))

        def die(step: int, last: int = last) -> None:
            if step >= last:
                raise Died

        try:
            with dying_archive.at_each_step(die):
                archived(folder, LENGTH)
        except Died:
            seen.add(ends_whole(folder, undisturbed))
        else:
            break
    assert last > 20, "fewer steps than a writer takes"
    assert seen == {BEFORE, 20, LENGTH}


@pytest.mark.parametrize("last", [9, 17])
def test_a_killed_process_leaves_it_whole(
    begun: Path, tmp_path: Path, undisturbed: Verified, last: int
) -> None:
    folder = Path(copytree(begun, tmp_path / "archive"))
    command = [sys.executable, "-m", dying_archive.__name__, str(folder), str(LENGTH), str(last)]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL
    ends_whole(folder, undisturbed)
