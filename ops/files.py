"""Files that a command is given, and files that are there whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ledger.domain.errors import InvalidValue, NotFound
from ledger.store.errors import NO_ROOM, StoreFull


def write_whole(path: Path, mode: int, write: Callable[[BinaryIO], object]) -> None:
    """What ``write`` writes, durably and then under the name.

    Raises :class:`NotFound` without the folder, StoreFull, InvalidValue for a path that can't be
    written.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except FileNotFoundError as error:
        raise NotFound(what=str(path.parent)) from error
    except OSError as error:
        partial.unlink(missing_ok=True)
        if error.errno in NO_ROOM:
            raise StoreFull(reason=error.strerror) from error
        raise InvalidValue(field=str(path), value=error.strerror) from error


def read_given(path: Path) -> bytes:
    """What is in a file that the caller named. Raises :class:`NotFound`, InvalidValue."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(what=str(path)) from error
    except OSError as error:
        raise InvalidValue(field=str(path), value=error.strerror) from error


def plain(cell: str) -> bool:
    """Whether a spreadsheet takes the cell for text, and not for a formula."""
    return cell[:1] not in ("=", "+", "-", "@", "\t", "\r")
