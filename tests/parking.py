"""A log on Kafka whose views cannot process some of it, and what is done about that."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from kafka import KafkaConsumer, TopicPartition

from consumers.connection import KafkaSettings
from consumers.dead_letters import DeadLetters
from consumers.rebuild import Rebuild
from consumers.worker import Worker
from ledger.codec import decode
from ledger.domain.discard import DISCARDS, DISCARDS_ID, Passed
from ledger.domain.events import enrollment as en
from ledger.domain.events.discard import ParkedEventDiscarded
from projections import places
from projections.database import ViewDatabase
from projections.digest import digest_of
from projections.engine import Projector
from projections.places import Parked
from projections.view import View
from projections.views import ALL_VIEWS
from tests.brittle import Brittle, suspensions
from tests.histories import History
from tests.kafka_logs import KafkaLog, kafka_log

VIEWS: tuple[type[View], ...] = (*ALL_VIEWS, Brittle)
BY_NAME = {view.name: view for view in VIEWS}
STOPPED = ("p0", "p3", "p6")
SETTLE_S = 60.0


class Office(NamedTuple):
    """A log on Kafka, its views, and what is done about them."""

    told: History
    log: KafkaLog
    database: ViewDatabase

    @property
    def letters(self) -> DeadLetters:
        return DeadLetters(self.database, BY_NAME, self.discarded)

    def discarded(self) -> Passed:
        """As a store would say it, which is ahead of the topic."""
        state = DISCARDS.new(DISCARDS_ID)
        for _, raw in self.told.records:
            event = decode(raw)
            if event.stream == DISCARDS_ID:
                DISCARDS.evolve(state, event)
        return state.passed

    def discard(self, event: Parked) -> None:
        """An officer's decision, stored and not relayed yet."""
        id = decode(event.value).id
        data = ParkedEventDiscarded(
            view=event.view, position=event.position, event=id, reason="录入错误"
        )
        self.told.event(data, DISCARDS_ID, subject=event.subject)

    def relay(self) -> None:
        self.log.relay_once(self.told.feed())

    def worker(self, **options: Any) -> Worker:
        options = {"discarded": self.discarded, **options}
        log = self.log
        return Worker(log.kafka, self.database, VIEWS, topic=log.events, group=log.name, **options)

    def work(self, **options: Any) -> None:
        """Relay all, and fold it by one worker."""
        self.relay()
        self.worker(**options).run(threading.Event(), until_end=True)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """A worker in a thread of its own, which must not fail."""
        stop, failed = threading.Event(), list[BaseException]()

        def live() -> None:
            try:
                self.worker().run(stop)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=live)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(SETTLE_S)
        assert not thread.is_alive()
        assert not failed

    def rebuild(self, **options: Any) -> bool | None:
        """Build the brittle view anew; whether it came out as the live one."""
        options = {"discarded": self.discarded, **options}
        rebuild = Rebuild(
            self.log.kafka, self.database, [Brittle], topic=self.log.events, **options
        )
        (rebuilt,) = rebuild.run()
        return rebuilt.same

    def parked(self) -> list[Parked]:
        with self.database.read() as connection:
            return places.parked(connection, self.database.live(connection).values())

    def digests(self) -> dict[str, str]:
        with self.database.read() as connection:
            live = self.database.live(connection)
            found = {v: digest_of(self.database, connection, BY_NAME[v], live[v]) for v in BY_NAME}
        return {view: digest.digest for view, digest in found.items()}

    def clean(self) -> dict[str, str]:
        """What one fold of the whole log leaves, with the code as it is now."""
        whole = Projector("sqlite://", self.told.feed(), VIEWS, discarded=self.discarded)
        whole.catch_up()
        return {view: digest.digest for view, digest in whole.digests().items()}

    def steps(self) -> dict[str, int]:
        url = self.database.engine.url.render_as_string(hide_password=False)
        views = Projector(url, self.told.feed(), VIEWS)
        steps = {r.subject: r.steps for r in views.rows("seen")}
        views.close()
        return steps

    def records(self) -> list[Any]:
        """All that the topic of dead letters holds, by position."""
        consumer = KafkaConsumer(**self.log.kafka.options(), auto_offset_reset="earliest")
        topic = self.log.dead_letters
        parts = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(parts)
        missing = sum(consumer.end_offsets(parts).values())
        deadline, found = time.monotonic() + SETTLE_S, []
        while len(found) < missing and time.monotonic() < deadline:
            found += [r for records in consumer.poll(500).values() for r in records]
        consumer.close()
        return sorted(found, key=lambda r: int(dict(r.headers)["position"]))


@pytest.fixture
def office(
    kafka: KafkaSettings, make_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    """Suspensions cannot be processed, until a test mends it."""
    monkeypatch.setattr(Brittle, "broken", (en.EnrollmentSuspended,))
    url = make_database().replace("postgresql://", "postgresql+psycopg://", 1)
    database = ViewDatabase(url)
    yield Office(suspensions(), kafka_log(kafka), database)
    database.close()


def mend(*still: type[en.EnrollmentEvent]) -> None:
    """The code is changed: only these cannot be processed any more."""
    Brittle.broken = still
