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
from itertools import count, pairwise

import pytest

from ledger import codec
from ledger.log.errors import OutsideLog
from ledger.log.merkle_log import Log
from ledger.log.sequencer import Sequencer, leaves_in
from ledger.log.store_feed import StoreFeed
from ledger.store.errors import StoreDamaged
from ledger.store.heads import SignedHead
from ledger.store.mapper import NewEvent
from ledger.store.order import Order, Run
from ledger.store.store import CommandRecord, Conflict, Store
from ledger.verify.merkle import leaf_hash, verify_consistency, verify_inclusion
from tests import naive_tree
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

    # --- the tree

    @pytest.mark.parametrize("step", [1, 7, 300, 100_000])
    def test_the_tree_is_over_the_bytes_as_they_are_stored(
        self, open_store: OpenStore, step: int
    ) -> None:
        """Whatever the steps, and over numbers that were lost and times that were put forward."""
        store = open_store()
        for n in range(4):
            some = people(*(f"p{n}-{i}" for i in range((1, 254, 3, 60)[n])))
            store.append(at(some, f"2017-05-01T12:00:0{4 - n}.000000Z"))
            self.lose_a_number(store)
            end = Sequencer(store, step=step).advance()
            kept = bytes_of(store)
            assert end == len(kept)
            assert Log(store).tree().root() == naive_tree.head(kept)
        log = Log(open_store())
        assert [log.entry(position) for position in range(end)] == kept
        for position in (0, 1, 255, 256, end - 1):
            found = log.inclusion(position)
            assert found.leaf == leaf_hash(kept[position])
            verify_inclusion(found.leaf, position, end, found.proof, found.root)
        for old in (1, 255, 256, 258, end):
            proved = log.consistency(old)
            assert proved.old_root == naive_tree.head(kept[:old])
            verify_consistency(old, end, proved.old_root, proved.new_root, proved.proof)

    def test_what_the_log_has_not_is_outside_it(self, open_store: OpenStore) -> None:
        store = open_store()
        log = Log(store)
        assert log.size() == 0
        with pytest.raises(OutsideLog):
            log.tree()
        store.append(people("p1", "p2"))
        for outside in (
            lambda: log.tree(3),
            lambda: log.tree(0),
            lambda: log.entry(2),
            lambda: log.entry(-1),
            lambda: log.inclusion(2),
            lambda: log.inclusion(1, 1),
            lambda: log.consistency(0),
            lambda: log.consistency(2, 1),
        ):
            with pytest.raises(OutsideLog):
                outside()

    def test_positions_that_were_given_without_a_tree_get_their_leaves(
        self, open_store: OpenStore
    ) -> None:
        store = open_store()
        for n in range(3):
            store.append(at(people(*(f"p{n}-{i}" for i in range(150))), NOON))
            self.lose_a_number(store)
        with store.order(write=True) as order:
            for first, last in pairwise([0, *self.ends(store)]):
                order.put(Run(first, order.ahead(0, first + 1)[1], last - first))
        assert Sequencer(store, step=100).advance() == 450
        kept = bytes_of(store)
        assert Log(store).tree().root() == naive_tree.head(kept)
        store.append(at(people("q"), NOON))
        assert Log(store).tree().root() == naive_tree.head(bytes_of(store))

    def ends(self, store: Store) -> list[int]:
        """Where the runs of three appends of 150 events end."""
        return [450]

    def test_a_step_that_broke_off_left_neither_position_nor_leaf(
        self, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = open_store()
        store.append(people(*(f"p{n}" for n in range(300))))
        assert Sequencer(store).advance() == 300
        store.append(at(people(*(f"q{n}" for n in range(300))), store.last_time()))
        put, puts = Order.put_tile, count()

        def interrupted(order: Order, level: int, number: int, hashes: bytes) -> None:
            if next(puts) == 1:
                raise KeyboardInterrupt
            put(order, level, number, hashes)

        monkeypatch.setattr(Order, "put_tile", interrupted)
        with pytest.raises(KeyboardInterrupt):
            Sequencer(store).advance()
        with open_store().order() as order:
            assert (order.last().end, leaves_in(order)) == (300, 300)
        assert Log(store).tree().root() == naive_tree.head(bytes_of(store))

    def test_tiles_that_do_not_fit_the_positions_are_damage(self, open_store: OpenStore) -> None:
        store = open_store()
        store.append(people("p1", "p2"))
        with store.order(write=True) as order:
            order.put_tile(0, 0, bytes(96))
        with pytest.raises(StoreDamaged, match="3 leaves for 0 positions"):
            Sequencer(store).advance()

    # --- signed heads

    def test_heads_are_kept_in_the_order_of_sizes_with_their_cosignatures(
        self, open_store: OpenStore
    ) -> None:
        store = open_store()
        with store.heads() as heads:
            assert (heads.last(), heads.newest(5), heads.cosigned_by("w1")) == (None, [], 0)
        with store.heads(write=True) as heads:
            for size in (3, 1, 300):
                heads.put(SignedHead(size, b"note %d\n" % size, NOON))
            heads.put_cosignature(3, "w2", b"two\n")
            heads.put_cosignature(3, "w1", b"one\n")
            heads.put_cosignature(3, "w1", b"one, again\n")
            heads.put_timestamp(3, b"stamped")
        with open_store().heads() as heads:
            assert [h.size for h in heads.after(1, 10)] == [3, 300]
            assert [h.size for h in heads.after(0, 2)] == [1, 3]
            assert [h.size for h in heads.newest(2)] == [3, 300]
            assert heads.at(2) is None
            head = heads.at(3)
            assert head == SignedHead(3, b"note 3\n", NOON, (b"one\n", b"two\n"))
            assert head.cosigned == b"note 3\none\ntwo\n"
            assert (heads.cosigned_by("w1"), heads.cosigned_by("w3")) == (3, 0)
            assert (heads.timestamp(3), heads.timestamp(1)) == (b"stamped", None)

    def test_a_second_head_of_a_size_is_refused_and_takes_the_rest_with_it(
        self, open_store: OpenStore
    ) -> None:
        store = open_store()
        with store.heads(write=True) as heads:
            heads.put(SignedHead(2, b"note\n", NOON))

        def two() -> None:
            with store.heads(write=True) as heads:
                heads.put(SignedHead(3, b"note\n", NOON))
                heads.put(SignedHead(2, b"another note\n", NOON))

        with pytest.raises(Exception, match=r"(?i)unique"):
            two()
        with store.heads() as heads:
            assert [(h.size, h.note) for h in heads.newest(5)] == [(2, b"note\n")]

    def test_whoever_signs_sees_what_was_signed_before(self, open_store: OpenStore) -> None:
        """Many at once, each on top of the last: none is lost and none is doubled."""
        stores = [open_store() for _ in range(4)]

        def sign(store: Store) -> None:
            for _ in range(5):
                with store.heads(write=True) as heads:
                    last = heads.last()
                    heads.put(SignedHead((last.size if last else 0) + 1, b"note\n", NOON))

        with ThreadPoolExecutor(len(stores)) as pool:
            for done in [pool.submit(sign, store) for store in stores]:
                done.result()
        with open_store().heads() as heads:
            assert [h.size for h in heads.after(0, 100)] == list(range(1, 21))
