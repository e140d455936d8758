"""A bank-payment feeder: a file of payments for each pay run, and for each payment outside one.

A pay run's grants lie in many partitions, and the event that issues the run says how many they are
and what they sum to. So the feeder gathers lines in a SQLite database of its own, in the
transaction that moves its checkpoint, and writes a run's file when it is complete: once, whole,
and with the same bytes if it must be written again. Names and account numbers are sealed in the
log: lines carry the account's reference, which the operator's pay desk resolves.
"""

import csv
import io
import os
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from consumers.client import DatabaseCheckpoints, EventBatch, EventClient, FromCheckpoint
from consumers.examples.arguments import kafka_of, parser_of, stop_when_told
from ledger.domain.errors import UNUSABLE, LedgerError
from ledger.domain.events import Event
from ledger.domain.events import enrollment as en
from ledger.domain.events import payrun as pr

TYPES = (en.SubsidyGranted, en.PaymentInstructed, pr.PayRunIssued)
HEADER = ("event", "beneficiary", "account", "program", "month", "amount_yuan")

TABLES = """
CREATE TABLE IF NOT EXISTS line (
  event TEXT PRIMARY KEY, batch TEXT NOT NULL, position INTEGER NOT NULL, beneficiary TEXT NOT NULL,
  account TEXT, program TEXT NOT NULL, month TEXT NOT NULL, amount_fen INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS line_batch ON line (batch);
CREATE TABLE IF NOT EXISTS batch (
  batch TEXT PRIMARY KEY, count INTEGER NOT NULL, total_fen INTEGER NOT NULL,
  written INTEGER NOT NULL DEFAULT 0);
"""


class PaymentsDisagree(LedgerError):
    """A run's lines do not sum to what was issued: no bank may ever see such a file."""

    code, zh, en = (
        "payments-disagree",
        "发放批次{batch}的明细合计{found}分,与下达的{expected}分不符",
        "the lines of {batch} sum to {found} fen, and {expected} were issued",
    )
    exit_code = 3


class BankFeeder:
    """Gathers lines in a database and writes the files that are complete."""

    def __init__(self, database: Path, folder: Path) -> None:
        self._connect = partial(sqlite3.connect, database)
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection:
            connection.executescript(TABLES)
        self.checkpoints = DatabaseCheckpoints(self._connect, "bank-feeder")
        self.written = 0

    def run(self, client: EventClient, *, until_end: bool = False) -> None:
        """Take in batch after batch. Raises :class:`PaymentsDisagree`, and what the client does."""
        with closing(self._connect()) as connection:
            self._write_complete(connection)  # what a killed feeder had gathered
            for batch in client.batches(until_end=until_end):
                with connection:
                    self._gather(connection, batch)
                    self.checkpoints.save(connection, batch)
                if batch.events:
                    self._write_complete(connection)

    def _gather(self, connection: sqlite3.Connection, batch: EventBatch) -> None:
        for received in batch.events:
            event = received.event
            assert event is not None, "its types were asked for by class"
            data = event.data
            if isinstance(data, pr.PayRunIssued):
                self._expect(connection, event.stream, data.count, data.total_fen)
            elif isinstance(data, en.SubsidyGranted):
                self._line(connection, event, received.position, data.payrun)
            else:
                alone = event.id.replace("/", "-")
                self._expect(connection, alone, 1, data.amount_fen)
                self._line(connection, event, received.position, alone)

    def _expect(
        self, connection: sqlite3.Connection, batch: str, count: int, total_fen: int
    ) -> None:
        connection.execute(
            "INSERT INTO batch (batch, count, total_fen) VALUES (?, ?, ?)",
            (batch, count, total_fen),
        )

    def _line(
        self, connection: sqlite3.Connection, event: Event[Any], position: int, batch: str
    ) -> None:
        d = event.data
        line = (event.id, batch, position, event.subject, d.account, d.program, d.month)
        connection.execute(
            "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*line, d.amount_fen)
        )

    def _write_complete(self, connection: sqlite3.Connection) -> None:
        """Write what has all its lines and was not written; again if it died before it noted so."""
        complete = connection.execute(
            "SELECT b.batch, b.total_fen, sum(l.amount_fen) FROM batch b JOIN line l USING (batch) "
            "WHERE NOT b.written GROUP BY b.batch HAVING count(*) = b.count"
        ).fetchall()
        for batch, expected, found in complete:
            if found != expected:
                raise PaymentsDisagree(batch=batch, found=found, expected=expected)
            rows = connection.execute(
                "SELECT event, beneficiary, account, program, month, amount_fen FROM line "
                "WHERE batch = ? ORDER BY position",
                (batch,),
            )
            _write_whole(self._folder / f"{batch}.csv", _csv(rows.fetchall()))
            with connection:
                connection.execute("UPDATE batch SET written = 1 WHERE batch = ?", (batch,))
            self.written += 1


def _csv(rows: Sequence[tuple[Any, ...]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for *cells, fen in rows:
        writer.writerow([*cells, f"{fen // 100}.{fen % 100:02d}"])
    return out.getvalue().encode()


def _write_whole(path: Path, content: bytes) -> None:
    """Durably, and under its name only when it is all there."""
    partial_path = path.with_suffix(".partial")
    with partial_path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial_path, path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the feeder until it is told to stop; 0, or a refusal's exit status."""
    parser = parser_of(__doc__, "consumers.examples.bank_feeder")
    parser.add_argument("--database", type=Path, required=True, help="the feeder's own SQLite file")
    parser.add_argument("--out", type=Path, required=True, help="folder for the bank's files")
    given = parser.parse_args(arguments)
    try:
        feeder = BankFeeder(given.database, given.out)
        with EventClient(
            kafka_of(given),
            types=TYPES,
            start=FromCheckpoint(feeder.checkpoints.load),
            topic=given.topic,
            batch_events=given.batch_events,
        ) as client:
            stop_when_told(client)
            feeder.run(client, until_end=given.until_end)
    except LedgerError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return error.exit_code
    except sqlite3.OperationalError as error:
        print(f"{given.database}: {error}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    print(f"{client.counts.events} events, {feeder.written} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
