"""The Merkle tree: what it costs to grow it, to hash the log anew, and to prove one event."""

import time
from hashlib import sha256
from itertools import count
from pathlib import Path
from statistics import median

from rich.console import Console

from ledger import codec
from ledger.log.fsck import verify
from ledger.log.sequencer import Sequencer
from ledger.store.mapper import NewEvent
from ledger.store.sqlite import SQLiteStore
from ops.bench.measure import Measured, alternating
from ops.home import Home

EVENTS = 20_000
"""Of the city's own, appended and sequenced in each round."""
HASHED = 200_000
"""Events whose bytes are held in memory for the floor."""
GROUP = 100
PROOFS = 200


def sequencing(home: Home, folder: Path) -> Measured:
    """Positions and tiles of a backlog, beside appending it to the same kind of store.

    A fifth of the cost is five times the rate.
    """
    some = [raw for batch in home.log.entries(0, EVENTS) for _, raw in batch]
    events = [NewEvent(e.stream, e.version, raw, e) for raw in some for e in [codec.decode(raw)]]
    numbers = count()

    def appended() -> SQLiteStore:
        store = SQLiteStore(folder / f"sequencing-{next(numbers)}.db")
        for start in range(0, len(events), GROUP):
            store.append(events[start : start + GROUP])
        return store

    stores: list[SQLiteStore] = []

    def ours() -> int:
        return Sequencer(stores[-1]).advance()

    def floor() -> int:
        stores.append(appended())
        return len(events)

    rates = alternating(ours, floor, lambda _: stores.append(appended()))
    for store in stores:  # closing moves the events into the file: neither's cost
        store.close()
    return Measured("定序与建树 / sequencing with the tree", *rates, f"append × {GROUP}", 5)


def rehash(home: Home) -> Measured:
    """Every event and tile of the log checked, beside SHA-256 over the same bytes in memory.

    What is asked for is 200,000 events a second; as a ratio, a seventh of the bare hashing.
    """
    raws = [raw for batch in home.log.entries(0, HASHED) for _, raw in batch]

    def ours() -> int:
        found = verify(home.store)
        assert not found.problems
        return found.size

    def floor() -> int:
        for raw in raws:
            sha256(raw).digest()
        return len(raws)

    rates = alternating(ours, floor)
    return Measured("全量重算哈希 / log verify", *rates, "SHA-256 alone", 0.14)


def proving(home: Home, console: Console) -> None:
    """How long the inclusion proof of one event takes, with its own transactions and nothing warm
    but the database's pages."""
    log = home.log
    size, took = log.size(), []
    for n in range(PROOFS):
        start = time.perf_counter()
        log.inclusion(n * size // PROOFS)
        took.append(time.perf_counter() - start)
    console.print(
        f"inclusion proof of one of {size:,} events: median {median(took) * 1000:.1f} ms, "
        f"slowest {max(took) * 1000:.1f} ms"
    )
