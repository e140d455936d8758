"""The whole log hashed anew: its head, every earlier head, and the index of every seal."""

from collections.abc import Sequence

from ledger.verify.checkpoint import Checkpoint
from ledger.verify.completeness import START, Sealed, index_leaf, link
from ledger.verify.history import History
from ledger.verify.merkle import Frontier, leaf_hash
from ledger.verify.refusal import Refused
from ledger.verify.subset import HINT_BYTES


class Replay:
    """Takes in every event from position 0. ``unlike`` is the first that has another hint."""

    def __init__(
        self, history: History, hints: bytes, seals: Sequence[tuple[int, int]], held: int = 0
    ) -> None:
        """``seals`` are the positions of sealing events, each with the position that it covers.

        ``held`` is the size of a head that is compared with these events afterwards; 0 for none.
        """
        self._history = history
        self._held = held
        self.unlike: int | None = None
        self._frontier = Frontier()
        self._roots = history.roots()
        self._hints = hints
        self._covered = {covers for _, covers in seals}
        self._indexes: dict[int, tuple[int, bytes]] = {}
        self._chains: dict[str, tuple[int, bytes, int]] = {}
        self._leaf = b""
        self._good = 0

    def hash(self, raw: bytes) -> bool:
        """Hash the next event; whether it still pays to look into it.

        Raises :class:`Refused` at the first earlier head that these events do not lead to.
        """
        position = self._frontier.size
        if position in self._covered and self.unlike is None:
            self._indexes[position] = self._index()
        self._leaf = leaf_hash(raw)
        self._frontier.append(self._leaf)
        if self.unlike is None:
            hint = self._hints[position * HINT_BYTES : (position + 1) * HINT_BYTES]
            if not self._leaf.startswith(hint):
                self.unlike = position
        if position + 1 == self._held:
            self._history.learn(self._held, self._frontier.root())
        root = self._roots.get(position + 1)
        if root is not None:
            self._require(root)
        return self.unlike is None

    def take(self, subject: str) -> None:
        """The event hashed last is this subject's."""
        position = self._frontier.size - 1
        events, head, _ = self._chains.get(subject, (0, START, 0))
        self._chains[subject] = events + 1, link(head, position, self._leaf), position

    def seal(self, seal: Sealed) -> None:
        """The event hashed last is this seal. Raises :class:`Refused` if its index is wrong."""
        if self._indexes.get(seal.position) != (seal.subjects, seal.root):
            raise Refused("seal-wrong", period=seal.period, event=seal.event)

    def end(self, head: Checkpoint) -> None:
        """These were all. Raises :class:`Refused` unless they lead to the head."""
        if self._frontier.size != head.size:
            self.broken_off(f"{self._frontier.size} < {head.size}")
        self._require(head.root)
        if self.unlike is not None:
            raise Refused("hints-altered", position=self.unlike)

    def broken_off(self, reason: str) -> None:
        """There are more or fewer events than there should be. Raises :class:`Refused`."""
        if self.unlike is not None:
            raise Refused("event-altered", position=self.unlike)
        raise Refused("positions", reason=reason)

    def _require(self, root: bytes) -> None:
        if self._frontier.root() == root:
            self._good = self._frontier.size
        elif self.unlike is not None:
            raise Refused("event-altered", position=self.unlike)
        else:
            raise Refused("log-altered", first=self._good, last=self._frontier.size - 1)

    def _index(self) -> tuple[int, bytes]:
        """Subjects and root of the index over the events so far."""
        tree = Frontier()
        for subject in sorted(self._chains, key=str.encode):
            events, head, last = self._chains[subject]
            tree.append(leaf_hash(index_leaf(subject, events, head, last)))
        return tree.size, tree.root() if tree.size else START
