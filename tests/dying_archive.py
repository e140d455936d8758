"""An archive writer that is killed at a step: run as a process of its own.

Arguments: the archive's folder, the log's length, and before which step (from 1) to die.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.archives import archived

STEPS = ((os, "fsync"), (Path, "rename"), (Path, "unlink"), (Path, "chmod"), (Path, "open"))
"""What a writer does to files, one call after another."""


@contextmanager
def at_each_step(told: Callable[[int], Any]) -> Iterator[None]:
    """``told`` is called before each step with its number."""
    count = 0

    def around(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **rest: Any) -> Any:
            nonlocal count
            count += 1
            told(count)
            return real(*args, **rest)

        return step

    patches = [patch.object(owner, name, around(getattr(owner, name))) for owner, name in STEPS]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def main() -> None:
    folder, length, last = sys.argv[1:]

    def die(step: int) -> None:
        if step == int(last):
            os.kill(os.getpid(), signal.SIGKILL)

    with at_each_step(die):
        archived(Path(folder), int(length))


if __name__ == "__main__":
    main()
