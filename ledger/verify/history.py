"""Earlier heads of the log, each proven to be one that the bundle's head continues."""

from ledger.verify.checkpoint import Checkpoint
from ledger.verify.container import json_value
from ledger.verify.merkle import ProofRefused, verify_consistency
from ledger.verify.note import NoteRefused, split_note
from ledger.verify.refusal import Refused

PART = "history.json"


class History:
    """Checkpoints before the bundle's, by ascending size; every one was checked."""

    def __init__(self, head: Checkpoint) -> None:
        self.notes: tuple[bytes, ...] = ()
        self._head = head
        self._roots: dict[int, bytes] = {}
        self._learned: dict[int, bytes] = {}

    @classmethod
    def read(cls, raw: bytes, head: Checkpoint) -> "History":
        """From the part. Raises :class:`Refused` for one that is not of this log."""
        history = cls(head)
        listed = json_value(raw, PART)
        if not isinstance(listed, list):
            raise Refused("part-malformed", part=PART, reason="[]")
        notes, last = [], 0
        for each in listed:
            try:
                note = each["note"].encode()
                proof = [bytes.fromhex(h) for h in each["proof"]]
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise Refused("part-malformed", part=PART, reason=repr(error)) from None
            earlier = parsed(note)
            if earlier.origin != head.origin:
                raise Refused("origin", found=earlier.origin, wanted=head.origin)
            if not last < earlier.size:
                raise Refused("part-malformed", part=PART, reason=f"size {earlier.size}")
            require_consistent(earlier, head, proof)
            last = earlier.size
            notes.append(note)
            history._roots[earlier.size] = earlier.root
        history.notes = tuple(notes)
        return history

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of the earlier heads."""
        return tuple(self._roots)

    def roots(self) -> dict[int, bytes]:
        """The roots of the earlier heads by their size."""
        return dict(self._roots)

    def learn(self, size: int, root: bytes) -> None:
        """The root of a size as the whole log's events yield it, whose head is not listed."""
        self._learned.setdefault(size, root)

    def require(self, held: Checkpoint) -> None:
        """The head that was kept is one of these, or the bundle's own. Raises :class:`Refused`."""
        head = self._head
        if held.size > head.size:
            raise Refused("stale", found=head.size, held=held.size)
        root = {**self._learned, **self._roots, head.size: head.root}.get(held.size)
        if root is None:
            raise Refused("no-consistency", held=held.size, found=head.size)
        if root != held.root:
            raise Refused("inconsistent", old=held.size, new=head.size, reason="root")


def parsed(note: bytes) -> Checkpoint:
    """What a note says, whoever signed it. Raises :class:`Refused`."""
    if not note:
        raise Refused("empty", what="checkpoint")
    try:
        return Checkpoint.parse(split_note(note)[0])
    except NoteRefused as error:
        raise Refused("note", reason=error) from None


def require_consistent(old: Checkpoint, new: Checkpoint, proof: list[bytes]) -> None:
    """Raises :class:`Refused` unless the proof leads from one head to the other."""
    try:
        verify_consistency(old.size, new.size, old.root, new.root, proof)
    except ProofRefused as error:
        raise Refused("inconsistent", old=old.size, new=new.size, reason=error) from None
