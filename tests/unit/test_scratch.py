"""Temporary folders of views: removed at the end, and after a kill by whoever comes next."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from projections.scratch import Scratch, scratch


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder, for these tests alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def holding(folder: Path) -> subprocess.Popen[bytes]:
    """Another process that has made a folder and goes on."""
    told = (
        "from projections.scratch import Scratch; s = Scratch(); print(s.path, flush=True); input()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", told],
        env={"TMPDIR": str(folder), "PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline()
    return child


def test_a_folder_is_removed_at_the_end(folder: Path) -> None:
    with scratch() as made:
        (made.path / "views.db").write_bytes(b"x")
    assert list(folder.iterdir()) == []


def test_the_next_one_removes_what_a_killed_process_left(folder: Path) -> None:
    child = holding(folder)
    mine = Scratch()
    assert len(list(folder.iterdir())) == 2  # the other one lives, and keeps its own
    child.send_signal(signal.SIGKILL)
    child.communicate()
    with scratch() as made:
        assert sorted(folder.iterdir()) == sorted([mine.path, made.path])
    mine.remove()
    assert list(folder.iterdir()) == []
