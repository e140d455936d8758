"""The command line called in this process."""

import hashlib
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops.cli.main import main

SCALE = "0.01"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(home: Path, *arguments: str) -> Ended:
    """Run ``benefits-ledger`` on a home, with streams of its own."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main([*arguments, "--home", str(home)])
    written = []
    for stream in (out, err):
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        written.append(stream.buffer.getvalue())
    return Ended(int(ended.value.code or 0), written[0], written[1].decode())


def ok(home: Path, *arguments: str) -> Ended:
    """As :func:`run`, for a command that must succeed."""
    ended = run(home, *arguments)
    assert ended.status == 0, ended.err
    return ended


def contents(home: Path) -> dict[str, str]:
    """Every file of a home by its digest, but for SQLite's shared memory and empty logs."""
    return {
        str(file.relative_to(home)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(home.rglob("*"))
        if file.is_file()
        and not file.name.endswith("-shm")
        and not (file.name.endswith("-wal") and file.stat().st_size == 0)
    }
