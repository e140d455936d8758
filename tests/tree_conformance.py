"""What every event store promises of the log's tree and of its signed heads, as tests.

To be used beside :class:`~tests.store_conformance.StoreConformance`, with the same fixture.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise

import pytest

from ledger.log.errors import OutsideLog
from ledger.log.merkle_log import Log
from ledger.log.sequencer import Sequencer, leaves_in
from ledger.store.errors import StoreDamaged
from ledger.store.heads import SignedHead
from ledger.store.order import Order, Run
from ledger.store.store import Store
from ledger.verify.merkle import leaf_hash, verify_consistency, verify_inclusion
from tests import naive_tree
from tests.store_conformance import NOON, OpenStore, at, bytes_of, people


class TreeConformance:
    """Claims about the tree and the heads of any store."""

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
