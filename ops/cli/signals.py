"""How a process hears that it shall stop: to finish what it does, or to undo what it started."""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def until_told() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()

    def told(number: int, frame: Any) -> None:
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stopped_at_the_end() -> Iterator[ExitStack]:
    """Gives what takes the stops of all that is started: done at the end, whatever happens.

    SIGTERM and a terminal that closes interrupt as Ctrl-C does; while things are being stopped
    nothing does.
    """

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in ends}
    for number, handler in before.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, interrupt)
    started = ExitStack()
    try:
        yield started
    finally:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        try:
            started.close()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
