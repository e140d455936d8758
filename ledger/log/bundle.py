"""Writes bundles: events with all that proves them, in one zip that needs no server to be read.

The format is what :mod:`ledger.verify` reads. The same log, scope and checkpoint give the same
bytes. Events are written as the log is read, so that a bundle of the whole log is never in memory.
"""

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import IO, Any

from ledger.codec import canonical, decode, division_of, effective_of, subject_of, type_name
from ledger.domain.errors import NotFound
from ledger.domain.events.seal import ProjectionSealed
from ledger.log.completeness import Chains, SubjectIndex
from ledger.log.errors import BundleForeign, BundleTooLarge, NothingSealed
from ledger.log.feed import Record
from ledger.log.merkle_log import Log
from ledger.log.tree import Tree
from ledger.store.errors import StoreDamaged
from ledger.verify.checkpoint import Checkpoint
from ledger.verify.completeness import IndexProof
from ledger.verify.container import EVENTS, FORMAT, MANIFEST, limit_of
from ledger.verify.history import parsed
from ledger.verify.merkle import leaf_hash
from ledger.verify.scope import SEAL, Scope, division_prefix
from ledger.verify.subset import HINT_BYTES, Runs, hashed_together, split

PART_BYTES = 1 << 27
"""Events go on in a new part after so many bytes."""
_SEAL = SEAL.encode()
Indexes = Callable[[int, bytes], SubjectIndex | None]
"""The index kept for a position, if there is one with this root."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a bundle beside events and proofs.

    ``checkpoint`` is the signed note of the log's head to prove against, ``earlier`` are notes of
    smaller ones. ``documents`` are files by name, below ``schemas/`` and ``catalog/``; ``claims``
    are figures to be compared with what the events yield, less those that they leave out.
    ``unsealed`` lets a person's bundle be written where nothing was sealed, without any proof that
    it is complete.
    """

    scope: Scope
    checkpoint: bytes
    earlier: Sequence[bytes] = ()
    documents: Mapping[str, bytes] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    unsealed: bool = False


