"""``demo``: a city simulated, projected, rebuilt twice and held to every published figure."""

import tempfile
import time
from pathlib import Path

import typer

from ledger.log.fsck import verify
from ledger.log.proofs import base64
from ops.cli.making import Scale, Seed, StoreOption, Year, simulated
from ops.cli.output import progress, yuan
from ops.cli.queries import print_report, report_of
from ops.cli.session import Session, command
from ops.home import Home
from projections.digest import ViewDigest
from projections.engine import Projector
from projections.figures import load_figures

app = typer.Typer()


@command(app, "demo", help="演示:模拟、投影、两次重建、核对全部指标 | The demonstration")
def demo(
    session: Session,
    seed: Seed = 2017,
    scale: Scale = "1",
    year: Year = 2017,
    store: StoreOption = "sqlite",
) -> int:
    """Exit status 0 only if every figure matches, the balance is zero and the digests agree."""
    start = time.monotonic()
    home, seconds, events = simulated(session, seed, scale, year, store)
    home.close()  # what deciding kept in memory goes; folding opens it again
    try:
        if not session.json:
            session.out.line(
                session.say("simulated", events=events, seconds=seconds, home=session.home)
            )
        projector = session.caught_up(home)
        live = projector.digests()
        differing = _rebuilt_twice(session, home, live)
        with progress(session.pick("校验日志", "verifying the log"), session.lang) as report:
            log = verify(home.store, report)
        made = report_of(home, projector, load_figures(year))
    finally:
        home.close()
    failures = []
    if differing:
        failures.append(session.say("digests-differ", views=", ".join(differing)))
    if made.matching != made.total:
        failures.append(session.say("matching", n=made.matching, total=made.total))
    if made.trial_balance.balance_fen:
        failures.append(session.say("trial-zero", balance=yuan(made.trial_balance.balance_fen)))
    if log.problems:
        failures.append(session.say("log-bad", n=len(log.problems), size=log.size))
    root = base64(log.root or b"")
    if session.json:
        session.out.document(
            {
                "ok": not failures,
                "events": events,
                "matching": made.matching,
                "total": made.total,
                "trial_balance_fen": made.trial_balance.balance_fen,
                "digests_equal": not differing,
                "digests": {name: d.digest for name, d in live.items()},
                "log": {"size": log.size, "root": root, "verified": not log.problems},
            }
        )
        return 1 if failures else 0
    print_report(session, made)
    if not differing:
        rows = sum(d.rows for d in live.values())
        session.out.line(session.say("digests-equal", views=len(live), rows=rows))
    if not log.problems:
        session.out.line(session.say("log-good", size=log.size, root=root))
    for failure in failures:
        session.out.line(session.say("demo-failed", what=failure))
    if not failures:
        session.out.line(session.say("demo-ok", total=made.total))
    session.out.line(session.say("demo-ok-short", seconds=time.monotonic() - start))
    _what_next(session)
    return 1 if failures else 0


def _rebuilt_twice(session: Session, home: Home, live: dict[str, ViewDigest]) -> list[str]:
    """Views whose digest is another one after a rebuild beside the live, or in a new database."""
    with progress(session.say("rebuilding"), session.lang) as report:
        beside = {r.view: r.after.digest for r in home.projector.rebuild(report)}
    with (
        tempfile.TemporaryDirectory(prefix="rebuild-") as folder,
        progress(session.say("rebuilding-aside"), session.lang) as report,
    ):
        url = f"sqlite:///{Path(folder) / 'views.db'}"
        fresh = Projector(url, home.feed, discarded=home.discarded)
        try:
            fresh.catch_up(report)
            aside = {name: d.digest for name, d in fresh.digests().items()}
        finally:
            fresh.close()
    return [
        name
        for name, digest in live.items()
        if {digest.digest, beside.get(name), aside.get(name)} != {digest.digest}
    ]


TRY = (
    "report --format json",
    "explain --figure fuel-subsidy.amount",
    "payrun list",
    "events --type DeathRecorded --limit 5",
    "entitlements --program nursing-subsidy --month 2017-06 --limit 5",
    "digest",
    "doctor",
)


def _what_next(session: Session) -> None:
    session.out.line(session.say("next"))
    for line in TRY:
        session.out.line(f"  benefits-ledger --home {session.home} {line}")
