"""Processes that are killed before each of their steps in turn, until one gets to its end.

    python -m tests.dying PREPARED FOLDER COMMAND...

``FOLDER/1``, ``FOLDER/2``, … become copies of the home ``PREPARED``; in each the command is run by
a process of its own that SIGKILL ends before its first step, its second step and so on; in the last
of them it came to its end. A step is what may last: a file made, written (half of it is), made
durable, given a name or taken away; a segment that DuckDB writes (half of it is); a statement that
writes to the database of the ledger or of a witness, ``BEGIN`` and ``COMMIT`` among them. What each
process died of goes to standard output, one line a process.
"""

import contextlib
import itertools
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from typing import Any
from unittest.mock import patch

import ops.archiving
import ops.cli.main
import ops.settings
import ops.witness.client
import projections.archive.verifying  # noqa: F401 - as DuckDB, by this process and not by each
from ledger.catalog.loader import load_programs
from ledger.log.sequencer import Sequencer
from ledger.store.heads import SignedHead
from ledger.store.sqlite import SQLiteStore
from ops import demonstration
from ops.home import opened
from projections.archive import writing

MOST = 250
"""More steps than any command here takes."""

Step = Callable[[str, Callable[[], object] | None], None]
"""Told of each step before it, with what leaves it half done if it can be."""


def sequence(home: Path) -> None:
    """Give positions to what has none, a few at a time: what every command does at once."""
    with contextlib.closing(SQLiteStore(home / "ledger.db")) as store:
        Sequencer(store, step=7).advance()


def sign(home: Path) -> SignedHead:
    """The head signed by the operator and cosigned by a witness, both in one process: what dies
    of the one dies of the other. The witness is made where there is none yet."""
    with opened(home) as found:
        return demonstration.signed(found, demonstration.inspection(found)).head


WORKS: dict[str, Callable[[Path], object]] = {"sequence": sequence, "sign": sign}
"""What no command does alone; everything else is the program's own command line."""


class _Torn:
    """A file whose writing may be broken off in the middle."""

    def __init__(self, file: Any, name: str, step: Step) -> None:
        self._file, self._name, self._step = file, name, step

    def write(self, data: Any) -> int:
        def half() -> None:
            self._file.write(data[: len(data) // 2])
            self._file.flush()

        self._step(f"write {self._name}", half)
        written: int = self._file.write(data)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "_Torn":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@contextmanager
def told(step: Step) -> Iterator[None]:
    """``step`` is told of every step."""
    real = Path.open

    def open_(path: Path, mode: str = "r", *args: Any, **rest: Any) -> Any:
        if not set(mode) & set("wax"):
            return real(path, mode, *args, **rest)
        step(f"open {path.name}", None)
        return _Torn(real(path, mode, *args, **rest), path.name, step)

    patches = [patch.object(Path, "open", open_), *_files(step), *_databases(step)]
    with contextlib.ExitStack() as stack:
        for each in patches:
            stack.enter_context(each)
        yield


def _files(step: Step) -> Iterator[Any]:
    for owner, name in ((os, "fsync"), (Path, "rename"), (Path, "unlink"), (Path, "chmod")):
        real = getattr(owner, name)

        def around(*args: Any, real: Any = real, name: str = name, **rest: Any) -> Any:
            step(f"{name} {args[0] if isinstance(args[0], int) else args[0].name}", None)
            return real(*args, **rest)

        yield patch.object(owner, name, around)


def _databases(step: Step) -> Iterator[Any]:
    connect, duck = sqlite3.connect, writing.connected

    def connected(database: Any, *args: Any, **rest: Any) -> sqlite3.Connection:
        found = connect(database, *args, **rest)
        if str(database).partition("?")[0].endswith(("ledger.db", "witness.db")):
            found.set_trace_callback(statement)
        return found

    def statement(sql: str) -> None:
        if sql.startswith(("BEGIN IMMEDIATE", "INSERT", "UPDATE", "DELETE", "COMMIT")):
            step(" ".join(sql.split()[:3]), None)

    class Copying:
        """DuckDB as an archive's writer uses it."""

        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def execute(self, sql: str, *args: Any) -> Any:
            if not sql.startswith("COPY"):
                return self._connection.execute(sql, *args)

            def half() -> None:
                self._connection.execute(sql, *args)
                partial = Path(sql.split("TO '")[1].split("'", maxsplit=1)[0])
                os.truncate(partial, partial.stat().st_size // 2)

            step("COPY", half)
            return self._connection.execute(sql, *args)

    @contextmanager
    def copying() -> Iterator[Copying]:
        with duck() as connection:
            yield Copying(connection)

    yield patch.object(sqlite3, "connect", connected)
    yield patch.object(writing, "connected", copying)


def die_before(last: int, home: Path, command: list[str]) -> None:
    """Run the command in this process, which is killed before the step of that number."""
    count = itertools.count(1)

    def step(name: str, half: Callable[[], object] | None) -> None:
        if next(count) == last:
            if half is not None:
                half()
            os.write(1, f"{name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    with (
        open(os.devnull, "w") as quiet,
        contextlib.redirect_stdout(quiet),
        contextlib.redirect_stderr(quiet),
        told(step),
    ):
        if command[0] in WORKS:
            WORKS[command[0]](home)
        else:
            ops.cli.main.main([*command, "--home", str(home)])


def main() -> None:
    prepared, folder, command = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    # Read and put together once, and not by each process either.
    load_programs()
    ops.cli.main.command_line(ops.cli.main.spoken(command).lang)
    for last in range(1, MOST):
        home = Path(copytree(prepared, folder / str(last)))
        pid = os.fork()
        if not pid:
            die_before(last, home, command)  # whatever is raised ends this process
            sys.exit()
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            continue
        sys.exit(os.waitstatus_to_exitcode(status))
    sys.exit(f"more than {MOST} steps")


if __name__ == "__main__":
    main()
