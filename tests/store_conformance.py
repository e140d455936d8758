"""What every event store promises, as tests: subclass and say how a store is opened.

    class TestSQLiteStore(StoreConformance):
        @pytest.fixture()
        def open_store(self, tmp_path): ...

``open_store`` is a fixture that gives a function: each call opens one and the same log, empty at
first, as another process would. It closes what it opened.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger import codec
from ledger.log.sequencer import Sequencer
from ledger.log.store_feed import StoreFeed
from ledger.store.errors import StoreDamaged
from ledger.store.mapper import NewEvent
from ledger.store.store import CommandRecord, Conflict, Store
from tests.histories import history

OpenStore = Callable[[], Store]
NOON = "2017-05-01T12:00:00.000000Z"
KEY = CommandRecord("key", "digest", b"result")


def new(records: Sequence[tuple[int, bytes]], time: str | None = None) -> list[NewEvent]:
    """A history's records as events about to be stored, at their times or at another one."""
    made = []
    for _, raw in records:
        state = raw if time is None else codec.restamped(raw, time.encode())
        event = codec.decode(state)
        made.append(NewEvent(event.stream, event.version, state, event))
    return made


def people(*who: str) -> list[NewEvent]:
    """The registration of each: one event, of a stream of that person's id."""
    told = history()
    for person in who:
        told.person(person)
    return new(told.records)


def moves(who: str, count: int) -> list[NewEvent]:
    """A person's registration and ``count`` further events of the same stream."""
    told = history().person(who)
    for n in range(count):
        told.account(who, f"account-{n}")
    return new(told.records)


def at(events: Sequence[NewEvent], time: str) -> list[NewEvent]:
    return new([(0, e.state) for e in events], time)


def bytes_of(store: Store) -> list[bytes]:
    return [row.state for row in store.scan()]


