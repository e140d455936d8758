"""The log against its tree: every event hashed anew, every tile derived from the hashes below it.

Nothing is written, and nothing that is stored is believed: a finding names the first position, or
the tile, that differs, and the search goes on behind it. What it cannot show is that bytes and all
tiles were rewritten together; for that the head is compared with one kept elsewhere.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ledger.log.sequencer import leaves_in
from ledger.log.tree import TILE_WIDTH, Tile, Tree, subtree_root, tiles_of
from ledger.store.errors import StoreDamaged
from ledger.store.order import Order, Run
from ledger.store.store import Store
from ledger.verify.merkle import HASH_BYTES, ProofRefused, leaf_hash, leaf_hashes

CHUNK = 2 * TILE_WIDTH
"""Events in memory at a time: few enough to be hashed where they were read to."""

MOST = 100
"""Problems of one kind that are told at most."""

Progress = Callable[[int, int], None]


class Problem(NamedTuple):
    """What is wrong: a stable ``kind``, the position of the event if it is one, what was found."""

    kind: str
    position: int | None
    found: str


class Verified(NamedTuple):
    """What was hashed, the head that the tiles give (None: there is none), and what is wrong."""

    size: int
    root: bytes | None
    problems: list[Problem]


def verify(store: Store, progress: Progress = lambda done, total: None) -> Verified:
    """Hash every event that has a position and derive every tile; problems by position."""
    with store.order() as order:
        size = order.last().end
        found = _Findings()
        leaves = leaves_in(order)
        if leaves != size:
            found.add("tree-size", None, f"{leaves:,} != {size:,}")
        check = _Tiles(order, found)
        done = 0
        for leaves_of_chunk in _leaves(order, found, max(leaves, order.count())):
            check.extend(leaves_of_chunk)
            done += len(leaves_of_chunk)
            progress(done, size)
        check.finish()
        return Verified(size, _root(order, size), found.problems)


def examine(store: Store, progress: Progress = lambda done, total: None) -> Verified:
    """As :func:`verify`; also positions, versions of streams, what is stored beside the bytes."""
    verified = verify(store, progress)
    found = _Findings(verified.problems)
    with store.order() as order:
        _check_runs(order, found)
        _check_tile_numbers(order, found)
    for stream in store.streams()[1]:
        found.add("versions", None, stream)
    try:
        for position, row in enumerate(store.scan()):
            if not _is_itself(row.stream, row.version, row.topic, row.state):
                found.add("columns", position, f"{row.stream}/{row.version} {row.topic}")
    except StoreDamaged as error:
        found.add("unreadable", None, str(error))
    return verified._replace(problems=found.problems)


class _Findings:
    """Problems, up to a number of each kind: the first ones of any kind are among them."""

    def __init__(self, problems: Sequence[Problem] = ()) -> None:
        self._problems = list(problems)
        self._counts = Counter(p.kind for p in problems)

    def add(self, kind: str, position: int | None, found: str) -> None:
        self._counts[kind] += 1
        if self._counts[kind] <= MOST:
            self._problems.append(Problem(kind, position, found))

    @property
    def problems(self) -> list[Problem]:
        """By position; last what has none."""
        return sorted(self._problems, key=lambda p: (p.position is None, p.position or 0))


def _root(order: Order, size: int) -> bytes | None:
    """The head by the tiles; None for an empty log and where a tile of it is missing."""
    try:
        return Tree(_Stored(order), size).root()
    except ProofRefused:
        return None


class _Stored:
    """The tiles as they are stored; one that is missing is empty."""

    def __init__(self, order: Order) -> None:
        self._order = order

    def tile(self, level: int, number: int) -> bytes:
        return self._order.tile(level, number) or b""


class _Tiles:
    """Compares stored tiles with what the level below them gives.

    Where they differ, the hash in the level above tells which of the two was changed, the events
    or the tile, and the search goes on with the other one: what is bad is told once, and not again
    by every tile above it.
    """

    def __init__(self, order: Order, found: _Findings) -> None:
        self._stored = _Stored(order)
        self._found = found
        self._derived: list[bytearray] = [bytearray()]
        self._numbers = [0]

    def extend(self, leaves: list[bytes]) -> None:
        self._derived[0] += b"".join(leaves)
        self._compare(0, TILE_WIDTH * HASH_BYTES)

    def finish(self) -> None:
        """Compare the partial tiles, from level 0 up."""
        for level in range(len(self._derived)):
            if self._derived[level]:
                self._compare(level, len(self._derived[level]))

    def _compare(self, level: int, length: int) -> None:
        derived = self._derived[level]
        while derived and len(derived) >= length:
            number = self._numbers[level]
            self._numbers[level] += 1
            stored = self._stored.tile(level, number)
            expected = bytes(derived[:length])
            del derived[:length]
            full = length == TILE_WIDTH * HASH_BYTES
            good = expected if stored == expected else self._good(level, number, expected, stored)
            if full:
                self._above(level + 1, subtree_root(good))

    def _above(self, level: int, root: bytes) -> None:
        if level == len(self._derived):
            self._derived.append(bytearray())
            self._numbers.append(0)
        self._derived[level] += root
        self._compare(level, TILE_WIDTH * HASH_BYTES)

    def _good(self, level: int, number: int, expected: bytes, stored: bytes) -> bytes:
        """Tell a difference; which of the two the level above agrees with."""
        tile = f"tile {level}/{number}"
        if not stored:
            self._found.add("tile-missing", None, tile)
            return expected
        full = len(expected) == TILE_WIDTH * HASH_BYTES
        if full and self._kept_above(level, number) == subtree_root(expected):
            self._found.add("tile-differs", None, tile)
            return expected
        for at in range(max(len(expected), len(stored)) // HASH_BYTES):
            derived, kept = _hash(expected, at), _hash(stored, at)
            if derived not in (kept, _MISSING):  # a missing event was told already
                self._tell(tile, level, number * TILE_WIDTH + at, derived, kept)
        if len(stored) % HASH_BYTES:
            self._found.add("tile-differs", None, f"{tile}: {len(stored)} B")
        return stored[: len(expected)] if len(stored) >= len(expected) else expected

    def _tell(self, tile: str, level: int, index: int, derived: bytes, kept: bytes) -> None:
        """One hash that is not what is derived; ``index`` counts those of its level."""
        if level:
            each = TILE_WIDTH**level
            span = f"{index * each:,}–{(index + 1) * each - 1:,}"
            self._found.add("tile-differs", None, f"{tile}: {span}")
        elif derived:
            self._found.add("event-differs" if kept else "leaf-missing", index, tile)
        else:
            self._found.add("leaf-stray", index, tile)

    def _kept_above(self, level: int, number: int) -> bytes:
        """The hash that the level above keeps for a full tile."""
        above, at = divmod(number, TILE_WIDTH)
        return _hash(self._stored.tile(level + 1, above), at)


def _hash(hashes: bytes, at: int) -> bytes:
    """One of the hashes of a tile; empty behind its end."""
    return hashes[at * HASH_BYTES : (at + 1) * HASH_BYTES]


_MISSING = bytes(HASH_BYTES)
"""Stands for the leaf of an event that is not there; no input is known to hash to it."""


def _leaves(order: Order, found: _Findings, end: int) -> Iterator[list[bytes]]:
    """The leaf hashes of all positions below ``end``, in batches: behind it there are neither
    events nor leaves, whatever length a run is said to have."""
    for run in order.runs():
        first, beyond = run.first_notification, max(0, run.end - end)
        last = run.last_notification - beyond
        while first <= last:
            count = min(CHUNK, last - first + 1)
            rows = order.states(first - 1, count)
            whole = len(rows) == count and rows[-1][0] == first + count - 1
            if whole and all(state is not None for _, state in rows):
                yield leaf_hashes(state for _, state in rows)
            else:
                yield _with_gaps(run, first, count, rows, found)
            first += count


def _with_gaps(
    run: Run, first: int, count: int, rows: list[tuple[int, bytes]], found: _Findings
) -> list[bytes]:
    """Leaves where events are missing, each of which is a problem."""
    there = {n: raw for n, raw in rows if n < first + count and raw is not None}
    leaves = []
    for number in range(first, first + count):
        if number in there:
            leaves.append(leaf_hash(there[number]))
        else:
            position = run.first_position + number - run.first_notification
            found.add("event-missing", position, f"notification {number}")
            leaves.append(_MISSING)
    return leaves


def _check_runs(order: Order, found: _Findings) -> None:
    """Positions are dense, numbers ascend, and no event was passed over."""
    position, number = 0, 0
    for run in order.runs():
        if run.first_position != position or run.first_notification <= number or run.length < 1:
            found.add("run", run.first_position, f"{position:,}, {number:,}: {tuple(run)}")
        position, number = run.end, run.last_notification
    stored, new = order.count(), order.ahead(number, order.count() + 1)[0]
    if stored - new != position:
        found.add("count", None, f"{stored - new:,} != {position:,}")


def _check_tile_numbers(order: Order, found: _Findings) -> None:
    """There are no tiles but those of the tree."""
    wanted = set(tiles_of(min(order.last().end, max(leaves_in(order), order.count()))))
    for level, number, length in order.tile_numbers():
        width, rest = divmod(length, HASH_BYTES)
        if rest or Tile(level, number, width) not in wanted:
            found.add("tile-stray", None, f"tile {level}/{number}, {length} B")


def _is_itself(stream: str, version: int, topic: str, raw: object) -> bool:
    """Whether the columns beside an event's bytes say what its bytes say.

    In canonical bytes ``type`` is the last attribute, and ``id`` the last key spelled so.
    """
    if not isinstance(raw, bytes):
        return False
    own = f'"id":"{stream}/{version}"'.encode()
    at = raw.rfind(b'"id":"')
    return at >= 0 and raw.startswith(own, at) and raw.endswith(f'"type":"{topic}"}}'.encode())
