"""A warehouse loader: the log as a small star schema in SQLite or PostgreSQL.

Two tables of facts, one row for an event and one for each leg of its double entry, around three
dimensions: event types, divisions, days. Rows and checkpoint are one transaction. With ``--group``
any number of loaders share the partitions. Events of a type that is newer than this
program are loaded with their bytes, so that nothing has to be read again when it is known.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from consumers.client import (
    DatabaseCheckpoints,
    EventBatch,
    EventClient,
    FromCheckpoint,
    ReceivedEvent,
)
from consumers.examples.arguments import kafka_of, parser_of, stop_when_told
from ledger.domain.city_time import day_of
from ledger.domain.errors import UNUSABLE, LedgerError
from ledger.domain.postings import postings

TARGETS = ("sqlite", "postgresql+psycopg")
"""The databases whose way of passing over a row that is there already is known here."""

METADATA = sa.MetaData()

DIM_TYPE = sa.Table(
    "dim_event_type",
    METADATA,
    sa.Column("type", sa.Text(), primary_key=True),
    sa.Column("name", sa.Text(), nullable=False),
    sa.Column("version", sa.Integer(), nullable=False),
)
DIM_DIVISION = sa.Table(
    "dim_division",
    METADATA,
    sa.Column("division", sa.Text(), primary_key=True),
    sa.Column("city", sa.Text(), nullable=False),
    sa.Column("province", sa.Text(), nullable=False),
)
DIM_DAY = sa.Table(
    "dim_day",
    METADATA,
    sa.Column("day", sa.Date(), primary_key=True),
    sa.Column("year", sa.Integer(), nullable=False),
    sa.Column("quarter", sa.Integer(), nullable=False),
    sa.Column("month", sa.Integer(), nullable=False),
)
FACT_EVENT = sa.Table(
    "fact_event",
    METADATA,
    sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text(), nullable=False),
    sa.Column("type", sa.Text(), nullable=False, index=True),
    sa.Column("division", sa.Text(), nullable=False),
    sa.Column("subject", sa.Text(), nullable=False, index=True),
    sa.Column("effective_day", sa.Date(), nullable=False),
    sa.Column("recorded_day", sa.Date(), nullable=False),
    sa.Column("raw", sa.LargeBinary()),
)
"""``raw`` is set only where the type was not known."""
FACT_POSTING = sa.Table(
    "fact_posting",
    METADATA,
    sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("leg", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("account", sa.Text(), nullable=False),
    sa.Column("fund", sa.Text()),
    sa.Column("program", sa.Text()),
    sa.Column("division", sa.Text(), nullable=False),
    sa.Column("effective_day", sa.Date(), nullable=False),
    sa.Column("amount_fen", sa.BigInteger(), nullable=False),
)
"""Debits positive, credits negative; the legs of one event sum to zero."""


class WarehouseLoader:
    """Loads batches into one database."""

    def __init__(self, engine: sa.Engine) -> None:
        """The tables are made where they are not there yet."""
        self._engine = engine
        METADATA.create_all(engine)
        self.checkpoints = DatabaseCheckpoints(engine.connect, "warehouse-loader")

    def run(self, client: EventClient, *, until_end: bool = False) -> None:
        """Load until the client ends; each batch with its checkpoint is one transaction."""
        for batch in client.batches(until_end=until_end):
            with self._engine.begin() as connection:
                self._load(connection, batch)
                self.checkpoints.save(connection, batch)

    def _load(self, connection: sa.Connection, batch: EventBatch) -> None:
        facts = [_fact(received) for received in batch.events]
        legs = [leg for received in batch.events for leg in _legs(received)]
        self._add_new(connection, DIM_TYPE, (_type(f["type"]) for f in facts))
        self._add_new(connection, DIM_DIVISION, (_division(f["division"]) for f in facts))
        days = (f[name] for f in facts for name in ("effective_day", "recorded_day"))
        self._add_new(connection, DIM_DAY, (_day(day) for day in days))
        for table, rows in ((FACT_EVENT, facts), (FACT_POSTING, legs)):
            if rows:
                connection.execute(sa.insert(table), rows)

    def _add_new(
        self, connection: sa.Connection, table: sa.Table, rows: Iterable[dict[str, Any]]
    ) -> None:
        """Members of a dimension that it lacks; another loader may add them at the same time.

        In one order everywhere, so that two loaders never wait for each other in a circle.
        """
        (key,) = table.primary_key.columns.keys()
        members = {row[key]: row for row in rows}
        if not members:
            return
        insert = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        statement = insert(table).on_conflict_do_nothing()
        connection.execute(statement, [members[k] for k in sorted(members)])


def _fact(received: ReceivedEvent) -> dict[str, Any]:
    document = received.document()
    return {
        "position": received.position,
        "id": received.id,
        "type": received.type,
        "division": document["division"],
        "subject": document["subject"],
        "effective_day": date.fromisoformat(document["effective"]),
        "recorded_day": day_of(document["time"]),
        "raw": received.raw if received.event is None else None,
    }


def _legs(received: ReceivedEvent) -> Iterable[dict[str, Any]]:
    event = received.event
    if event is None:
        return
    for leg, posting in enumerate(postings(event)):
        yield {
            "position": received.position,
            "leg": leg,
            **posting._asdict(),
            "effective_day": event.effective,
        }


def _type(full: str) -> dict[str, Any]:
    _, name, version = full.split(".")
    return {"type": full, "name": name, "version": int(version.removeprefix("v"))}


def _division(code: str) -> dict[str, Any]:
    return {"division": code, "city": f"{code[:4]}00", "province": f"{code[:2]}0000"}


def _day(day: date) -> dict[str, Any]:
    return {"day": day, "year": day.year, "quarter": (day.month + 2) // 3, "month": day.month}


def _engine(url: str) -> sa.Engine:
    """The target, not yet connected to. A URL may hold a password: no refusal repeats it."""
    try:
        driver = sa.make_url(url).drivername
    except (sa.exc.ArgumentError, ValueError):
        raise argparse.ArgumentTypeError("not the URL of a database") from None
    if driver not in TARGETS:
        raise argparse.ArgumentTypeError(f"{driver} is not one of {', '.join(TARGETS)}")
    return sa.create_engine(url)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a loader until it is told to stop; 0, or a refusal's exit status."""
    parser = parser_of(__doc__, "consumers.examples.warehouse_loader")
    parser.add_argument(
        "--database",
        type=_engine,
        required=True,
        help="sqlite:///file or postgresql+psycopg://host/database",
    )
    parser.add_argument("--division", action="append", help="only it and those below; repeatable")
    parser.add_argument("--group", help="share the partitions with others of this group")
    given = parser.parse_args(arguments)
    engine = given.database
    try:
        loader = WarehouseLoader(engine)
        with EventClient(
            kafka_of(given),
            divisions=given.division,
            start=FromCheckpoint(loader.checkpoints.load),
            group=given.group,
            topic=given.topic,
            batch_events=given.batch_events,
        ) as client:
            stop_when_told(client)
            loader.run(client, until_end=given.until_end)
    except LedgerError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return error.exit_code
    except sa.exc.OperationalError as error:
        print(f"{engine.url!r}: {error.orig}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    finally:
        engine.dispose()
    print(f"{client.counts.events} events, {client.counts.unknown} of unknown types")
    return 0


if __name__ == "__main__":
    sys.exit(main())
