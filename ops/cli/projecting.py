"""``project`` and ``rebuild``: the views brought up to the log, or built anew from it."""

import time
from typing import Annotated, Literal

import typer

from ledger.domain.errors import InvalidValue
from ops.cli.measuring import MetricsAddress, MetricsPort, measured
from ops.cli.output import progress
from ops.cli.session import Session, command

app = typer.Typer()

Source = Annotated[
    Literal["store", "kafka"],
    typer.Option("--from", help="事件来源 | Where events come from"),
]


@command(app, "project", help="更新视图 | Bring the views up to the log")
def project(
    session: Session,
    source: Source = "store",
    until_end: Annotated[
        bool,
        typer.Option("--until-end", help="到当前末尾后结束 | Stop at the end as it is now"),
    ] = False,
    metrics_port: MetricsPort = None,
    metrics_address: MetricsAddress = "127.0.0.1",
) -> None:
    """From the store, until the end. From Kafka, as one of any number of workers that share the
    partitions: until told to stop (SIGTERM or SIGINT), or with --until-end to the present end."""
    if source == "kafka":
        from ops.cli.working import work

        work(
            session,
            until_end=until_end,
            metrics_port=metrics_port,
            metrics_address=metrics_address,
        )
        return
    if metrics_port is not None:
        raise InvalidValue(field="--metrics-port", value="--from store")
    with session.opened() as home:
        start = time.monotonic()
        position = session.caught_up(home).position()
        seconds = time.monotonic() - start
    if session.json:
        session.out.document({"position": position, "seconds": round(seconds, 3)})
    else:
        session.out.line(session.say("projected", position=position, seconds=seconds))


@command(app, "rebuild", help="从头重建视图并比对摘要 | Build the views anew and compare digests")
def rebuild(
    session: Session,
    view: Annotated[list[str] | None, typer.Option(help="视图,可多次 | View")] = None,
    source: Source = "store",
    metrics_port: MetricsPort = None,
    metrics_address: MetricsAddress = "127.0.0.1",
) -> int:
    """Exit status 1 when a rebuilt view differs from the rows it replaced."""
    with (
        session.opened() as home,
        measured(session, metrics_port, metrics_address, "projection") as metrics,
    ):
        unknown = set(view or ()) - set(home.projector.views)
        if unknown:
            raise InvalidValue(field="view", value=", ".join(sorted(unknown)))
        if source == "store":
            session.caught_up(home)
        with progress(session.say("rebuilding"), session.lang) as shown:
            report = shown
            if metrics is not None:
                from ops.observing import rebuild_progress

                report = rebuild_progress(metrics, shown)
            if source == "kafka":
                from ops.cli.working import rebuild_from_kafka

                rebuilt = rebuild_from_kafka(session, home, view, report)
            else:
                rebuilt = home.projector.rebuild(report, view)
    if session.json:
        views = [
            {
                "view": r.view,
                "position": r.after.position,
                "rows": r.after.rows,
                "before": r.before.digest if r.before else None,
                "after": r.after.digest,
                "same": r.same,
            }
            for r in rebuilt
        ]
        session.out.document({"views": views})
    else:
        session.out.table(
            None,
            ("view", ">position", ">rows", "digest", "matches"),
            [(r.view, r.after.position, r.after.rows, r.after.digest, r.same) for r in rebuilt],
        )
    return 1 if any(r.same is False for r in rebuilt) else 0
