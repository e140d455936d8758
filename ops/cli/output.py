"""What commands print: tables or one JSON document on standard output, notes on standard error.

A table in a terminal takes its width; written to a file or a pipe it takes what it needs. Progress
goes to standard error, as a bar with rate and time left in a terminal, as a line now and then
elsewhere.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import msgspec
import orjson
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from ops.texts import label

WIDE = 240
"""Columns of a table that no terminal shows."""
LINE_EVERY_S = 5.0


class Output:
    """Prints in one language and one format."""

    def __init__(self, lang: str, format: str) -> None:
        self._lang = lang
        self.json = format == "json"

    def document(self, document: Any) -> None:
        """One JSON document."""
        said = msgspec.to_builtins(document)
        try:
            raw = orjson.dumps(said, option=orjson.OPT_INDENT_2)
        except orjson.JSONEncodeError:  # the name of a file that is no text
            raw = json.dumps(said, indent=2).encode()
        sys.stdout.flush()
        sys.stdout.buffer.write(raw + b"\n")

    def table(
        self, title: str | None, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """A table; a column's key with ``>`` before it is set to the right."""
        self._print(
            title,
            [(label(key.lstrip(">"), self._lang), key.startswith(">")) for key in columns],
            rows,
        )

    def rows(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table whose columns bring their own names; numbers are set to the right."""
        numbers = [any(isinstance(row[at], int) for row in rows) for at in range(len(columns))]
        self._print(None, list(zip(columns, numbers, strict=True)), rows)

    def _print(
        self,
        title: str | None,
        columns: Sequence[tuple[str, bool]],
        rows: Iterable[Sequence[Any]],
    ) -> None:
        table = Table(title=title, title_justify="left", title_style="bold", highlight=False)
        for header, right in columns:
            table.add_column(header, justify="right" if right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(_cell(value) for value in row))
        console = _stdout()
        with console.capture() as printed:
            console.print(table)
        sys.stdout.write(printed.get())

    def line(self, text: str) -> None:
        """A line of the answer itself."""
        print(text)

    def note(self, text: str) -> None:
        """A remark, on standard error; the work goes on where nobody listens there any more."""
        with _unheard():
            print(text, file=sys.stderr)


def yuan(fen: int | None) -> str:
    """An amount for people: ``1,234.50``."""
    if fen is None:
        return ""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def nowhere(stream: TextIO) -> None:
    """Let a stream that takes nothing lead nowhere, so that its end isn't found out at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _cell(value: Any) -> Text:
    match value:
        case Text():
            return value
        case None:
            return Text("")
        case bool():
            return Text("✓" if value else "✗", style="green" if value else "bold red")
        case int():
            return Text(f"{value:,}")
        case _:
            return Text(str(value))


def _stdout() -> Console:
    """Made at each use, since standard output may be another one then."""
    width = None if sys.stdout.isatty() else WIDE
    return Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False)


# --- progress


class _Rate(ProgressColumn):
    """Events a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f}/s")


@contextmanager
def progress(title: str, lang: str) -> Iterator[Callable[[int, int], None]]:
    """A callback for (done, total); shows nothing for work that is over in a moment."""
    with stages(lang) as report:
        yield lambda done, total: report(title, done, total)


@contextmanager
def stages(lang: str) -> Iterator[Callable[[str, int, int], None]]:
    """A callback for (stage, done, total), as the simulation gives it."""
    if sys.stderr.isatty():
        console = Console(file=sys.stderr)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TextColumn(label("left", lang)),
            TimeRemainingColumn(),
        )
        with Bar(*columns, console=console, transient=True) as bar:
            yield _on_bar(bar)
    else:
        yield _Lines(lang)


def _on_bar(bar: Bar) -> Callable[[str, int, int], None]:
    tasks: dict[str, Any] = {}

    def report(stage: str, done: int, total: int) -> None:
        if "task" not in tasks:
            tasks["task"] = bar.add_task(stage, total=total)
        bar.update(tasks["task"], description=stage, completed=done, total=total)

    return report


class _Lines:
    """A line every few seconds: stage, how far, how fast, how long still."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._start = self._last = 0.0
        self._first: int | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first, self._start, self._last = done, now, now
        if now - self._last < LINE_EVERY_S:
            return
        self._last = now
        rate = (done - self._first) / (now - self._start)
        left = f"{(total - done) / rate:,.0f} s" if rate > 0 else "?"
        told = f"{stage}: {done:,}/{total:,} {rate:,.0f}/s {label('left', self._lang)} {left}"
        with _unheard():
            print(told, file=sys.stderr, flush=True)


@contextmanager
def _unheard() -> Iterator[None]:
    """Standard error leads nowhere once its reader has gone."""
    try:
        yield
    except BrokenPipeError:
        nowhere(sys.stderr)
