"""``demo-kafka`` as a reader of the README runs it: everything holds, and nothing is left over."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest

from ops.local.processes import wait_for_end
from tests.integration.cli import contents, ok, run

END_S = 240.0
CHECKS = {"topics", "reconciled", "same-log", "same-views", "figures", "balance"}


@pytest.fixture(scope="module")
def home(servers_folder: Path) -> Path:
    """A home that one demonstration after the other is run in."""
    folder = Path(tempfile.mkdtemp(dir=servers_folder, prefix="demo-"))
    folder.chmod(0o711)
    return folder


@contextmanager
def demo(home: Path) -> Iterator[subprocess.Popen[str]]:
    """The demonstration in a process of its own, ended with the test."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("BENEFITS_")}
    command = [sys.executable, "-m", "ops.cli.main", "demo-kafka", "--scale", "0.01"]
    with subprocess.Popen(
        [*command, "--home", str(home), "--lang", "en", "--format", "json"],
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def whole(home: Path) -> Any:
    """What a demonstration answers that ran to its end."""
    with demo(home) as process:
        out, err = process.communicate(timeout=END_S)
    assert process.returncode == 0, err
    return orjson.loads(out)


def left_over(home: Path) -> list[psutil.Process]:
    """Processes that work on a home, or in it."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(str(home) in word for word in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_a_year_goes_through_kafka_and_a_killed_worker_unchanged(home: Path) -> None:
    told = whole(home)
    assert told["ok"] is True
    assert told["checks"] == dict.fromkeys(CHECKS, True)
    assert told["events"] == told["relayed"] > 20_000
    steps = {step["step"]: step for step in told["steps"]}
    assert (steps["workers"]["shares"], steps["takeover"]["partitions"]) == ("3 + 3", 6)
    assert list(steps).index("killed") < list(steps).index("folded")
    assert steps["figures"]["n"] == 60
    assert not left_over(home)


def interrupt(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)


def terminate(process: subprocess.Popen[str]) -> None:
    process.terminate()


def kill_a_worker(process: subprocess.Popen[str]) -> None:
    """One that nobody expected to die."""
    parent = psutil.Process(process.pid)
    worker = next(child for child in parent.children() if "project" in child.cmdline())
    worker.kill()


@pytest.mark.parametrize(
    ("trouble", "status"), [(interrupt, 130), (terminate, 130), (kill_a_worker, 1)]
)
def test_whatever_happens_all_is_down_again_and_the_next_run_goes_on(
    home: Path, trouble: Callable[[subprocess.Popen[str]], None], status: int
) -> None:
    with demo(home) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "share the partitions: 3 + 3" in line:
                break
        running = left_over(home)
        assert len(running) > 4
        trouble(process)
        _, err = process.communicate(timeout=END_S)
    assert process.returncode == status, err
    assert ("process-ended" in err) == (status == 1)
    assert "processes and servers are stopped" in err
    assert not wait_for_end(running, timeout_s=0)
    assert not left_over(home)


def test_a_second_run_folds_what_is_on_kafka_anew(home: Path) -> None:
    told = whole(home)
    assert told["ok"] is True
    assert "was-there" in {step["step"] for step in told["steps"]}
    assert not left_over(home)


def test_a_home_of_another_kind_gets_no_servers(tmp_path: Path) -> None:
    ok(tmp_path, "init")
    before = contents(tmp_path)
    refused = run(tmp_path, "demo-kafka", "--scale", "0.01")
    assert (refused.status, "home-mismatch" in refused.err) == (3, True)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["KAFKA_BOOTSTRAP", "DATABASE_URL", "VIEWS_URL"])
def test_other_servers_than_its_own_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    other = "kafka.example:9092" if name.startswith("KAFKA") else "postgresql://us@db.example/x"
    monkeypatch.setenv(f"BENEFITS_{name}", other)
    refused = run(tmp_path / "home", "demo-kafka", "--scale", "0.01")
    assert (refused.status, f"BENEFITS_{name}" in refused.err) == (2, True)
    assert not (tmp_path / "home").exists()
