"""Folders for views that nobody keeps; the next process removes what a killed one left.

Each folder is held by a lock that the system gives back with the process. Whoever makes one first
removes those of the same user that nobody holds.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "benefits-ledger-views-"


class Scratch:
    """A folder in the system's temporary one, for this process alone until it is removed."""

    def __init__(self) -> None:
        sweep()
        self.path, self._handle = _held()

    @property
    def url(self) -> str:
        """A database in it, for SQLAlchemy."""
        return f"sqlite:///{self.path / 'views.db'}"

    def remove(self) -> None:
        """Remove it, and give back the lock after that."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._handle)


@contextmanager
def scratch() -> Iterator[Scratch]:
    """A folder, removed at the end."""
    made = Scratch()
    try:
        yield made
    finally:
        made.remove()


def sweep() -> None:
    """Remove the folders of this user that no process holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:  # gone by now, or another user's
            continue
        try:
            if os.fstat(handle).st_uid == os.geteuid() and _locked(handle):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


def _held() -> tuple[Path, int]:
    """A new folder under its lock; anew where another process swept it away in between."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
        try:
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        if _locked(handle) and path.exists():
            return path, handle
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
