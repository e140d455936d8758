"""Making the files of a home: one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.store.errors import StoreDenied


@contextmanager
def making(folder: Path) -> Iterator[None]:
    """Alone among those that make files in a folder; others wait until this one has.

    Where two connections turn a new file to a write-ahead log SQLite refuses one of them, however
    long it was told to wait. Raises :class:`StoreDenied` where the folder cannot be opened.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise StoreDenied(reason=f"{folder.name}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
