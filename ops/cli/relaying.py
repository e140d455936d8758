"""``relay`` and ``reconcile``: the log put on Kafka, and what is there compared with the store."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.domain.errors import LedgerError
from ops.cli.measuring import MetricsAddress, MetricsPort, measured
from ops.cli.output import progress
from ops.cli.session import Session, command
from ops.cli.signals import until_told

if TYPE_CHECKING:
    from consumers.reconcile import Finding
    from consumers.relay_observer import RelayObserver
    from consumers.relay_state import RelayState

app = typer.Typer()

SHOWN = 1_000
"""Differences that are listed; all are counted."""
LINE_EVERY_S = 10.0


@command(app, "relay", help="把日志转发到Kafka | Relay the log to Kafka")
def relay(
    session: Session,
    once: Annotated[
        bool, typer.Option("--once", help="转发到当前末尾后结束 | Stop at the end as it is now")
    ] = False,
    metrics_port: MetricsPort = None,
    metrics_address: MetricsAddress = "127.0.0.1",
) -> None:
    """Until told to stop (SIGTERM or SIGINT): the transaction under way is finished first."""
    from consumers.relay import Relay
    from ops.settings import Settings

    notes = _Notes(session)
    observer: RelayObserver = notes
    with (
        session.opened() as home,
        until_told() as stop,
        measured(session, metrics_port, metrics_address, "relay") as metrics,
    ):
        kafka = Settings.load(session.home).kafka("relay")
        if metrics is not None:
            from ops.observing import RelayMetrics

            observer = RelayMetrics(metrics, notes)
        Relay(home.feed, kafka, home.origin, observer=observer).run(stop, once=once)
    if session.json:
        session.out.document({"events": notes.events, "position": notes.position})
    else:
        session.out.line(session.say("relayed", events=notes.events, position=notes.position))


class _Notes:
    """What the relay did, told on standard error now and then."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told = time.monotonic()
        self.events = 0
        self.position = -1

    def started(self, state: "RelayState") -> None:
        self.position = state.position
        self._session.out.note(self._session.say("relay-started", position=state.position))

    def looked(self, end: int) -> None:
        pass

    def relayed(self, events: int, size: int, position: int) -> None:
        self.events += events
        self.position = position
        if time.monotonic() - self._told >= LINE_EVERY_S:
            self._told = time.monotonic()
            self._session.out.note(
                self._session.say("relayed", events=self.events, position=position)
            )

    def interrupted(self, error: LedgerError, delay_s: float) -> None:
        words = error.message(self._session.lang)
        self._session.out.note(self._session.say("again-later", error=words, seconds=delay_s))


@command(
    app, "reconcile", help="逐条比较账本与Kafka | Compare the store with Kafka, event by event"
)
def reconcile(session: Session) -> int:
    """Exit status 1 when anything differs."""
    from consumers.reconcile import reconcile as compare
    from ops.settings import Settings

    findings: list[Finding] = []
    kinds: dict[str, int] = {}

    def found(finding: "Finding") -> None:
        kinds[finding.kind] = kinds.get(finding.kind, 0) + 1
        if len(findings) < SHOWN:
            findings.append(finding)

    with session.opened() as home, progress(session.say("reconciling"), session.lang) as report:
        kafka = Settings.load(session.home).kafka("reader")
        compared = compare(
            home.feed,
            kafka,
            found,
            progress=report,
        )
    if session.json:
        session.out.document({**compared._asdict(), "kinds": kinds, "findings": findings})
    elif findings:
        rows = [(f.kind, str(f.position), str(f.partition), str(f.offset)) for f in findings]
        session.out.table(None, ("difference", ">position", ">partition", ">offset"), rows)
        told = ", ".join(f"{kind} {count:,}" for kind, count in sorted(kinds.items()))
        session.out.line(session.say("differences", kinds=told))
    else:
        session.out.line(session.say("reconciled", events=compared.events))
    return 1 if findings else 0