def write_bundle(
    out: IO[bytes],
    log: Log,
    contents: Contents,
    *,
    indexes: Indexes = lambda position, root: None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write a bundle to a seekable file; how many events are in it.

    Raises :class:`BundleForeign` for a checkpoint that is not of this log, NothingSealed for a
    person where nothing was sealed, BundleTooLarge for more than the verifier reads.
    """
    head = parsed(contents.checkpoint)
    tree = log.tree(head.size)
    if tree.root() != head.root:
        raise BundleForeign(size=head.size)
    history = _history(contents, head, log, tree)
    with zipfile.ZipFile(out, "w") as archive:
        parts = _Parts(archive)
        found = _Selection(log, contents, head.size).write(parts, progress)
        if not found.positions:
            raise NotFound(what=f"{contents.scope.kind} {contents.scope.value}")
        runs = Runs.of(found.positions, head.size)
        parts.put("checkpoint", contents.checkpoint)
        parts.put("history.json", canonical(history))
        parts.put("positions.json", canonical([list(run) for run in runs.runs]))
        parts.put("hints.bin", bytes(found.hints), packed=False)
        if contents.scope.kind == "all":
            seals = [[at, sealed.position] for at, sealed in found.seals]
            parts.put("seals.json", canonical(seals))
        else:
            parts.put("tree.bin", b"".join(_pairs(tree, runs, 0, head.size)), packed=False)
        if contents.scope.kind == "person":
            proofs = _completeness(log, contents.scope, found, indexes) if found.seals else []
            parts.put("completeness.json", canonical(proofs))
        parts.put("claims.json", canonical(dict(contents.claims)))
        for name, raw in sorted(contents.documents.items()):
            parts.put(name, raw)
        parts.close({"origin": head.origin, "scope": contents.scope.as_dict(), "size": head.size})
    return len(runs)


@dataclass(slots=True)
class _Found:
    positions: list[int] = field(default_factory=list)
    hints: bytearray = field(default_factory=bytearray)
    seals: list[tuple[int, ProjectionSealed]] = field(default_factory=list)


class _Parts:
    """The parts of a zip as they are written, and what the manifest says of them."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._listed: dict[str, dict[str, Any]] = {}

    def put(self, name: str, raw: bytes, *, packed: bool = True) -> None:
        _require_within(name, raw)
        self._listed[name] = {"bytes": len(raw), "sha256": sha256(raw).hexdigest()}
        self._archive.writestr(_info(name, packed), raw)

    def stream(self, name: str, chunks: Iterator[bytes]) -> None:
        state, size = sha256(), 0
        with self._archive.open(_info(name), "w") as part:
            for chunk in chunks:
                state.update(chunk)
                size += len(chunk)
                part.write(chunk)
        self._listed[name] = {"bytes": size, "sha256": state.hexdigest()}

    def close(self, manifest: Mapping[str, Any]) -> None:
        made = {**manifest, "format": FORMAT, "parts": self._listed}
        raw = canonical(made)
        _require_within(MANIFEST, raw)
        self._archive.writestr(_info(MANIFEST), raw)


def _require_within(name: str, raw: bytes) -> None:
    """Raises :class:`BundleTooLarge`."""
    if len(raw) > limit_of(name):
        raise BundleTooLarge(part=name, size=len(raw), limit=limit_of(name))


def _info(name: str, packed: bool = True) -> zipfile.ZipInfo:
    """An entry without time, owner or system, so that equal contents are equal files."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = 0o644 << 16
    info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    return info


class _Selection:
    """The events of a scope, written as the log is read."""

    def __init__(self, log: Log, contents: Contents, size: int) -> None:
        self._log = log
        self._scope, self._unsealed = contents.scope, contents.unsealed
        self._size = size
        self._with = {each["discard"] for each in contents.claims.get("passed_over", [])}
        self._found = _Found()

    def write(self, parts: _Parts, progress: Callable[[int, int], None] | None) -> _Found:
        """Every event of the scope into parts of bounded size."""
        lines = self._lines(progress)
        for number, first in enumerate(lines):
            parts.stream(f"{EVENTS}{number:05d}.ndjson", _bounded(first, lines))
        return self._found

    def _lines(self, progress: Callable[[int, int], None] | None) -> Iterator[bytes]:
        chosen = self._chosen(progress)
        if self._scope.kind == "person":
            kept = list(chosen)
            if not self._unsealed or any(type_name(raw) == _SEAL for _, raw in kept):
                kept = with_last_seal(kept, membership(self._scope))
            chosen = iter(kept)
        for position, raw in chosen:
            yield self._take(position, raw)

    def _chosen(self, progress: Callable[[int, int], None] | None) -> Iterator[Record]:
        """Events of the scope; for a person every seal with them, and any that decided of what the
        claims leave out."""
        person, within = self._scope.kind == "person", membership(self._scope)
        for batch in self._log.entries(0, self._size):
            for record in batch:
                raw = record[1]
                if within(raw) or (person and type_name(raw) == _SEAL) or record[0] in self._with:
                    yield record
            if progress is not None:
                progress(batch[-1][0] + 1, self._size)

    def _take(self, position: int, raw: bytes) -> bytes:
        self._found.positions.append(position)
        self._found.hints += leaf_hash(raw)[:HINT_BYTES]
        if type_name(raw) == _SEAL:
            self._found.seals.append((position, decode(raw).data))
        return raw + b"\n"


def with_last_seal(chosen: Sequence[Record], within: Callable[[bytes], bool]) -> list[Record]:
    """Of the seals only the one that covers most, the last of them if several do.

    Raises :class:`NothingSealed`.
    """
    seals = [(decode(raw).data.position, at) for at, raw in chosen if type_name(raw) == _SEAL]
    if not seals:
        raise NothingSealed()
    _, last = max(seals)
    return [(at, raw) for at, raw in chosen if at == last or within(raw) or type_name(raw) != _SEAL]


def _bounded(first: bytes, lines: Iterator[bytes]) -> Iterator[bytes]:
    size = len(first)
    yield first
    while size < PART_BYTES and (line := next(lines, None)) is not None:
        size += len(line)
        yield line


def membership(scope: Scope) -> Callable[[bytes], bool]:
    """Whether an event's bytes belong to the scope, read without decoding."""
    match scope.kind:
        case "person":
            subjects = {s.encode() for s in scope.subjects}
            return lambda raw: subject_of(raw) in subjects
        case "division":
            prefix = division_prefix(scope.value).encode()
            return lambda raw: division_of(raw).startswith(prefix)
        case "year":
            year = scope.value.encode()
            return lambda raw: effective_of(raw).startswith(year)
        case _:
            return lambda raw: True


def _pairs(tree: Tree, runs: Runs, first: int, end: int) -> Iterator[bytes]:
    """The children of every node above an event, as the verifier comes to them."""
    given = runs.count(first, end)
    if not given or hashed_together(given, first, end):
        return
    middle = split(first, end)
    yield tree.subtree(first, middle) + tree.subtree(middle, end)
    yield from _pairs(tree, runs, first, middle)
    yield from _pairs(tree, runs, middle, end)


def _history(contents: Contents, head: Checkpoint, log: Log, tree: Tree) -> list[dict[str, Any]]:
    """Earlier heads with their proofs, one a size. Raises :class:`BundleForeign`."""
    notes = {parsed(note).size: note for note in contents.earlier}
    listed = []
    for size, note in sorted(notes.items()):
        earlier = parsed(note)
        known = earlier.origin == head.origin and size <= head.size
        if not known or log.tree(size).root() != earlier.root:
            raise BundleForeign(size=size)
        if size == head.size:
            continue
        proof = [h.hex() for h in tree.consistency_proof(size)]
        listed.append({"note": note.decode(), "proof": proof})
    return listed


def _completeness(log: Log, scope: Scope, found: _Found, indexes: Indexes) -> list[dict[str, Any]]:
    """For each subject its leaf of the sealed index, or the two between which it would be."""
    at, sealed = max(found.seals, key=lambda each: (each[1].position, each[0]))
    root = bytes.fromhex(sealed.index.root)
    index = indexes(sealed.position, root) or recomputed_index(log, sealed.position)
    if index.root != root:
        raise StoreDamaged(reason=f"seal {sealed.period}: index")
    proofs: list[dict[str, Any]] = []
    for subject in scope.subjects:
        present = index.present(subject)
        if present is not None:
            proofs.append({"present": _stated(present), "seal": at, "subject": subject})
            continue
        before, after = index.neighbors(subject)
        proof = {"after": _stated(after), "before": _stated(before)}
        proofs.append({**proof, "seal": at, "subject": subject})
    return proofs


def recomputed_index(log: Log, position: int) -> SubjectIndex:
    """The index over the first ``position`` events, from the events themselves."""
    chains = Chains()
    for batch in log.entries(0, position):
        chains.take(batch)
    return chains.index()


def _stated(proof: IndexProof | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    hashes = [h.hex() for h in proof.proof]
    return {"index": proof.index, "leaf": proof.leaf.decode(), "proof": hashes}
