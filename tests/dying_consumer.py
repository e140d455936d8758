"""One of the examples, killed at a chosen place: run as a process of its own.

Arguments: the example's module, the place, which time it comes there, then the example's own.
``saved`` is before the transaction commits, ``committed`` after it, ``file`` before a file gets its
name and ``named`` after, before that is noted.
"""

import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from consumers.client import DatabaseCheckpoints


def main() -> None:
    module, place, which, *arguments = sys.argv[1:]
    example: Any = importlib.import_module(module)
    left = int(which)

    def there(at: str) -> None:
        nonlocal left
        left -= at == place
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    save = DatabaseCheckpoints.save
    rename: Callable[..., None] = os.replace

    def saving(checkpoints: DatabaseCheckpoints, connection: Any, batch: Any) -> None:
        # The transaction of the batch before this one has been committed.
        there("committed")
        save(checkpoints, connection, batch)
        there("saved")

    def renaming(*paths: Any) -> None:
        there("file")
        rename(*paths)
        there("named")

    DatabaseCheckpoints.save = saving  # type: ignore[method-assign]
    os.replace = renaming
    sys.exit(example.main(arguments))


if __name__ == "__main__":
    main()
