"""Processes that outlive the command that starts them, and the files that lead back to them.

A record holds a process's id and start time. Its process counts as ours only if both fit and its
command line names the folder it was started for: an id that the system gave to somebody else
after a crash is never signalled.
"""

import fcntl
import os
import re
import secrets
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

from ops.local.errors import ServerBusy, ServerNotStopped

LOOPBACK = "127.0.0.1"
_PORTS = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections, so that a kept port stays free."""
_CLOCK_S = 2.0
"""A start time is computed from the boot time, which moves a little when the clock is set."""
_LOCK_WAIT_S = 180.0
_KILL_WAIT_S = 10.0
_LINES_LOOKED_AT = 400
_TELLING = re.compile(r"\b(ERROR|FATAL|PANIC)\b|Exception|^Caused by")


class Recorded(msgspec.Struct, frozen=True):
    """Which process it was: its id and when it started, in seconds since 1970."""

    pid: int
    started: float


def spawn(command: Sequence[str], *, output: Path, record: Path, env: Mapping[str, str]) -> None:
    """Start a process in a session of its own and record it.

    ``output`` takes its standard output and error, from the beginning.
    """
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(output), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    pid = os.posix_spawn(command[0], list(command), env, file_actions=actions, setsid=True)
    started = psutil.Process(pid).create_time()
    write_private(record, msgspec.json.encode(Recorded(pid, started)).decode())


def recorded_process(record: Path, mark: str) -> psutil.Process | None:
    """The recorded process, if it runs and its command line has ``mark`` in it."""
    try:
        known = msgspec.json.decode(record.read_bytes(), type=Recorded)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    process = living(known.pid, mark)
    if process is None or abs(process.create_time() - known.started) > _CLOCK_S:
        return None
    return process


def living(pid: int, mark: str) -> psutil.Process | None:
    """The process of an id, if it runs and its command line has ``mark`` in it."""
    try:
        process = psutil.Process(pid)
        if has_ended(process):
            return None
        return process if any(mark in word for word in process.cmdline()) else None
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def has_ended(process: psutil.Process) -> bool:
    """Whether a process does nothing any more, be its parent told of it or not."""
    try:
        if process.status() != psutil.STATUS_ZOMBIE:
            return not process.is_running()
        # Takes the status if it is our own child; whoever else's keeps its entry, and no more.
        process.wait(0)
    except (psutil.NoSuchProcess, psutil.TimeoutExpired):
        pass
    return True


def wait_for_end(processes: Sequence[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait until all have ended, at most ``timeout_s``; those that have not."""
    deadline = time.monotonic() + timeout_s
    left = list(processes)
    while (left := [p for p in left if not has_ended(p)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def stop(name: str, processes: Sequence[psutil.Process], timeout_s: float) -> int:
    """End processes with SIGTERM, after ``timeout_s`` with SIGKILL; how many had to be killed.

    Raises :class:`ServerNotStopped`.
    """
    for process in processes:
        with _gone_is_fine():
            process.terminate()
    left = wait_for_end(processes, timeout_s)
    for process in left:
        with _gone_is_fine():
            process.kill()
    staying = wait_for_end(left, _KILL_WAIT_S)
    if staying:
        raise ServerNotStopped(server=name, pid=staying[0].pid)
    return len(left)


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except psutil.NoSuchProcess:
        return


@contextmanager
def exclusive(file: Path) -> Iterator[None]:
    """One command at a time on a server's folder; :class:`ServerBusy` after three minutes."""
    deadline = time.monotonic() + _LOCK_WAIT_S
    with file.open("a") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise ServerBusy(home=file.parent) from error
                time.sleep(0.1)
        yield


def free_ports(count: int) -> list[int]:
    """Loopback ports that nothing listens on."""
    found: list[int] = []
    held: list[socket.socket] = []
    try:
        for _ in range(1_000):
            if len(found) == count:
                return found
            port = _PORTS.start + secrets.randbelow(len(_PORTS))
            held.append(socket.socket())
            try:
                held[-1].bind((LOOPBACK, port))
                found.append(port)
            except OSError:
                continue
    finally:
        for one in held:
            one.close()
    raise OSError("no free port")


def listening(port: int) -> bool:
    """Whether something accepts connections on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def private_folder(folder: Path) -> Path:
    """The folder, made if need be, for its owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    partial = file.with_name(file.name + ".partial")
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)


def kept_password(folder: Path, name: str) -> str:
    """The password of a user, drawn at its first use and kept in a file of mode 0600."""
    file = private_folder(folder) / name
    if not file.exists():
        write_private(file, secrets.token_urlsafe(24))
    return file.read_text()


def last_lines(files: Sequence[Path], count: int = 12) -> str:
    """What the logs end with, for a message: the errors near the end, then the last lines."""
    there = sorted((f for f in files if f.exists()), key=lambda f: f.stat().st_mtime)
    lines = [n for file in there for n in file.read_text(errors="replace").splitlines()]
    near, last = lines[-_LINES_LOOKED_AT:-count], lines[-count:]
    return "\n".join([*[n for n in near if _TELLING.search(n)][-count:], *last])
