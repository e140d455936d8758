"""Reading the next batch while the one before it is worked on."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def read_ahead(reads: Iterable[Callable[[], T]]) -> Generator[T, None, None]:
    """What each call returns, in order; each is called while the one before it is in use.

    The first is called at once and, if it is the only one, without any thread. What a call raises
    is raised in its place. Whoever stops in the middle waits for the call under way, and no
    further one is made.
    """
    calls = iter(reads)
    first = next(calls, None)
    if first is None:
        return
    ready, coming = first(), next(calls, None)
    if coming is None:
        yield ready
        return
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as reader:
        while coming is not None:
            reading: Future[T] = reader.submit(coming)
            yield ready
            ready, coming = reading.result(), next(calls, None)
        yield ready
