"""``demo-kafka``: a city's year through a real PostgreSQL and a real Kafka, and all of it checked.

What comes out at the far end must be what the same seed gives without any server. Whatever
happens, what was started is stopped again.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ops.cli.events import log_digest
from ops.cli.making import Scale, Seed, Year, share_of, stage_text
from ops.cli.output import progress, stages, yuan
from ops.cli.queries import report_of
from ops.cli.session import Session, command, must_be_whole
from ops.cli.signals import stopped_at_the_end
from ops.cli.told import Told
from ops.home import Home
from projections.figures import load_figures

if TYPE_CHECKING:
    from consumers.connection import KafkaSettings
    from ops.cli.pipeline import Ran

app = typer.Typer()

TRY = ("kafka up", "postgres up", "topics check", "reconcile", "report", "digest", "doctor")
"""Commands to go on with; the servers come first."""


@command(
    app,
    "demo-kafka",
    help="演示:真实的Kafka与PostgreSQL、两个工作进程、强行终止与接管、逐项核对"
    " | The demonstration with a real Kafka and PostgreSQL",
)
def demo_kafka(
    session: Session, seed: Seed = 2017, scale: Scale = "0.05", year: Year = 2017
) -> int:
    """Exit status 0 only if nothing was lost, doubled or changed on the way."""
    from ops.cli.pipeline import Pipeline, summary_of
    from ops.settings import Settings

    load_figures(year)
    share_of(scale)
    must_be_whole(session.home)
    settings = Settings.load(session.home)
    settings.require_own_servers()
    made: dict[str, Any] = {"operator": "220200", "seed": seed, "scale": scale, "year": year}
    if (session.home / "home.toml").exists():
        Home.open(session.home).require_made_with(**made, store="postgres")
    told = Told(session)
    with stopped_at_the_end() as started:
        started.callback(told.step, "down")
        _start_servers(told, started)
        home = Home.create(session.home, store="postgres", **made)
        started.callback(home.close)
        partitions = _make_topics(told, home, settings.kafka("admin"))
        city = ("--seed", str(seed), "--scale", scale, "--year", str(year))
        ran = Pipeline(told, started, home, settings.kafka("projector")).run(city, partitions)
        _compare(told, home, settings.kafka("reader"))
        _compare_with_embedded(told, home, made)
        _compare_with_published(told, home, year)
    ok = all(told.checks.values())
    if session.json:
        ended = {"ok": ok, **summary_of(ran), "checks": told.checks, "steps": told.steps}
        session.out.document(ended)
    else:
        _tell_summary(session, told, ran)
    return 0 if ok else 1


# --- what is started, and stopped again


def _start_servers(told: Told, started: ExitStack) -> None:
    """The home's own. One that ran already goes on running afterwards."""
    from ops.local.kafka import LocalBrokers
    from ops.local.postgres import LocalDatabase

    kafka, postgres = LocalBrokers(told.session.home), LocalDatabase(told.session.home)
    if not any(broker.pid for broker in kafka.status()):
        started.callback(kafka.down)
    if (status := postgres.status()) is None or status.pid is None:
        started.callback(postgres.down)
    told.note("starting")
    ports = ", ".join(str(broker.port) for broker in kafka.up())
    told.step("servers", kafka=ports, postgres=str(postgres.up().port))


def _make_topics(told: Told, home: Home, kafka: "KafkaSettings") -> int:
    """The topics, made and checked; the number of partitions of the events."""
    from consumers.offsets import end_offsets
    from consumers.topic_check import check_topics
    from consumers.topics import create_topics

    create_topics(kafka)
    problems = check_topics(kafka, origin=home.origin)
    partitions = len(end_offsets(kafka))
    told.check("topics", not problems, partitions=partitions, problems=len(problems))
    return partitions


# --- what must be equal


def _compare(told: Told, home: Home, kafka: "KafkaSettings") -> None:
    """Every record on Kafka with every event in the store."""
    from consumers.reconcile import Finding, reconcile

    findings: list[Finding] = []
    with progress(told.session.say("reconciling"), told.session.lang) as report:
        compared = reconcile(home.feed, kafka, findings.append, progress=report)
    told.check("reconciled", not findings, events=compared.events, differences=len(findings))


def _compare_with_embedded(told: Told, home: Home, made: dict[str, Any]) -> None:
    """Log and views with those of the same city simulated in files, without a server."""
    from ops import simulation

    with tempfile.TemporaryDirectory(prefix="embedded-") as folder:
        alone = Home.create(Path(folder) / "home", **made)
        try:
            with stages(told.session.lang) as report:
                simulation.run(alone, lambda stage, *n: report(stage_text(told.session, stage), *n))
            with progress(told.session.say("projecting"), told.session.lang) as folded:
                alone.projector.catch_up(folded)
            logs = [log_digest(one.feed) for one in (home, alone)]
            views = [one.projector.digests() for one in (home, alone)]
        finally:
            alone.close()
    (events, sha256), _ = logs
    told.check("same-log", logs[0] == logs[1], events=events, sha256=sha256)
    differing = [name for name, digest in views[1].items() if views[0].get(name) != digest]
    rows = sum(digest.rows for digest in views[0].values())
    names = ", ".join(differing) or "-"
    told.check("same-views", not differing, views=len(views[1]), rows=rows, differing=names)


def _compare_with_published(told: Told, home: Home, year: int) -> None:
    """The figures, counted from the views that Kafka fed, with the published account."""
    made = report_of(home, home.projector, load_figures(year))
    balance = made.trial_balance.balance_fen
    told.check("figures", made.matching == made.total, n=made.matching, total=made.total)
    told.check("balance", balance == 0, yuan=yuan(balance))


# --- what is said at the end


def _tell_summary(session: Session, told: Told, ran: "Ran") -> None:
    out = session.out
    out.line("")
    out.line(
        session.say(
            "demo-summary-again" if ran.again else "demo-summary",
            events=ran.events,
            partitions=ran.partitions,
            seconds=ran.seconds,
            rate=ran.events / ran.seconds,
        )
    )
    failed = [name for name, holds in told.checks.items() if not holds]
    if failed:
        out.line(session.say("demo-failed", what=", ".join(failed)))
    else:
        out.line(session.say("demo-kafka-ok", checks=len(told.checks)))
    out.line(session.say("next"))
    for line in TRY:
        out.line(f"  benefits-ledger --home {session.home} {line}")
