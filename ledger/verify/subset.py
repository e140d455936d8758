"""Some events of a log, proven together: every shared step of their proofs is there once.

From the root down, every node above a proven event states its two children, and must hash to what
its parent stated; a node all of whose leaves are given, 256 at most, is hashed from them instead.
So a wrong event is told by its position, and not only that something is wrong. Where the whole log
is given, it is hashed from the first event on and nothing needs stating.

A *hint* is the first 8 bytes of an event's leaf hash. Hints prove nothing; they say which event of
several hashed together is the wrong one.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from ledger.verify.merkle import HASH_BYTES, Frontier, leaf_hash, node_hash
from ledger.verify.refusal import Refused

BLOCK = 256
"""So many leaves at most are hashed together where all of them are given."""
HINT_BYTES = 8
PAIR_BYTES = 2 * HASH_BYTES

Accept = Callable[[int, bytes, bytes], None]
"""Called with position, leaf hash and bytes of an event that is proven, in order."""


class Runs:
    """Positions as runs of consecutive ones, ascending, apart from each other."""

    def __init__(self, runs: Sequence[tuple[int, int]], size: int) -> None:
        """``runs`` are (first position, how many), below ``size``. Raises :class:`Refused`."""
        end = -1
        for first, count in runs:
            if first <= end or count < 1:
                raise Refused("positions", reason=f"{first}+{count}")
            end = first + count
        if not runs or end > size:
            raise Refused("positions", reason=f"{max(end, 0)}/{size}")
        self.runs = tuple(runs)
        self._firsts = [first for first, _ in runs]
        self._before = [0, *accumulate(count for _, count in runs)]

    @classmethod
    def of(cls, positions: Iterable[int], size: int) -> "Runs":
        """Ascending positions put together."""
        runs: list[tuple[int, int]] = []
        for position in positions:
            if runs and position == sum(runs[-1]):
                runs[-1] = (runs[-1][0], runs[-1][1] + 1)
            else:
                runs.append((position, 1))
        return cls(runs, size)

    def __len__(self) -> int:
        return self._before[-1]

    def count(self, first: int, end: int) -> int:
        """How many lie from ``first`` up to but excluding ``end``."""
        return self._below(end) - self._below(first)

    def at(self, number: int) -> int:
        """The position with so many before it."""
        run = bisect_right(self._before, number) - 1
        return self._firsts[run] + number - self._before[run]

    def _below(self, position: int) -> int:
        run = bisect_right(self._firsts, position) - 1
        if run < 0:
            return 0
        first, count = self.runs[run]
        return self._before[run] + min(position - first, count)


class Stated(NamedTuple):
    """What a bundle states of the tree around its events.

    ``pairs`` are the children of nodes, 64 bytes a node, each before those below it; ``hints`` are
    8 bytes an event.
    """

    runs: Runs
    pairs: bytes
    hints: bytes


def check_subset(
    size: int, root: bytes, stated: Stated, events: Iterator[bytes], accept: Accept
) -> None:
    """These events are at the stated positions of the tree of ``size`` leaves with this root.

    Raises :class:`Refused`, naming the first bad position; what is before it was accepted.
    """
    if len(stated.hints) != HINT_BYTES * len(stated.runs):
        reason = f"{len(stated.hints)} / {HINT_BYTES} != {len(stated.runs)}"
        raise Refused("positions", reason=reason)
    walk = _Walk(stated, events, accept)
    walk.down(0, size, root)
    walk.end()


class _Walk:
    """The way down, in the order of positions."""

    def __init__(self, stated: Stated, events: Iterator[bytes], accept: Accept) -> None:
        self._runs, self._pairs, self._hints = stated
        self._events = events
        self._accept = accept
        self._used = 0
        self._done = 0
        self._unlike: int | None = None

    def down(self, first: int, end: int, expected: bytes) -> None:
        """Check the subtree over leaves from ``first`` to ``end``, which has to hash to this."""
        given = self._runs.count(first, end)
        if not given:
            return
        if hashed_together(given, first, end):
            self._block(first, end, expected)
            return
        pair = self._pairs[self._used : self._used + PAIR_BYTES]
        self._used += PAIR_BYTES
        left, right = pair[:HASH_BYTES], pair[HASH_BYTES:]
        if len(pair) != PAIR_BYTES or node_hash(left, right) != expected:
            last = self._runs.at(self._done + given - 1)
            raise Refused("proof-altered", first=self._runs.at(self._done), last=last)
        middle = split(first, end)
        self.down(first, middle, left)
        self.down(middle, end, right)

    def end(self) -> None:
        """All was used, and the hints were true."""
        if self._used != len(self._pairs):
            last = self._runs.at(len(self._runs) - 1)
            raise Refused("proof-altered", first=self._runs.at(0), last=last)
        if next(self._events, None) is not None:
            raise Refused("positions", reason=f"> {len(self._runs)}")
        if self._unlike is not None:
            raise Refused("hints-altered", position=self._unlike)

    def _block(self, first: int, end: int, expected: bytes) -> None:
        frontier, unlike = Frontier(), None
        block: list[tuple[int, bytes, bytes]] = []
        for position in range(first, end):
            raw = next(self._events, None)
            if raw is None:
                break
            leaf = leaf_hash(raw)
            hint = self._hints[self._done * HINT_BYTES : (self._done + 1) * HINT_BYTES]
            if unlike is None and not leaf.startswith(hint):
                unlike = position
            self._done += 1
            frontier.append(leaf)
            block.append((position, leaf, raw))
        if len(block) == end - first and frontier.root() == expected:
            self._unlike = unlike if self._unlike is None else self._unlike
            for each in block:
                self._accept(*each)
        elif unlike is not None:
            raise Refused("event-altered", position=unlike)
        elif len(block) < end - first:
            raise Refused("positions", reason=f"< {len(self._runs)}")
        elif end - first == 1:
            raise Refused("event-altered", position=first)
        else:
            raise Refused("log-altered", first=first, last=end - 1)


def hashed_together(given: int, first: int, end: int) -> bool:
    """Whether a subtree is hashed from its leaves: all are given, and few enough."""
    return given == end - first <= BLOCK


def split(first: int, end: int) -> int:
    """Where a subtree of more than one leaf splits (RFC 6962, 2.1)."""
    return first + (1 << ((end - first - 1).bit_length() - 1))
