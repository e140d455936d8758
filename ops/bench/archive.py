"""The archive: how fast it is written and verified, and how soon SQL answers about the past."""

import time
from pathlib import Path

from rich.console import Console

from ops.home import Home
from projections.archive.asking import opened
from projections.archive.verifying import verify
from projections.archive.writing import extend

_THEN = "balances_as_of(known := '2017-07-01', effective_by := '2017-06-30')"
QUESTIONS = {
    "one person's balance": f"FROM {_THEN}"
    " WHERE beneficiary = (SELECT min(beneficiary) FROM payments)",
    "everybody's balances": f"SELECT sum(owed_fen), sum(settled_fen) FROM {_THEN}",
    "the trial balance": "SELECT account, sum(balance_fen)"
    " FROM trial_balance_as_of(known := '2017-07-01') GROUP BY ALL",
}
"""Each as of a day; asked on a connection that has read nothing before."""


def archived(home: Home, folder: Path, console: Console) -> None:
    """The whole log once: written, verified from the bytes, and asked."""
    events, at = home.feed.end(), folder / "archive"
    start = time.perf_counter()
    manifest = extend(at, home.feed, home.origin)
    written_s = time.perf_counter() - start
    start = time.perf_counter()
    verify(at)
    verified_s = time.perf_counter() - start
    size_mb = sum(segment.bytes for segment in manifest.segments) / 1e6
    console.print(
        f"{events:,} events: archived in {written_s:.1f} s ({events / written_s:,.0f}/s, "
        f"{size_mb:,.0f} MB), verified in {verified_s:.1f} s ({events / verified_s:,.0f}/s)"
    )
    for name, query in QUESTIONS.items():
        with opened(at) as archive:
            start = time.perf_counter()
            archive.ask(query)
            console.print(f"as of by SQL, {name}: {time.perf_counter() - start:.3f} s")
