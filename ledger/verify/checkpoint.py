"""Checkpoints of a log, and the policy by which one is final.

A checkpoint is C2SP tlog-checkpoint: a note of the log's name, how many leaves its tree has and the
tree's head. Witnesses cosign it below the log's own signature. A policy is C2SP tlog-policy with
one group of witnesses, of which k have to have cosigned for a checkpoint to be *final*; before
that it is *pending*: the operator's word alone.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ledger.verify.merkle import HASH_BYTES
from ledger.verify.note import (
    COSIGNATURE,
    LOG_SIGNATURE,
    NoteRefused,
    Signature,
    VerifierKey,
    from_base64,
    open_note,
)

MAX_SIZE = 2**63 - 1
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log's tree."""

    origin: str
    """The log's name."""
    size: int
    """Leaves: the positions below it are in the tree."""
    root: bytes
    """32 bytes."""
    extensions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: bytes) -> "Checkpoint":
        """The text of a note, to the byte. Raises :class:`NoteRefused`."""
        try:
            lines = text.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            raise NoteRefused("the checkpoint is not UTF-8") from None
        if lines.pop() != "" or len(lines) < 3 or "" in lines:
            raise NoteRefused("a checkpoint is three or more lines, none of them empty")
        origin, size, root, *extensions = lines
        hashed = from_base64(root)
        if len(hashed) != HASH_BYTES:
            raise NoteRefused(f"the root of a checkpoint has {HASH_BYTES} bytes")
        return cls(origin, parse_size(size), hashed, tuple(extensions))

    def text(self) -> bytes:
        """What is signed."""
        root = b64encode(self.root).decode()
        return "".join(f"{x}\n" for x in (self.origin, self.size, root, *self.extensions)).encode()


class OpenedCheckpoint(NamedTuple):
    """A checkpoint that its log signed, with the cosignatures of known witnesses."""

    checkpoint: Checkpoint
    log_signatures: tuple[Signature, ...]
    cosignatures: tuple[Signature, ...]
    """Each with its time; a witness may have signed more than once."""

    @property
    def witnesses(self) -> frozenset[bytes]:
        """The public keys of those that cosigned."""
        return frozenset(s.key.public for s in self.cosignatures)


