"""``--metrics-port``: a page for Prometheus for as long as a command runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli.session import Session

if TYPE_CHECKING:
    from ops.metrics import Metrics, Part

MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        min=0,
        max=65_535,
        help="Prometheus指标端口(0:任选) | Serve metrics for Prometheus there (0: a free one)",
    ),
]
MetricsAddress = Annotated[
    str,
    typer.Option(
        "--metrics-address",
        help="指标的监听地址 | The address it is served on; whoever reaches it may read",
    ),
]


@contextmanager
def measured(
    session: Session, port: int | None, address: str, part: "Part"
) -> "Iterator[Metrics | None]":
    """The metrics of a part, served until the end; None where they were not asked for."""
    if port is None:
        yield None
        return
    from ops.metrics import Metrics

    metrics = Metrics(part)
    server = metrics.serve(port, address)
    where = f"http://{address}:{server.server_port}/metrics"
    session.out.note(session.say("metrics-at", url=where))
    try:
        yield metrics
    finally:
        server.shutdown()
        server.server_close()
