"""The log as a directory of static files that any client of transparency logs reads: C2SP
tlog-tiles.

``checkpoint`` is the signed note whose size the directory has, ``tile/<L>/<N>`` are hashes,
``tile/entries/<N>`` the events' bytes. A later export adds what is new: a full tile that is there
is never written again. Files appear whole, and the checkpoint last, so that a reader at any moment,
and after a kill at any moment, finds all that the checkpoint promises.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from ledger.domain.errors import LedgerError, NotFound
from ledger.log.errors import OutsideLog
from ledger.log.merkle_log import Log
from ledger.log.tree import TILE_WIDTH, Tile, tile_path, tiles_of
from ledger.verify.checkpoint import Checkpoint
from ledger.verify.merkle import HASH_BYTES
from ledger.verify.note import NoteRefused, split_note
from ops.files import FileUnusable, write_whole

MODE = 0o640
"""Events say which pseudonym received what: not for everybody on the machine."""


class CheckpointRefused(LedgerError):
    code, zh, en = (
        "checkpoint-refused",
        "{what}不是本日志签名的检查点:{reason}",
        "{what} is no checkpoint that this log signed: {reason}",
    )


class CheckpointDiffers(LedgerError):
    """Signed was another log, or this log before it was rewritten."""

    code, zh, en = (
        "checkpoint-differs",
        "检查点({size}个事件)的根与本日志不同:二者不是同一日志,或日志已被改写",
        "the checkpoint of {size} events has another root than this log: it is another log's, or "
        "the log was rewritten",
    )
    exit_code = 3


class ExportAhead(LedgerError):
    code, zh, en = (
        "export-ahead",
        "目录{folder}已导出{found}个事件,检查点只有{size}个",
        "{folder} already has {found} events, the checkpoint only {size}",
    )
    exit_code = 3


class ExportDiffers(LedgerError):
    code, zh, en = (
        "export-differs",
        "目录{folder}中的{file}与本日志不同,未作改动",
        "{file} in {folder} is not this log's; nothing of it was changed",
    )
    exit_code = 3


class Exported(NamedTuple):
    """How many events the directory has, how many it had, and how many files were written."""

    size: int
    before: int
    files: int


def require_head(log: Log, checkpoint: Checkpoint) -> None:
    """Raises :class:`CheckpointDiffers` unless the log once had this head, and OutsideLog."""
    if log.tree(checkpoint.size).root() != checkpoint.root:
        raise CheckpointDiffers(size=checkpoint.size)


def export(
    log: Log, folder: Path, note: bytes, report: Callable[[int, int], None] = lambda *_: None
) -> Exported:
    """Bring a directory to the size of a checkpoint, whose signatures the caller has verified.

    Raises :class:`CheckpointDiffers`, :class:`ExportAhead`, :class:`ExportDiffers`,
    :class:`CheckpointRefused`, OutsideLog, StoreFull and FileUnusable for what can't be written.
    """
    signed = _said(note, "checkpoint")
    require_head(log, signed)
    before = _exported(log, folder)
    if before > signed.size:
        raise ExportAhead(folder=str(folder), found=before, size=signed.size)
    files = 0
    for tile, path, content in _files(log, before, signed.size):
        files += _write(folder, path, content)
        if path.startswith(_ENTRIES):
            report(tile.number * TILE_WIDTH + tile.width, signed.size)
    files += _replace(folder, note)
    for tile in tiles_of(signed.size, old_size=before):
        if tile.width == TILE_WIDTH:
            _drop_partial(folder, tile)
    return Exported(signed.size, before, files)


def _said(note: bytes, what: str) -> Checkpoint:
    """What a note says, whoever signed it."""
    try:
        return Checkpoint.parse(split_note(note)[0])
    except NoteRefused as error:
        raise CheckpointRefused(what=what, reason=str(error)) from error


_ENTRIES = "tile/entries/"


def _exported(log: Log, folder: Path) -> int:
    """The size that the directory has: 0 without a checkpoint."""
    file = folder / "checkpoint"
    try:
        note = file.read_bytes()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise FileUnusable(file=str(file), reason=error.strerror) from error
    there = _said(note, str(file))
    try:
        require_head(log, there)
    except (CheckpointDiffers, OutsideLog):
        raise ExportDiffers(folder=str(folder), file="checkpoint") from None
    return there.size


def _files(log: Log, before: int, size: int) -> Iterator[tuple[Tile, str, bytes]]:
    """The files that a directory of ``before`` events lacks: a tile, its path, its content."""
    for tile in tiles_of(size, old_size=before):
        hashes = log.tiles.tile(tile.level, tile.number)[: tile.width * HASH_BYTES]
        yield tile, f"tile/{tile.path}", hashes
    first = before // TILE_WIDTH * TILE_WIDTH
    bundle: list[bytes] = []
    number = before // TILE_WIDTH
    for batch in log.entries(first, size):
        for _, raw in batch:
            bundle.append(len(raw).to_bytes(2, "big") + raw)
            if len(bundle) == TILE_WIDTH:
                yield _bundle(number, bundle)
                number, bundle = number + 1, []
    if bundle:
        yield _bundle(number, bundle)


def _bundle(number: int, entries: list[bytes]) -> tuple[Tile, str, bytes]:
    width = len(entries)
    return Tile(0, number, width), _ENTRIES + tile_path(number, width), b"".join(entries)


def _write(folder: Path, name: str, content: bytes) -> int:
    """Write a file that is not there; 0 if it is, and the same. Raises :class:`ExportDiffers`."""
    path = folder / name
    try:
        if path.read_bytes() == content:
            return 0
        raise ExportDiffers(folder=str(folder), file=name)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise FileUnusable(file=str(path), reason=error.strerror) from error
    return _replace(folder, content, name)


def _replace(folder: Path, content: bytes, name: str = "checkpoint") -> int:
    path = folder / name
    try:
        write_whole(path, MODE, lambda file: file.write(content))
    except NotFound:
        _make(path.parent)
        write_whole(path, MODE, lambda file: file.write(content))
    return 1


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileUnusable(file=str(folder), reason=error.strerror) from error


def _drop_partial(folder: Path, tile: Tile) -> None:
    """Remove what was written of a tile before it was full, as the specification allows."""
    names = [f"tile/{tile.path}"]
    if tile.level == 0:
        names.append(_ENTRIES + tile_path(tile.number))
    for name in names:
        shutil.rmtree(folder / f"{name}.p", ignore_errors=True)
