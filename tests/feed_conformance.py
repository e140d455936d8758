"""What every feed promises, as tests: subclass and say how a feed over given events is made.

    class TestStoreFeed(FeedConformance):
        @pytest.fixture()
        def make_feed(self, tmp_path): ...

``make_feed`` is a fixture that gives a function: from a list of event bytes to a feed whose log
holds exactly these, in this order.
"""

from collections.abc import Callable, Iterable, Sequence

import pytest

from ledger.log.feed import Feed, Record
from tests.histories import history

MakeFeed = Callable[[list[bytes]], Feed]


def some_events(count: int) -> list[bytes]:
    """``count`` events of as many streams."""
    told = history()
    for i in range(count):
        told.person(f"p{i}")
    return [raw for _, raw in told.records]


def flat(batches: Iterable[Sequence[Record]]) -> list[Record]:
    return [record for batch in batches for record in batch]


class FeedConformance:
    """Claims about any feed."""

    def test_an_empty_log_ends_at_zero_and_yields_nothing(self, make_feed: MakeFeed) -> None:
        feed = make_feed([])
        assert feed.end() == 0
        assert flat(feed.read(0)) == []

    def test_positions_are_dense_from_zero_and_bytes_unchanged(self, make_feed: MakeFeed) -> None:
        events = some_events(25)
        feed = make_feed(events)
        assert feed.end() == 25
        assert flat(feed.read(0)) == list(enumerate(events))

    @pytest.mark.parametrize(("start", "stop"), [(0, 7), (7, 25), (24, 25), (3, 3), (25, 25)])
    def test_a_range_holds_start_and_not_stop(
        self, make_feed: MakeFeed, start: int, stop: int
    ) -> None:
        events = some_events(25)
        expected = list(enumerate(events))[start:stop]
        assert flat(make_feed(events).read(start, stop)) == expected

    def test_a_stop_beyond_the_end_is_the_end(self, make_feed: MakeFeed) -> None:
        assert len(flat(make_feed(some_events(5)).read(2, 1_000))) == 3

    def test_no_batch_is_empty(self, make_feed: MakeFeed) -> None:
        assert all(len(batch) > 0 for batch in make_feed(some_events(25)).read(0))

    def test_reading_again_gives_the_same(self, make_feed: MakeFeed) -> None:
        feed = make_feed(some_events(10))
        assert flat(feed.read(0)) == flat(feed.read(0))
