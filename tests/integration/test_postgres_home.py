"""A home whose events and views are in PostgreSQL: the same city byte for byte, its commands."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.log.feed import Feed
from ledger.store.errors import HomeMismatch
from ops.home import Home
from ops.local.postgres import LocalDatabase
from ops.settings import ServerNotConfigured
from tests.integration.cli import SCALE, ok, run

ANSWERS = (
    "report --format json",
    "explain --figure fuel-subsidy.amount --format json",
    "payrun list --format json",
    "entitlements --program nursing-subsidy --month 2017-06 --format json",
    "events --type DeathRecorded --format json",
    "digest",
    "log head",
    "log prove --position 20000",
    "log prove --from 300 --to 20000",
    "log fsck --format json",
)
"""Commands whose answers may not depend on where things are kept."""


def log_of(feed: Feed) -> list[tuple[int, bytes]]:
    return [record for batch in feed.read(0) for record in batch]


@pytest.fixture
def url(make_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database, told by the environment."""
    it = make_database()
    monkeypatch.setenv("BENEFITS_DATABASE_URL", it)
    return it


def test_a_simulated_year_is_the_same_in_either_store(copy: Path, tmp_path: Path, url: str) -> None:
    homes = [copy, tmp_path / "postgres"]
    ok(homes[1], "simulate", "--scale", SCALE, "--store", "postgres")
    kept = [Home.open(home) for home in homes]
    logs = [log_of(home.feed) for home in kept]
    assert len(logs[0]) > 20_000
    assert logs[0] == logs[1]
    digests = []
    for home in kept:
        home.projector.catch_up()
        digests.append({name: d.digest for name, d in home.projector.digests().items()})
        assert all(rebuilt.same for rebuilt in home.projector.rebuild())
        home.close()
    assert digests[0] == digests[1]
    for command in ANSWERS:
        answers = [ok(home, *command.split()).out for home in homes]
        assert answers[0] == answers[1], command
    assert ok(homes[1], "doctor", "--lang", "en").text.count("✗") == 0


def test_a_home_is_made_again_by_the_same_command_and_by_no_other(tmp_path: Path, url: str) -> None:
    home = tmp_path / "home"
    for _ in range(2):
        assert ok(home, "init", "--store", "postgres", "--format", "json").json["operator"]
    assert not (home / "ledger.db").exists()
    assert url not in (home / "home.toml").read_text()
    assert (run(home, "init").status, run(home, "init").err.count("home-mismatch")) == (3, 1)
    assert ok(home, "doctor", "--format", "json").json["ok"]


def test_another_homes_log_is_refused(
    tmp_path: Path, make_database: Callable[[], str], url: str
) -> None:
    ok(tmp_path / "one", "init", "--store", "postgres")
    with pytest.raises(HomeMismatch):
        Home.create(tmp_path / "two", store="postgres", database_url=url)
    other = make_database()
    Home.create(tmp_path / "three", store="postgres", database_url=other).close()
    with pytest.raises(HomeMismatch):
        Home.open(tmp_path / "one", other).store  # noqa: B018


def test_a_home_without_its_database_says_what_is_missing(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok(tmp_path / "home", "init", "--store", "postgres")
    monkeypatch.delenv("BENEFITS_DATABASE_URL")
    with pytest.raises(ServerNotConfigured, match="BENEFITS_DATABASE_URL"):
        Home.open(tmp_path / "home").store  # noqa: B018
    ended = run(tmp_path / "home", "events")
    assert (ended.status, "server-not-configured" in ended.err) == (2, True)


def test_a_home_with_a_server_of_its_own_needs_no_setting(
    servers_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part logs in as its own: the ledger, the keeper of the views, and for init the admin."""
    monkeypatch.delenv("BENEFITS_DATABASE_URL", raising=False)
    home = Path(tempfile.mkdtemp(dir=servers_folder, prefix="home-"))
    home.chmod(0o711)
    refused = run(home, "init", "--store", "postgres", "--lang", "en")
    assert (refused.status, "run benefits-ledger postgres up" in refused.err) == (2, True)
    assert not (home / "home.toml").exists()
    ok(home, "postgres", "up")
    ok(home, "init", "--store", "postgres")
    ok(home, "project")
    assert ok(home, "doctor", "--format", "json").json["ok"]
    LocalDatabase(home).down()
    down = run(home, "events", "--lang", "en")
    assert (down.status, "server-down" in down.err) == (4, True)
    assert "run benefits-ledger postgres up" in down.err
