"""Reading ahead: in order, one call at a time, and nothing after whoever reads has stopped."""

import threading
from collections.abc import Callable, Iterator

import pytest

from ledger.log.reading_ahead import read_ahead


def calls(*values: int, made: list[int], fails: int | None = None) -> Iterator[Callable[[], int]]:
    def call(value: int) -> int:
        made.append(value)
        if value == fails:
            raise ValueError(f"{value} cannot be read")
        return value

    for value in values:
        yield lambda value=value: call(value)  # type: ignore[misc]


@pytest.mark.parametrize("values", [(), (1,), (1, 2), tuple(range(50))])
def test_what_calls_return_comes_in_their_order(values: tuple[int, ...]) -> None:
    made: list[int] = []
    assert list(read_ahead(calls(*values, made=made))) == list(values)
    assert made == list(values)


def test_the_next_call_is_made_while_the_one_before_is_in_use() -> None:
    used, read = threading.Event(), threading.Event()

    def second() -> int:
        assert used.wait(30)
        read.set()
        return 2

    both = read_ahead([lambda: 1, second])
    assert next(both) == 1
    used.set()
    assert read.wait(30), "read while the first is still in use"
    assert list(both) == [2]


def test_an_error_comes_in_the_place_of_what_could_not_be_read() -> None:
    made: list[int] = []
    reading = read_ahead(calls(1, 2, 3, 4, made=made, fails=3))
    assert [next(reading), next(reading)] == [1, 2]
    with pytest.raises(ValueError, match="3 cannot be read"):
        next(reading)
    assert made == [1, 2, 3]


def test_who_stops_in_the_middle_leaves_no_thread_and_no_further_call() -> None:
    made: list[int] = []
    reading = read_ahead(calls(1, 2, 3, 4, made=made))
    assert next(reading) == 1
    reading.close()
    assert made in ([1], [1, 2])
    assert not [t for t in threading.enumerate() if t.name.startswith("read-ahead")]
