"""Commands of ours as processes of their own: started, watched, stopped, killed, by their id."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from ledger.domain.errors import LedgerError
from ops.cli.session import Session

STOP_TIMEOUT_S = 60.0
_KILLED_S = 10.0
_LINES = 12


class ProcessEnded(LedgerError):
    """A process that should have gone on, or ended well, did not."""

    code, zh, en = (
        "process-ended",
        "进程{name}意外结束(状态{status}),其记录末尾:\n{log}",
        "the process {name} ended by itself (status {status}); it said last:\n{log}",
    )
    exit_code = 1


class ProcessStuck(LedgerError):
    code, zh, en = (
        "process-stuck",
        "进程{name}在{seconds:.0f}秒内未结束,已强行终止",
        "the process {name} did not end within {seconds:.0f} s and was killed",
    )
    exit_code = 1


@contextmanager
def held_back() -> Iterator[None]:
    """Signals that would end this process wait for the end of the block.

    Between a child's start and its being known to whoever stops it, it would be left running.
    """
    came: list[int] = []
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in before:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for arrived in came:
            signal.raise_signal(arrived)


class Child:
    """``benefits-ledger …`` on the session's home, in a process group of its own.

    A Ctrl-C in the terminal is thus for whoever started it, who stops it. Its answer (JSON) and
    its notes are files in ``folder``.
    """

    def __init__(self, session: Session, folder: Path, name: str, *arguments: str) -> None:
        self.name = name
        self._answer, self._notes = folder / f"{name}.json", folder / f"{name}.log"
        settings = ("--home", str(session.home), "--lang", session.lang, "--format", "json")
        with self._answer.open("wb") as out, self._notes.open("wb") as notes:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ops.cli.main", *arguments, *settings],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=notes,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def answer(self) -> Any:
        """What it answered when it had ended. Raises :class:`ProcessEnded` unless all was well."""
        status = self._process.returncode
        if status:
            lines = self._notes.read_text("utf-8", "replace").splitlines()
            raise ProcessEnded(name=self.name, status=status, log="\n".join(lines[-_LINES:]))
        return orjson.loads(self._answer.read_bytes())

    def must_run(self) -> None:
        """Raises :class:`ProcessEnded`."""
        if not self.running:
            self.answer()
            raise ProcessEnded(name=self.name, status=0, log="")

    def stop(self) -> Any:
        """Tell it to stop, and wait for its answer. Raises :class:`ProcessStuck`, and its error."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
        if not self._ended_within(STOP_TIMEOUT_S):
            self.kill()
            raise ProcessStuck(name=self.name, seconds=STOP_TIMEOUT_S)
        return self.answer()

    def kill(self) -> None:
        """End it at once, whatever it is doing: SIGKILL."""
        self._process.kill()
        self._process.wait(_KILLED_S)

    def end(self) -> None:
        """See that it has ended, whatever became of it: asked first, then killed."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            if not self._ended_within(STOP_TIMEOUT_S):
                self.kill()

    def _ended_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True
