"""Apache Kafka's jars: fetched one by one, each held to the SHA-256 of the lock file.

They are kept in the user's cache folder for all homes. A file appears there whole and verified or
not at all, so that several processes may fetch at once; a damaged one is fetched again.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from ops.local.errors import JarMismatch, JarUnavailable, PackageMissing

KAFKA_VERSION = "4.3.1"
FETCH_TIMEOUT_S = 60
"""For one jar."""
_THREADS = 8


class Jar(NamedTuple):
    """A line of the lock file."""

    coordinates: str
    sha256: str

    @property
    def file_name(self) -> str:
        """``artifact-version.jar``; no two jars of the lock share it."""
        _, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"


Fetch = Callable[[Jar, Path], Path]
"""Fetches a jar into an empty folder and returns its file."""


def locked_jars() -> tuple[Jar, ...]:
    """The lock file's jars, in its order."""
    text = (files("ops.local") / "kafka-jars.txt").read_text("utf-8")
    lines = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(Jar(coordinates, sha256) for coordinates, sha256 in lines)


def cache_folder() -> Path:
    """Where the jars are kept: under XDG_CACHE_HOME, else under ``~/.cache``."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
    return base / "benefits-ledger" / f"kafka-{KAFKA_VERSION}"


def fetch_with_jgo(jar: Jar, folder: Path) -> Path:
    """Fetch one jar with jgo; its own resolution of what a jar needs is never used.

    Raises :class:`JarUnavailable`, :class:`PackageMissing`.
    """
    try:
        from jgo.maven import MavenContext
    except ImportError as error:
        raise PackageMissing(package="jgo") from error
    group, artifact, version = jar.coordinates.split(":")
    context = MavenContext(repo_cache=folder, timeout=FETCH_TIMEOUT_S)
    try:
        return context.project(group, artifact).at_version(version).artifact().resolve()
    except (RuntimeError, OSError) as error:
        raise JarUnavailable(jar=jar.coordinates, reason=error) from error


def ensure_jars(
    jars: Iterable[Jar] | None = None,
    folder: Path | None = None,
    *,
    fetch: Fetch = fetch_with_jgo,
) -> tuple[Path, ...]:
    """The class path: every jar present and verified, fetched where it is not.

    Hashing all of them takes a fifth of a second, so it is done each time. Raises
    :class:`JarMismatch`, :class:`JarUnavailable`, :class:`PackageMissing`.
    """
    wanted = locked_jars() if jars is None else tuple(jars)
    folder = folder or cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_THREADS) as pool:
        return tuple(pool.map(lambda jar: _ensure(jar, folder, fetch), wanted))


def _ensure(jar: Jar, folder: Path, fetch: Fetch) -> Path:
    kept = folder / jar.file_name
    if kept.exists() and _sha256(kept) == jar.sha256:
        return kept
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as private:
        fetched = fetch(jar, Path(private))
        found = _sha256(fetched)
        if found != jar.sha256:
            raise JarMismatch(jar=jar.coordinates, expected=jar.sha256, found=found)
        fetched.replace(kept)
    return kept


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
