"""Seals and bundles: what the chains of subjects cost, and how long a bundle takes to be opened."""

import io
import time
from secrets import token_bytes

from rich.console import Console

from ledger.log.bundle import Contents, write_bundle
from ledger.log.completeness import Chains
from ledger.log.keys import SigningKey
from ledger.verify.bundle import Trust, verify_bundle
from ledger.verify.checkpoint import Checkpoint
from ledger.verify.note import LOG_SIGNATURE
from ledger.verify.scope import Scope
from ops.bench.measure import Measured, alternating
from ops.bundling import documents
from ops.home import Home


def chaining(home: Home) -> Measured:
    """The chains of all subjects, beside reading the events that they take in.

    What is asked for is 5 microseconds an event; as a ratio, a fifth of the rate of reading.
    """

    def ours() -> int:
        chains = Chains()
        for batch in home.log.entries(0):
            chains.take(batch)
        return chains.position

    def floor() -> int:
        return sum(len(batch) for batch in home.log.entries(0))

    rates = alternating(ours, floor)
    return Measured("主体链 / chains of subjects", *rates, "reading alone", 0.2)


def opening(home: Home, console: Console) -> None:
    """Bundles of a district and of the whole log: writing, and opening with the verifier."""
    key = SigningKey.of(home.origin, LOG_SIGNATURE, token_bytes(32))
    tree = home.log.tree()
    text = Checkpoint(home.origin, tree.size, tree.root()).text()
    note, trust = text + b"\n" + key.sign(text), Trust((key.verifier,))
    for name, scope in (("a district", Scope("division", "220202")), ("all", Scope("all", ""))):
        out = io.BytesIO()
        start = time.perf_counter()
        events = write_bundle(out, home.log, Contents(scope, note, (), documents(home)))
        wrote = time.perf_counter() - start
        start = time.perf_counter()
        assert verify_bundle(out, trust).events == events
        opened = time.perf_counter() - start
        size = out.getbuffer().nbytes
        console.print(
            f"bundle of {name}: {events:,} of {tree.size:,} events, {size / 1e6:.1f} MB, "
            f"written in {wrote:.1f} s, verified in {opened:.1f} s ({events / opened:,.0f}/s)"
        )
