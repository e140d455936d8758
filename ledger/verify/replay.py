"""The whole log hashed anew: its head, every earlier head, and the index of every seal."""

from collections.abc import Sequence

from ledger.verify.checkpoint import Checkpoint
from ledger.verify.completeness import START, Sealed, index_leaf, link
from ledger.verify.history import History
from ledger.verify.merkle import Frontier, leaf_hash
from ledger.verify.refusal import Refused
from ledger.verify.subset import HINT_BYTES

SEALS = "seals.json"
WORK = 64
"""Leaves of indexes that are hashed in all, at most, by event of the log. The seals of a city's
year come to less than one."""
WORK_FREE = 1 << 18
"""So many are hashed in any case."""


class Replay:
    """Takes in every event from position 0. ``unlike`` is the first that has another hint."""

    def __init__(
        self,
        history: History,
        hints: bytes,
        seals: Sequence[tuple[int, int]] | None,
        held: int = 0,
    ) -> None:
        """``seals`` are the positions of sealing events, each with the position that it covers;
        None leaves the indexes unchecked, which take the most time by far.

        ``held`` is the size of a head that is compared with these events afterwards; 0 for none.
        Raises :class:`Refused` for seals that no log of as many events as hints can have.
        """
        self._history = history
        self._held = held
        self.unlike: int | None = None
        self._frontier = Frontier()
        self._roots = history.roots()
        self._hints = hints
        self._seals = None if seals is None else _by_event(seals, len(hints) // HINT_BYTES)
        self._covered = frozenset((self._seals or {}).values())
        self._work = max(WORK_FREE, WORK * (len(hints) // HINT_BYTES))
        self._wrong: Refused | None = None
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

    def take(self, subject: str, seal: Sealed | None) -> None:
        """The event hashed last is this subject's, and may be a seal.

        Raises :class:`Refused` where that is not what the list of seals says of it.
        """
        position = self._frontier.size - 1
        if self._seals is not None:
            if self._seals.get(position) != (None if seal is None else seal.position):
                raise Refused("part-malformed", part=SEALS, reason=f"{position}")
            if seal is not None:
                self._compare(seal)
        events, head, _ = self._chains.get(subject, (0, START, 0))
        self._chains[subject] = events + 1, link(head, position, self._leaf), position

    def end(self, head: Checkpoint) -> None:
        """These were all. Raises :class:`Refused` unless they lead to the head, and for the first
        seal that states another index: whether the events before it are the log's is known only
        now."""
        if self._frontier.size != head.size:
            self.broken_off(f"{self._frontier.size} < {head.size}")
        self._require(head.root)
        if self.unlike is not None:
            raise Refused("hints-altered", position=self.unlike)
        if self._wrong is not None:
            raise self._wrong

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

    def _compare(self, seal: Sealed) -> None:
        if self._indexes[seal.position] != (seal.subjects, seal.root) and self._wrong is None:
            self._wrong = Refused("seal-wrong", period=seal.period, event=seal.event)

    def _index(self) -> tuple[int, bytes]:
        """Subjects and root of the index over the events so far. Raises :class:`Refused`."""
        self._work -= len(self._chains)
        if self._work < 0:
            raise Refused("part-malformed", part=SEALS, reason=f"{len(self._covered)}")
        tree = Frontier()
        for subject in sorted(self._chains, key=str.encode):
            events, head, last = self._chains[subject]
            tree.append(leaf_hash(index_leaf(subject, events, head, last)))
        return tree.size, tree.root() if tree.size else START


def _by_event(seals: Sequence[tuple[int, int]], size: int) -> dict[int, int]:
    """What each seal covers, which is before itself. Raises :class:`Refused`."""
    last = -1
    for event, covers in seals:
        if not last < event < size or not 0 <= covers <= event:
            raise Refused("part-malformed", part=SEALS, reason=f"[{event},{covers}]")
        last = event
    return dict(seals)
