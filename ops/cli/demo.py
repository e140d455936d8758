"""``demo``: a city's year from decisions to the published figures, and to an inspector's bundle."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from ledger.log.fsck import Verified, verify
from ledger.log.proofs import base64
from ledger.verify.refusal import Refused
from ops.cli.making import Scale, Seed, StoreOption, Year, simulated
from ops.cli.output import progress, yuan
from ops.cli.queries import print_report, report_of
from ops.cli.session import Session, command
from ops.home import Home
from ops.memory import give_back
from ops.sealing import published_in
from projections.digest import ViewDigest
from projections.figures import load_figures
from projections.report import Report
from projections.sealing import Amounted, amounted, position_at_end

if TYPE_CHECKING:
    from ops.demonstration import Inspected

app = typer.Typer()


@dataclass(frozen=True, slots=True)
class _Proven:
    """What the demonstration's last part came to."""

    period: str
    subjects: int
    size: int
    witness: str
    status: str
    inspected: "Inspected | None"
    refused: Refused | None = None

    def document(self) -> dict[str, Any]:
        found = self.inspected
        return {
            "sealed": {"period": self.period, "subjects": self.subjects},
            "checkpoint": {"size": self.size, "status": self.status, "witness": self.witness},
            "bundle": found
            and {
                "file": str(found.file),
                "person": found.person,
                "events": found.verified.events,
                "bytes": found.bytes,
                "complete": bool(found.verified.completed),
                "claims_met": found.verified.claims,
                "retained": found.verified.retained,
            },
        }


@command(
    app,
    "demo",
    help="演示:模拟、投影、两次重建、核对全部指标、签名与查验 | The demonstration",
)
def demo(
    session: Session,
    seed: Seed = 2017,
    scale: Scale = "1",
    year: Year = 2017,
    store: StoreOption = "sqlite",
) -> int:
    """Exit status 0 only if every figure matches, the balance is zero, the digests agree, and a
    person's bundle verifies."""
    start = time.monotonic()
    home, seconds, events = simulated(session, seed, scale, year, store)
    home.close()  # what deciding kept in memory goes; folding opens it again
    give_back()
    try:
        if not session.json:
            session.out.line(
                session.say("simulated", events=events, seconds=seconds, home=session.home)
            )
        projector = session.caught_up(home)
        live = projector.digests()
        differing, unsealed = _rebuilt_twice(session, home, live, year)
        with progress(session.pick("校验日志", "verifying the log"), session.lang) as report:
            log = verify(home.store, report)
        made = report_of(home, projector, load_figures(year))
        proven = _proven(session, home, unsealed, year)
    finally:
        home.close()
    failures = _failures(session, made, differing, log, proven)
    if session.json:
        document = _document(made, live, differing, log)
        ended = {"ok": not failures, "events": events, **document, **proven.document()}
        session.out.document(ended)
        return 1 if failures else 0
    print_report(session, made)
    if not differing:
        rows = sum(d.rows for d in live.values())
        session.out.line(session.say("digests-equal", views=len(live), rows=rows))
    if not log.problems:
        root = base64(log.root or b"")
        session.out.line(session.say("log-good", size=log.size, root=root))
    _tell(session, proven)
    for failure in failures:
        session.out.line(session.say("demo-failed", what=failure))
    if not failures:
        session.out.line(session.say("demo-ok", total=made.total))
    session.out.line(session.say("demo-ok-short", seconds=time.monotonic() - start))
    _what_next(session)
    return 1 if failures else 0


def _document(
    made: Report, live: dict[str, ViewDigest], differing: Sequence[str], log: Verified
) -> dict[str, Any]:
    root = base64(log.root or b"")
    return {
        "matching": made.matching,
        "total": made.total,
        "trial_balance_fen": made.trial_balance.balance_fen,
        "digests_equal": not differing,
        "digests": {name: d.digest for name, d in live.items()},
        "log": {"size": log.size, "root": root, "verified": not log.problems},
    }