def parse_size(text: str) -> int:
    """ASCII decimal without leading zeros. Raises :class:`NoteRefused`."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise NoteRefused("a size is a decimal number without leading zeros")
    return int(text)


def open_checkpoint(
    note: bytes, log_keys: Sequence[VerifierKey], witness_keys: Sequence[VerifierKey] = ()
) -> OpenedCheckpoint:
    """The checkpoint of a note, if its log signed it and no known signature is bad.

    The key has to be one of ``log_keys`` and bear the name of the checkpoint's origin. Raises
    :class:`NoteRefused`; for an empty log too, whose head proves nothing.
    """
    require_kind(log_keys, LOG_SIGNATURE)
    require_kind(witness_keys, COSIGNATURE)
    opened = open_note(note, [*log_keys, *witness_keys])
    checkpoint = Checkpoint.parse(opened.text)
    if checkpoint.size == 0:
        raise NoteRefused("the checkpoint is that of an empty log")
    by_log = tuple(s for s in opened.signatures if s.time is None)
    if not by_log:
        raise NoteRefused("the checkpoint is not signed by a known key of its log")
    if any(s.key.name != checkpoint.origin for s in by_log):
        raise NoteRefused(f"the checkpoint of {checkpoint.origin} is signed in another log's name")
    return OpenedCheckpoint(
        checkpoint, by_log, tuple(s for s in opened.signatures if s.time is not None)
    )


def require_kind(keys: Sequence[VerifierKey], algorithm: int) -> None:
    """Raises :class:`NoteRefused`: a log's key must not count as a witness's, nor the reverse."""
    for key in keys:
        if key.algorithm != algorithm:
            raise NoteRefused(f"{key.name}+{key.id.hex()} is not a key of this kind")


@dataclass(frozen=True, slots=True)
class Policy:
    """Which witnesses there are, and how many of them make a checkpoint final.

    With ``k`` of zero nothing is ever final: nobody but the operator vouches for the log.
    """

    k: int
    witnesses: tuple[VerifierKey, ...]
    logs: tuple[VerifierKey, ...] = ()
    urls: tuple[tuple[bytes, str], ...] = ()
    """The submission prefix of a witness, by its public key."""

    def __post_init__(self) -> None:
        """Raises :class:`NoteRefused`."""
        require_kind(self.witnesses, COSIGNATURE)
        require_kind(self.logs, LOG_SIGNATURE)
        for keys in (self.witnesses, self.logs):
            if len({key.public for key in keys}) != len(keys):
                raise NoteRefused("a policy names the same key twice")
        if {key.public for key in self.logs} & {key.public for key in self.witnesses}:
            raise NoteRefused("a log is named as its own witness")
        if not 0 <= self.k <= len(self.witnesses):
            raise NoteRefused(f"{self.k} of {len(self.witnesses)} witnesses cannot be a quorum")

    def final(self, opened: OpenedCheckpoint) -> bool:
        """Whether enough of its witnesses cosigned."""
        mine = {key.public for key in self.witnesses}
        return 0 < self.k <= len(mine & opened.witnesses)

    def url(self, witness: VerifierKey) -> str | None:
        """Where a witness is asked."""
        return dict(self.urls).get(witness.public)

    def text(self) -> str:
        """As :meth:`parse` reads it."""
        lines = [f"log {key}" for key in self.logs]
        names = [f"w{number}" for number in range(1, len(self.witnesses) + 1)]
        for name, key in zip(names, self.witnesses, strict=True):
            url = self.url(key)
            lines.append(f"witness {name} {key}" + (f" {url}" if url else ""))
        if self.k:
            lines.append(f"group witnesses {self.k} {' '.join(names)}")
        lines.append(f"quorum {'witnesses' if self.k else 'none'}")
        return "\n".join(lines) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """C2SP tlog-policy with at most one group, that of all its witnesses.

        Raises :class:`NoteRefused`, naming the line.
        """
        reader = _PolicyReader()
        for number, line in enumerate(text.split("\n"), start=1):
            words = line.replace("\t", " ").split(" ")
            words = [word for word in words if word]
            if not words or words[0].startswith("#"):
                continue
            try:
                reader.take(words)
            except NoteRefused as error:
                raise NoteRefused(f"policy, line {number}: {error}") from None
        return reader.policy()


class _PolicyReader:
    def __init__(self) -> None:
        self._logs: list[VerifierKey] = []
        self._witnesses: dict[str, VerifierKey] = {}
        self._urls: list[tuple[bytes, str]] = []
        self._groups: dict[str, tuple[int, list[str]]] = {}
        self._quorum: tuple[int, list[str]] | None = None

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                self._logs.append(VerifierKey.parse(vkey))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._require_new(name)
                self._witnesses[name] = key = VerifierKey.parse(vkey)
                self._urls += [(key.public, at) for at in url]
            case ["group", name, k, *members] if members:
                self._require_new(name)
                self._groups[name] = self._group(k, members)
            case ["quorum", name] if self._quorum is None:
                self._quorum = self._named(name)
            case _:
                raise NoteRefused(f"not understood: {words[0]}")

    def policy(self) -> Policy:
        if self._quorum is None:
            raise NoteRefused("the policy has no quorum")
        k, members = self._quorum
        if k and set(members) != set(self._witnesses):
            raise NoteRefused("the policy has witnesses outside the one group of its quorum")
        return Policy(k, tuple(self._witnesses.values()), tuple(self._logs), tuple(self._urls))

    def _require_new(self, name: str) -> None:
        if name == "none" or name in self._witnesses or name in self._groups:
            raise NoteRefused(f"the name {name} is taken")

    def _group(self, k: str, members: list[str]) -> tuple[int, list[str]]:
        if unknown := [m for m in members if m not in self._witnesses]:
            raise NoteRefused(f"{unknown[0]} is not a witness named above")
        if len(set(members)) != len(members):
            raise NoteRefused("a group names a witness twice")
        count = {"all": len(members), "any": 1}.get(k) or parse_size(k)
        if not 1 <= count <= len(members):
            raise NoteRefused(f"a group of {len(members)} witnesses has no {count}")
        return count, members

    def _named(self, name: str) -> tuple[int, list[str]]:
        if name == "none":
            return 0, []
        if name in self._witnesses:
            return 1, [name]
        if name in self._groups:
            return self._groups[name]
        raise NoteRefused(f"{name} is neither a witness nor a group named above")
