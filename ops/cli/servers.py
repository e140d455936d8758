"""``kafka`` and ``postgres``: the home's own servers on this machine, started and stopped.

What they need is imported when one of these commands runs, and not before.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli.session import Session, command

if TYPE_CHECKING:
    from ops.local.kafka import BrokerStatus
    from ops.local.postgres import PostgresStatus

kafka = typer.Typer(
    help="本机Kafka:启动、停止、状态 | This home's own Apache Kafka", no_args_is_help=True
)
postgres = typer.Typer(
    help="本机PostgreSQL:启动、停止、状态 | This home's own PostgreSQL", no_args_is_help=True
)


@command(kafka, "up", help="启动Kafka并等待就绪 | Start Kafka and wait until it answers")
def kafka_up(
    session: Session,
    brokers: Annotated[
        int | None, typer.Option(help="节点数,1或3(首次启动时定)| Brokers, 1 or 3")
    ] = None,
    secure: Annotated[
        bool | None,
        typer.Option(
            "--secure/--plaintext", help="用户、密码与权限(首次启动时定)| Users and access rules"
        ),
    ] = None,
) -> None:
    """Safe to run again; number of brokers and security stay as they were at first."""
    from ops.local.kafka import LocalBrokers

    session.out.note(session.say("server-starting", server="Kafka"))
    _print_brokers(session, LocalBrokers(session.home).up(brokers=brokers, secure=secure))


@command(kafka, "down", help="停止Kafka | Stop Kafka")
def kafka_down(session: Session) -> None:
    from ops.local.kafka import LocalBrokers

    _print_stopped(session, "Kafka", LocalBrokers(session.home).down())


@command(kafka, "status", help="各节点的进程、端口与就绪情况 | Processes, ports, and who answers")
def kafka_status(session: Session) -> int:
    """Exit status 1 unless every broker answers."""
    from ops.local.kafka import LocalBrokers

    brokers = LocalBrokers(session.home).status()
    _print_brokers(session, brokers)
    return 0 if brokers and all(broker.ready for broker in brokers) else 1


@command(postgres, "up", help="启动PostgreSQL并等待就绪 | Start PostgreSQL and wait for it")
def postgres_up(session: Session) -> None:
    """Safe to run again. Where a home keeps its events does not change by this."""
    from ops.local.postgres import LocalDatabase

    session.out.note(session.say("server-starting", server="PostgreSQL"))
    _print_database(session, LocalDatabase(session.home).up())


@command(postgres, "down", help="停止PostgreSQL | Stop PostgreSQL")
def postgres_down(session: Session) -> None:
    from ops.local.postgres import LocalDatabase

    _print_stopped(session, "PostgreSQL", int(LocalDatabase(session.home).down()))


@command(postgres, "status", help="进程、端口与就绪情况 | Process, port, and whether it answers")
def postgres_status(session: Session) -> int:
    """Exit status 1 unless it answers."""
    from ops.local.postgres import LocalDatabase

    status = LocalDatabase(session.home).status()
    _print_database(session, status)
    return 0 if status is not None and status.ready else 1


def _print_brokers(session: Session, brokers: "list[BrokerStatus]") -> None:
    if session.json:
        session.out.document({"brokers": brokers})
    elif not brokers:
        session.out.line(session.say("server-never", server="Kafka"))
    else:
        # Ids and ports are names, not amounts: text has no thousands separator.
        rows = [(b.node, str(b.pid or "-"), str(b.port), b.ready) for b in brokers]
        session.out.table(None, (">broker", ">pid", ">port", "ready"), rows)


def _print_database(session: Session, status: "PostgresStatus | None") -> None:
    if session.json:
        session.out.document({"postgres": status})
    elif status is None:
        session.out.line(session.say("server-never", server="PostgreSQL"))
    else:
        row = (str(status.pid or "-"), str(status.port), status.ready)
        session.out.table(None, (">pid", ">port", "ready"), [row])


def _print_stopped(session: Session, server: str, count: int) -> None:
    if session.json:
        session.out.document({"stopped": count})
    else:
        key = "server-stopped" if count else "server-was-down"
        session.out.line(session.say(key, server=server))
