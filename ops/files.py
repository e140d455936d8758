"""Files that a command is given, and files that are there whole or not at all."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ledger.domain.errors import LedgerError, NotFound
from ledger.store.errors import NO_ROOM, StoreFull


class FileUnusable(LedgerError):
    """A file that was named is a folder, may not be read or written, or can't be there at all."""

    code, zh, en = (
        "file-unusable",
        "文件{file}无法读写:{reason}",
        "the file {file} cannot be read or written: {reason}",
    )


def write_whole(path: Path, mode: int, write: Callable[[BinaryIO], object]) -> None:
    """What ``write`` writes, durably and then under the name; nothing if it raises.

    A link is followed. What is neither a file nor free is left alone: a device would be replaced by
    a file. Raises :class:`NotFound` without the folder, StoreFull, FileUnusable.
    """
    path, partial, descriptor = _begun(path, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise refused(path, error) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def require_writable(path: Path) -> None:
    """Raise now what :func:`write_whole` would raise later for want of a folder or of a right."""
    _, partial, descriptor = _begun(path, 0o600)
    os.close(descriptor)
    partial.unlink()


def write_text(path: Path, text: str) -> None:
    """A file of a home, as :func:`write_whole` writes it."""
    write_whole(path, 0o644, lambda file: file.write(text.encode()))


def _begun(path: Path, mode: int) -> tuple[Path, Path, int]:
    """The file to be replaced, the one beside it that is written first, and that one open."""
    try:
        path = _target(path)
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        partial.unlink(missing_ok=True)  # of a process that was killed and had our number
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileNotFoundError as error:
        raise NotFound(what=str(path.parent)) from error
    except OSError as error:
        raise refused(path, error) from error
    return path, partial, descriptor


def _target(path: Path) -> Path:
    """The file to be written or replaced. Raises OSError for what is there and is none."""
    target = path.resolve() if path.is_symlink() else path
    if not target.name or target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return target


def refused(path: Path, error: OSError) -> LedgerError:
    """The error to raise for what the system said of a file: StoreFull or :class:`FileUnusable`."""
    if error.errno in NO_ROOM:
        return StoreFull(reason=error.strerror)
    return FileUnusable(file=str(path), reason=error.strerror)


def read_given(path: Path, most: int = -1) -> bytes:
    """What is in a file that the caller named, or its first ``most`` bytes.

    Raises :class:`NotFound`, FileUnusable.
    """
    try:
        with path.open("rb") as file:
            return file.read(most)
    except FileNotFoundError as error:
        raise NotFound(what=str(path)) from error
    except OSError as error:
        raise FileUnusable(file=str(path), reason=error.strerror) from error


def plain(cell: str) -> bool:
    """Whether a spreadsheet takes the cell for text, and not for a formula."""
    return cell[:1] not in ("=", "+", "-", "@", "\t", "\r")
