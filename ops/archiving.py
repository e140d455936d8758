"""A home's archive: brought up to its log, and held against the heads that were signed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ledger.log.merkle_log import Log
from ledger.verify.checkpoint import OpenedCheckpoint, Policy, open_checkpoint
from ledger.verify.merkle import ProofRefused
from ledger.verify.note import COSIGNATURE, LOG_SIGNATURE, NoteRefused, VerifierKey
from ledger.verify.refusal import printable
from ops.home import Home
from ops.tlog_tiles import CheckpointRefused
from projections.archive.errors import ArchiveDamaged, ArchiveStale
from projections.archive.manifest import FILE, Manifest
from projections.archive.signed import Head, Signed, reached, require_continued
from projections.archive.writing import extend

NEWEST = 12
"""How many of the newest signed heads an archive is compared with: each continues those before."""


class Archived(NamedTuple):
    """An archive after it was brought up, and how far it is under a signed head."""

    manifest: Manifest
    signed: Signed


def signed_heads(home: Home, within: int) -> list[Head]:
    """The newest heads of at most ``within`` events that this home signed.

    Raises :class:`~ledger.log.errors.NoteInvalid`.
    """
    signer = home.signer()
    with home.store.heads() as heads:
        newest = heads.newest(NEWEST, within=within)
    return [_head(signer.opened(head), signer.policy) for head in newest]


def kept_head(
    note: bytes, source: str, keys: Sequence[VerifierKey], policy: Policy, manifest: Manifest
) -> Head:
    """The head in a note that somebody kept, to be compared with an archive. It is final by all
    witnesses named, or where none is by the policy.

    Raises :class:`CheckpointRefused`, also for a head of another log than the archive's, and
    :class:`ArchiveStale` for one that the archive does not reach.
    """
    logs = [key for key in keys if key.algorithm == LOG_SIGNATURE]
    named = tuple(key for key in keys if key.algorithm == COSIGNATURE)
    try:
        asked = Policy(len(named), named) if named else policy
        opened = open_checkpoint(note, logs, asked.witnesses)
    except NoteRefused as error:
        raise CheckpointRefused(what=source, reason=str(error)) from error
    kept = opened.checkpoint
    if kept.origin != manifest.origin:
        reason = f"it is of {kept.origin}, the archive of {manifest.origin}"
        raise CheckpointRefused(what=source, reason=printable(reason))
    if kept.size > manifest.end:
        raise ArchiveStale(found=manifest.end, held=kept.size)
    return _head(opened, asked)


def _head(opened: OpenedCheckpoint, policy: Policy) -> Head:
    return Head(opened.checkpoint.size, opened.checkpoint.root, policy.final(opened))


def bring_up(
    home: Home,
    folder: Path,
    *,
    segment_size: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Archived:
    """Archive what is new, of a log and into an archive that continue what was signed.

    Raises :class:`ArchiveHeadDiffers` before anything is written where the log is not the one that
    was signed, and what :func:`~projections.archive.writing.extend` raises.
    """
    log = home.log
    if size := log.size():
        _require_continued(log, signed_heads(home, size), size, log.tree(size).root())
    made = extend(folder, home.feed, home.origin, segment_size=segment_size, progress=progress)
    heads = signed_heads(home, made.end)
    if made.segments:
        last = made.segments[-1]
        try:
            root = last.tree.frontier().root()
        except (ProofRefused, ValueError) as error:
            raise ArchiveDamaged(segment=FILE, position=last.last, what=str(error)) from error
        _require_continued(log, heads, made.end, root)
    return Archived(made, reached(heads, made.end))


def _require_continued(log: Log, heads: Sequence[Head], size: int, root: bytes) -> None:
    tree = log.tree(size)
    require_continued(heads, size, root, tree.consistency_proof)