def _failures(
    session: Session, made: Report, differing: Sequence[str], log: Verified, proven: _Proven
) -> list[str]:
    """What does not hold, in words; nothing where all is well."""
    failures = []
    if differing:
        failures.append(session.say("digests-differ", views=", ".join(differing)))
    if made.matching != made.total:
        failures.append(session.say("matching", n=made.matching, total=made.total))
    if made.trial_balance.balance_fen:
        failures.append(session.say("trial-zero", balance=yuan(made.trial_balance.balance_fen)))
    if log.problems:
        failures.append(session.say("log-bad", n=len(log.problems), size=log.size))
    if proven.status != "final":
        failures.append(session.say("pending"))
    if proven.refused is not None:
        failures.append(proven.refused.message(session.lang))
    return failures


def _rebuilt_twice(
    session: Session, home: Home, live: dict[str, ViewDigest], year: int
) -> tuple[list[str], Amounted | None]:
    """Views whose digest is another one after a rebuild beside the live, or in a new database.

    The second is folded by way of the year's end, where the year has no seal yet: what it amounted
    to there is to be sealed.
    """
    from ops.demonstration import sealed_year

    with progress(session.say("rebuilding"), session.lang) as report:
        beside = {r.view: r.after.digest for r in home.projector.rebuild(report)}
    give_back()
    end, wanted = home.feed.end(), []
    if sealed_year(home, year) is None:
        wanted.append((str(year), position_at_end(home.log, str(year))))
    if [position for _, position in wanted] != [end]:
        wanted.append(("", end))  # of no period: only its digests are looked at
    with progress(session.say("rebuilding-aside"), session.lang) as report:
        published = published_in([str(year)])
        reached = list(amounted(home.feed, home.discarded, wanted, published, report))
    aside = {name: view.digest for name, view in reached[-1].content.views.items()}
    differing = [
        name
        for name, digest in live.items()
        if {digest.digest, beside.get(name), aside.get(name)} != {digest.digest}
    ]
    return differing, reached[0] if wanted[0][0] else None


def _proven(session: Session, home: Home, unsealed: Amounted | None, year: int) -> _Proven:
    """The year sealed, the log's head signed and cosigned, a person's bundle verified."""
    from ops import demonstration as shown

    shown.require_key(home)
    if unsealed is not None:
        shown.record_seal(home, unsealed)
    session.caught_up(home)
    witness = shown.inspection(home)
    head = shown.signed(home, witness).head
    sealed = shown.sealed_year(home, year)
    assert sealed is not None
    found, refused = None, None
    try:
        with progress(session.say("bundling"), session.lang) as report:
            found = shown.inspected(home, head.cosigned, sealed, witness, report)
    except Refused as error:
        refused = error
    status = "final" if home.signer().final(head) else "pending"
    return _Proven(
        str(year), sealed.index.subjects, head.size, witness.key.name, status, found, refused
    )


def _tell(session: Session, proven: _Proven) -> None:
    say = session.say
    session.out.line(say("demo-sealed", period=proven.period, subjects=proven.subjects))
    status = say(proven.status)
    session.out.line(say("demo-signed", size=proven.size, witness=proven.witness, status=status))
    if (found := proven.inspected) is not None:
        session.out.line(
            say(
                "demo-bundle",
                file=found.file,
                person=found.person,
                events=found.verified.events,
                size=found.bytes,
            )
        )


TRY = (
    "report --format json",
    "explain --figure fuel-subsidy.amount",
    "payrun list",
    "events --type DeathRecorded --limit 5",
    "entitlements --program nursing-subsidy --month 2017-06 --limit 5",
    "checkpoint show",
    "digest",
    "doctor",
)


def _what_next(session: Session) -> None:
    session.out.line(session.say("next"))
    for line in TRY:
        session.out.line(f"  benefits-ledger --home {session.home} {line}")
