"""Kafka's jars: what the lock file does not name by its digest is never kept or used."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ops.local.errors import JarMismatch
from ops.local.jars import Fetch, Jar, cache_folder, ensure_jars, locked_jars

CONTENT = b"classes"
JAR = Jar("org.example:thing:1.0", hashlib.sha256(CONTENT).hexdigest())


def delivering(content: bytes, asked: list[str] | None = None) -> Fetch:
    """A source of jars that delivers this content, whatever is asked for."""

    def fetch(jar: Jar, folder: Path) -> Path:
        if asked is not None:
            asked.append(jar.coordinates)
        file = folder / "delivered"
        file.write_bytes(content)
        return file

    return fetch


def test_a_jar_is_fetched_once(tmp_path: Path) -> None:
    asked: list[str] = []
    for _ in range(2):
        (file,) = ensure_jars([JAR], tmp_path, fetch=delivering(CONTENT, asked))
    assert (file, file.read_bytes()) == (tmp_path / "thing-1.0.jar", CONTENT)
    assert asked == [JAR.coordinates]


def test_another_jar_than_the_locked_one_is_refused_and_nothing_kept(tmp_path: Path) -> None:
    with pytest.raises(JarMismatch) as refused:
        ensure_jars([JAR], tmp_path, fetch=delivering(b"something else"))
    assert (refused.value.code, refused.value.exit_code) == ("jar-mismatch", 4)
    assert refused.value.fields["expected"] == JAR.sha256
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_jar_is_fetched_again(tmp_path: Path) -> None:
    (file,) = ensure_jars([JAR], tmp_path, fetch=delivering(CONTENT))
    file.write_bytes(CONTENT[:3])
    (file,) = ensure_jars([JAR], tmp_path, fetch=delivering(CONTENT))
    assert file.read_bytes() == CONTENT


def test_several_may_fetch_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(
            pool.map(lambda _: ensure_jars([JAR], tmp_path, fetch=delivering(CONTENT)), range(32))
        )
    assert found == {(tmp_path / "thing-1.0.jar",)}
    assert list(tmp_path.iterdir()) == [tmp_path / "thing-1.0.jar"]


def test_the_lock_file_names_each_jar_once_with_a_digest() -> None:
    jars = locked_jars()
    assert len(jars) == len({jar.file_name for jar in jars}) == 47
    assert all(len(jar.sha256) == 64 and int(jar.sha256, 16) for jar in jars)
    assert {"kafka_2.13-4.3.1.jar", "kafka-tools-4.3.1.jar"} < {jar.file_name for jar in jars}


def test_the_cache_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "benefits-ledger" / "kafka-4.3.1"
    for absent in ("", "not/absolute"):
        monkeypatch.setenv("XDG_CACHE_HOME", absent)
        assert cache_folder().is_relative_to(Path.home() / ".cache")
