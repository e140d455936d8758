"""``project --from kafka`` and ``rebuild --from kafka``: workers that share the views."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ledger.domain.errors import LedgerError
from ops.cli.measuring import measured
from ops.cli.session import Session
from ops.cli.signals import until_told
from ops.home import Home
from projections.database import ViewDatabase
from projections.errors import ViewsNotShared
from projections.places import Parked, Place
from projections.rebuild import Rebuilt
from projections.views import ALL_VIEWS

if TYPE_CHECKING:
    from consumers.worker_observer import WorkerObserver

LINE_EVERY_S = 10.0


def work(
    session: Session, *, until_end: bool, metrics_port: int | None, metrics_address: str
) -> None:
    """Be a worker until told to stop, or until everything is folded that is there now."""
    from consumers.worker import Worker
    from ops.settings import Settings

    notes = _Notes(session)
    observer: WorkerObserver = notes
    with (
        session.opened() as home,
        until_told() as stop,
        measured(session, metrics_port, metrics_address, "projection") as metrics,
    ):
        kafka = Settings.load(session.home).kafka("projector")
        database = shared_views(home)
        if metrics is not None:
            from ops.observing import WorkerMetrics, trial_balance_fen

            observer = WorkerMetrics(
                metrics, notes, balance_fen=lambda: trial_balance_fen(database)
            )
        try:
            Worker(kafka, database, observer=observer, discarded=home.discarded).run(
                stop, until_end=until_end
            )
        finally:
            database.close()
    if session.json:
        session.out.document({"events": notes.events, "partitions": list(notes.partitions)})
    else:
        session.out.line(notes.worked())


def rebuild_from_kafka(
    session: Session,
    home: Home,
    views: Sequence[str] | None,
    progress: Callable[[int, int], None],
) -> list[Rebuilt]:
    """Build views anew beside the live workers, compare and switch."""
    from consumers.rebuild import Rebuild
    from ops.settings import Settings

    kafka = Settings.load(session.home).kafka("projector")
    chosen = [view for view in ALL_VIEWS if not views or view.name in views]
    database = shared_views(home)
    try:
        rebuild = Rebuild(kafka, database, chosen, progress=progress, discarded=home.discarded)
        return rebuild.run()
    finally:
        database.close()


def shared_views(home: Home) -> ViewDatabase:
    """The views' database, which several writers must be able to share."""
    if home.info.store == "sqlite":
        raise ViewsNotShared()
    return ViewDatabase(home.views_url)


class _Notes:
    """What the worker did, told on standard error now and then."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told = time.monotonic()
        self.events = 0
        self.partitions: Sequence[int] = ()

    def worked(self) -> str:
        partitions = " ".join(map(str, self.partitions)) or "-"
        return self._session.say("worked", events=self.events, partitions=partitions)

    def assigned(self, partitions: Sequence[int]) -> None:
        self.partitions = partitions
        shown = " ".join(map(str, partitions)) or "-"
        self._session.out.note(self._session.say("assigned", partitions=shown))

    def flushed(self, partition: int, events: int, place: Place, seconds: float) -> None:
        self.events += events
        if time.monotonic() - self._told >= LINE_EVERY_S:
            self._told = time.monotonic()
            self._session.out.note(self.worked())

    def parked(self, event: Parked) -> None:
        if event.reason is not None:
            said = {"view": event.view, "position": event.position, "reason": event.reason}
            self._session.out.note(self._session.say("parked-event", **said))

    def interrupted(self, error: LedgerError, delay_s: float) -> None:
        words = error.message(self._session.lang)
        self._session.out.note(self._session.say("again-later", error=words, seconds=delay_s))

    def moved(self, partition: int) -> None:
        pass

    def behind(
        self, partition: int, offsets: Mapping[str, int], recorded: str | None, age_s: float
    ) -> None:
        pass

    def waiting(self, events: Mapping[str, int]) -> None:
        pass

    def unreadable(self, reason: str) -> None:
        self._session.out.note(self._session.say("worker-again", reason=reason))
