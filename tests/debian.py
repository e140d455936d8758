"""Programs that no package of Python's carries: the ones on the PATH, or Debian's, fetched once.

``promtool`` is Prometheus' own checker, ``kcat`` a Kafka client of another language and library,
``hledger`` bookkeeping in yet another.
Packages are unpacked into the user's cache and not installed, so that no service is started and
no root is needed; apt's own lists are used, or made for the occasion where the machine has none.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_LIMIT_S = 240


@pytest.fixture(scope="session")
def promtool() -> Path:
    """The program."""
    return _program("promtool", ("prometheus",))


@pytest.fixture(scope="session")
def kcat() -> Path:
    """The program. It brings the libraries that few machines have."""
    return _program("kcat", ("kcat", "librdkafka1", "libyajl2"))


@pytest.fixture(scope="session")
def openssl() -> Path:
    """The program, as a time-stamping authority that is not ours."""
    return _program("openssl", ("openssl", "libssl3"))


@pytest.fixture(scope="session")
def hledger() -> Path:
    """The program, plain-text accounting in Haskell."""
    return _program("hledger", ("hledger", "libgmp10", "libffi8"))


def _program(name: str, packages: tuple[str, ...]) -> Path:
    """A file to run. Fails, with what to do, on a machine that has neither it nor apt."""
    if found := shutil.which(name):
        return Path(found)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = cache / "benefits-ledger" / name
    if not kept.exists():
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            pytest.fail(f"{name} is not here, nor is apt to fetch it: put it on the PATH")
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            _fetch(Path(folder), name, packages)
            try:
                (Path(folder) / "whole").rename(kept)
            except OSError:
                assert kept.exists()  # another process was faster
    return kept / "run"


def _fetch(folder: Path, name: str, packages: tuple[str, ...]) -> None:
    """Program and libraries in ``whole``, with a script that brings them together."""
    whole = folder / "whole"
    for part in ("lists/partial", "cache/archives/partial", "whole"):
        (folder / part).mkdir(parents=True)
    # What apt did as a user of its own it could not write into a folder of ours.
    ours = [f"-oAPT::Sandbox::User={'root' if os.getuid() == 0 else ''}"]
    if not _ran(["apt-get", *ours, "download", *packages], folder):
        ours += [f"-oDir::State::lists={folder / 'lists'}", f"-oDir::Cache={folder / 'cache'}"]
        assert _ran(["apt-get", *ours, "update"], folder), "apt-get update"
        assert _ran(["apt-get", *ours, "download", *packages], folder), "apt-get download"
    for package in folder.glob("*.deb"):
        assert _ran(["dpkg-deb", "-x", package.name, "unpacked"], folder), package.name
    (folder / "unpacked" / "usr" / "bin" / name).rename(whole / name)
    for library in (folder / "unpacked" / "usr" / "lib").glob("*/*.so.*"):
        if not library.is_symlink():
            soname = library.name.split(".so.")[0] + ".so." + library.name.split(".so.")[1][0]
            library.rename(whole / soname)
    script = whole / "run"
    script.write_text(
        f'#!/bin/sh\nat=$(dirname "$0")\nLD_LIBRARY_PATH="$at" exec "$at/{name}" "$@"\n'
    )
    script.chmod(0o755)


def _ran(command: list[str], folder: Path) -> bool:
    ended = subprocess.run(command, cwd=folder, capture_output=True, timeout=_LIMIT_S, check=False)
    print(ended.stdout.decode(), ended.stderr.decode())
    return ended.returncode == 0