class StoreConformance:
    """Claims about any store."""

    # --- appending and reading

    def test_what_was_appended_is_read_back_byte_for_byte(self, open_store: OpenStore) -> None:
        store, events = open_store(), moves("p1", 3)
        store.append(events)
        assert store.stream("p1") == [e.state for e in events]
        assert store.stream("p1", after=2) == [e.state for e in events[2:]]
        assert store.version("p1") == 4
        assert [(r.stream, r.version, r.topic, r.state) for r in store.scan()] == [
            (e.originator_id, e.originator_version, e.topic, e.state) for e in events
        ]
        numbers = [number for number, _ in store.numbered("p1")]
        assert numbers == list(range(numbers[0], numbers[0] + 4))
        assert store.states(numbers[1], numbers[2]) == [e.state for e in events[1:3]]

    def test_an_empty_store_holds_nothing(self, open_store: OpenStore) -> None:
        store = open_store()
        assert (store.stream("p1"), store.version("p1"), store.last_time()) == ([], 0, "")
        assert (store.existing(["p1"]), store.existing([])) == (set(), set())
        assert (store.command("key"), store.command_keys()) == (None, set())
        assert (list(store.scan()), store.streams()) == ([], (0, []))

    def test_another_process_sees_what_was_stored(self, open_store: OpenStore) -> None:
        store, other = open_store(), open_store()
        store.append(people("p1", "p2"), command=KEY)
        assert other.existing(["p1", "p2", "p3"]) == {"p1", "p2"}
        assert (other.command("key"), other.command_keys()) == (KEY, {"key"})
        assert other.last_time() == store.last_time() != ""
        assert other.streams() == (2, [])

    @pytest.mark.parametrize("count", [1, 7, 499, 500, 501, 2_000])
    def test_any_number_of_events_is_stored_in_order(
        self, open_store: OpenStore, count: int
    ) -> None:
        store = open_store()
        events = people(*(f"p{n}" for n in range(count)))
        store.append(events, command=KEY)
        assert bytes_of(store) == [e.state for e in events]

    def test_a_command_without_events_uses_its_key(self, open_store: OpenStore) -> None:
        store = open_store()
        store.append([], command=KEY)
        assert store.command("key") == KEY
        assert bytes_of(store) == []

    # --- conflicts

    @pytest.mark.parametrize("more", [0, 600])
    def test_a_version_that_is_taken_is_a_conflict_of_that_stream(
        self, open_store: OpenStore, more: int
    ) -> None:
        store = open_store()
        store.append(people("p1"))
        others = people("p1", "p2", *(f"q{n}" for n in range(more)))
        with pytest.raises(Conflict) as conflict:
            open_store().append(others[1:] + at(people("p1"), "2017-01-01T01:00:00.000000Z"))
        assert conflict.value.streams == ["p1"]
        assert store.existing(["p2", "q0"]) == set()

    def test_a_stream_that_was_only_read_may_not_have_moved(self, open_store: OpenStore) -> None:
        store = open_store()
        store.append(people("p1", "p2"))
        later = at(people("p3"), store.last_time())
        with pytest.raises(Conflict) as conflict:
            store.append(later, expected={"p1": 1, "p2": 0, "p4": 0}, command=KEY)
        assert conflict.value.streams == ["p2"]
        assert (store.version("p3"), store.command("key")) == (0, None)
        store.append(later, expected={"p1": 1, "p2": 1, "p4": 0}, command=KEY)
        assert store.version("p3") == 1

    def test_a_key_is_used_once(self, open_store: OpenStore) -> None:
        store = open_store()
        store.append(people("p1"), command=KEY)
        with pytest.raises(Conflict) as conflict:
            open_store().append(at(people("p2"), store.last_time()), command=KEY)
        assert conflict.value.streams == []
        assert store.version("p2") == 0

    def test_a_conflict_stores_nothing_and_hinders_nothing(self, open_store: OpenStore) -> None:
        store = open_store()
        store.append(people("p1"))
        with pytest.raises(Conflict):
            store.append(people("p1"), command=KEY)
        store.append(at(people("p2"), store.last_time()), command=KEY)
        assert store.existing(["p1", "p2"]) == {"p1", "p2"}

    # --- recorded time

    def test_recorded_time_never_falls(self, open_store: OpenStore) -> None:
        store = open_store()
        store.append(at(people("p1"), "2017-05-01T12:00:00.000000Z"))
        store.append(at(people("p2"), "2017-05-01T11:00:00.000000Z"))
        assert store.last_time() == "2017-05-01T12:00:00.000000Z"
        (behind,) = store.stream("p2")
        assert codec.decode(behind).time == "2017-05-01T12:00:00.000000Z"

    def test_a_decision_of_an_earlier_day_is_a_conflict_of_no_stream(
        self, open_store: OpenStore
    ) -> None:
        """The day is the city's, which ends at 16:00 UTC."""
        store = open_store()
        store.append(at(people("p1"), "2017-05-01T16:00:00.000000Z"))
        with pytest.raises(Conflict) as conflict:
            store.append(at(people("p2"), "2017-05-01T15:59:59.999999Z"))
        assert conflict.value.streams == []

    def test_a_day_of_the_city_goes_on_past_midnight_utc(self, open_store: OpenStore) -> None:
        store = open_store()
        store.append(at(people("p1"), "2017-05-01T00:00:00.000000Z"))
        store.append(at(people("p2"), "2017-04-30T23:59:59.999999Z"))
        (behind,) = store.stream("p2")
        assert codec.decode(behind).time == "2017-05-01T00:00:00.000000Z"

    # --- the order

    def test_positions_are_dense_over_numbers_that_are_not(self, open_store: OpenStore) -> None:
        """A transaction that is rolled back may take its numbers with it."""
        store = open_store()
        sequencer = Sequencer(store)
        for n in range(4):
            store.append(at(people(f"p{n}"), "2017-05-01T12:00:00.000000Z"))
            with pytest.raises(Conflict):
                store.append(people(f"p{n}"))
            self.lose_a_number(store)
            assert sequencer.advance() == n + 1
        runs = sequencer.runs()
        assert [r.first_position for r in runs] == [0, *(r.end for r in runs[:-1])]
        (batch,) = StoreFeed(store, batch_size=10).read(3)
        assert [position for position, _ in batch] == [3]
        records = [r for batch in StoreFeed(store, batch_size=3).read(0) for r in batch]
        assert records == list(enumerate(bytes_of(store)))

    def lose_a_number(self, store: Store) -> None:
        """Draw a notification id and roll back, where a store's numbers do not come back."""

    def test_what_follows_an_event_is_read_in_order(self, open_store: OpenStore) -> None:
        store = open_store()
        store.append(people(*(f"p{n}" for n in range(7))))
        every = bytes_of(store)
        with store.order() as order:
            rows = order.states(0, 9)
            assert [state for _, state in rows] == every
            assert order.states(rows[2][0], 3) == rows[3:6]
            assert order.states(rows[-1][0], 5) == []

    def test_an_order_that_was_broken_off_gives_no_position(self, open_store: OpenStore) -> None:
        store = open_store()
        store.append(people("p1"))

        def broken_off() -> None:
            with store.order(write=True) as order:
                order.put(order.last()._replace(length=1))
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            broken_off()
        with open_store().order() as order:
            assert order.runs() == []

    def test_events_that_had_a_position_and_are_gone_are_damage(
        self, open_store: OpenStore
    ) -> None:
        store = open_store()
        store.append(people("p1"))
        with store.order(write=True) as order:
            order.put(order.last()._replace(length=5))
        with pytest.raises(StoreDamaged, match="5 events were sequenced, 1 found"):
            Sequencer(store).advance()

    def test_nobody_stores_while_positions_are_given(self, open_store: OpenStore) -> None:
        store, other = open_store(), open_store()
        store.append(people("p1"))
        later = at(people("p2"), store.last_time())
        with ThreadPoolExecutor(1) as pool:
            with store.order(write=True) as order:
                appending = pool.submit(other.append, later)
                with pytest.raises(TimeoutError):
                    appending.result(timeout=0.3)
                assert order.highest() == 1
            appending.result(timeout=30)
        assert Sequencer(store).advance() == 2

    def test_writers_and_sequencers_at_once_give_one_order(self, open_store: OpenStore) -> None:
        """Every event has one position, and none is given a position out of the numbers' order."""
        done = threading.Event()

        def write(name: str) -> None:
            store = open_store()
            for n in range(25):
                some = people(*(f"{name}{n}-{i}" for i in range(3)))
                store.append(at(some, "2017-05-01T12:00:00.000000Z"))

        def sequence() -> None:
            feed = StoreFeed(open_store())
            seen: list[bytes] = []
            while not done.is_set() or len(seen) < feed.end():
                for batch in feed.read(len(seen)):
                    assert batch[0][0] == len(seen)
                    seen.extend(raw for _, raw in batch)
            found.append(seen)

        found: list[list[bytes]] = []
        with ThreadPoolExecutor(4) as pool:
            following = [pool.submit(sequence) for _ in range(2)]
            writing = [pool.submit(write, name) for name in "ab"]
            try:
                for each in writing:
                    each.result(timeout=120)
            finally:
                done.set()
            for follower in following:
                follower.result(timeout=120)
        assert found == [bytes_of(open_store())] * 2
        assert len(found[0]) == 150
