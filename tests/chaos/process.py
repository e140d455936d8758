"""One relay or worker as a process of its own: the real classes, and a diary of what they do.

Takes a :class:`Job` as JSON on its command line. Ends as the command line's commands do: with the
status of the error, or 0 when told to stop. A job may say at which step it kills itself.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

import consumers.relay
import projections.partition
from consumers.connection import KafkaSettings
from consumers.relay import Limits
from consumers.relay_state import RelayState
from consumers.worker import Worker
from consumers.worker_observer import Unobserved
from ledger.domain.errors import LedgerError
from ops.cli.signals import until_told
from projections.database import ViewDatabase
from projections.places import Parked, Place
from tests.chaos.growing import GrowingLog
from tests.dying_relay import dying_step
from tests.kafka_logs import KafkaLog

WITHIN, AFTER = "within", "after"


class Death(msgspec.Struct, frozen=True):
    """At which step a process kills itself, counted from 1, and whether its work is done then.

    A step is a commit of the relay, or a worker's transaction.
    """

    step: int
    when: str


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is to do: a worker's ``views`` is the URL of its database."""

    role: str
    bootstrap: list[str]
    log: str
    file: str = ""
    views: str = ""
    death: Death | None = None


SESSION_S = 2.0
RELAYED_AT_ONCE = 60
FLUSHED_AT_ONCE = 150


class Diary(Unobserved):
    """Writes what it is told on standard output, a JSON document a line."""

    def note(self, what: str, **said: Any) -> None:
        line = msgspec.json.encode({"at": round(time.time(), 3), "what": what, **said})
        sys.stdout.write(line.decode() + "\n")
        sys.stdout.flush()

    def started(self, state: RelayState) -> None:
        self.note("started", position=state.position)

    def looked(self, end: int) -> None:
        pass

    def relayed(self, events: int, size: int, position: int) -> None:
        self.note("relayed", position=position)

    def assigned(self, partitions: Sequence[int]) -> None:
        self.note("assigned", partitions=list(partitions))

    def flushed(self, partition: int, events: int, place: Place, seconds: float) -> None:
        self.note("flushed", partition=partition, events=events, position=place.position)

    def parked(self, event: Parked) -> None:
        self.note("parked", view=event.view, position=event.position, reason=event.reason)

    def interrupted(self, error: LedgerError, delay_s: float) -> None:
        self.note("interrupted", code=error.code, said=error.message("en"), delay=delay_s)


def relay(job: Job, kafka: KafkaSettings, diary: Diary) -> None:
    if job.death is not None:
        when = "sent" if job.death.when == WITHIN else "ended"
        consumers.relay.Step = dying_step(job.death.step, when)  # type: ignore[misc]
    log = KafkaLog(kafka, job.log)
    feed = GrowingLog(Path(job.file))
    with until_told() as stop:
        log.relay(feed, limits=Limits(events=RELAYED_AT_ONCE), observer=diary).run(stop)


def worker(job: Job, kafka: KafkaSettings, diary: Diary) -> None:
    if job.death is not None:
        projections.partition.move = _dying(projections.partition.move, job.death)
    log = KafkaLog(kafka, job.log)
    with until_told() as stop:
        database = ViewDatabase(job.views)
        Worker(
            kafka,
            database,
            topic=log.events,
            group=log.name,
            observer=diary,
            flush_events=FLUSHED_AT_ONCE,
            session_s=SESSION_S,
        ).run(stop)
        database.close()


def _dying(move: Callable[..., None], death: Death) -> Callable[..., None]:
    """The last statement of a worker's transaction: killed before it, or right after it."""
    left = death.step

    def dying(*arguments: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0 and death.when == WITHIN:
            os.kill(os.getpid(), signal.SIGKILL)
        move(*arguments)
        if left == 0:
            arguments[0].commit()
            os.kill(os.getpid(), signal.SIGKILL)

    return dying


def main() -> int:
    job = msgspec.json.decode(sys.argv[1], type=Job)
    diary = Diary()
    try:
        {"relay": relay, "worker": worker}[job.role](
            job, KafkaSettings(tuple(job.bootstrap)), diary
        )
    except LedgerError as error:
        diary.note("ended", code=error.code, said=error.message("en"))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
