"""Homes that are damaged, newer or another's: a code, an exit status, and nothing changed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cli import contents, ok, run
from tests.integration.homes import bare, home

__all__ = ["bare", "home"]


@pytest.mark.parametrize("command", ["report", "events", "digest", "doctor", "project", "rebuild"])
def test_without_a_home_nothing_is_made(tmp_path: Path, command: str) -> None:
    ended = run(tmp_path / "none", command)
    assert (ended.status, "home-missing" in ended.err) == (2, True)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", ["report", "init", "simulate", "digest"])
def test_a_newer_home_is_left_alone(home: Path, command: str) -> None:
    file = home / "home.toml"
    file.write_text(file.read_text().replace("format = 1", "format = 2"))
    before = contents(home)
    ended = run(home, command)
    assert (ended.status, "错误 home-newer: " in ended.err) == (4, True)
    assert "本版本只认识格式1" in ended.err
    assert "newer than the 1 this version knows" in run(home, command, "--lang", "en").err
    assert contents(home) == before


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("command", ["report", "init", "digest", "events"])
def test_a_truncated_ledger_is_damaged_and_not_mended(
    home: Path, command: str, keep: float
) -> None:
    file = home / "ledger.db"
    os.truncate(file, int(file.stat().st_size * keep))
    before = contents(home)
    ended = run(home, command)
    assert (ended.status, "错误 store-damaged: " in ended.err) == (4, True)
    assert "数据库损坏或不完整:ledger.db" in ended.err
    assert "damaged or truncated: ledger.db" in run(home, command, "--lang", "en").err
    assert contents(home) == before


@pytest.mark.parametrize(
    "said",
    [
        "",
        "format = \n",
        "format = []\n",
        "format = inf\n",
        "format = 1\n",
        'format = 1\noperator = "220200"\nscale = "0"\n',
        'format = 1\noperator = "220200"\nscale = "1/0"\n',
        'format = 1\noperator = "220200"\nscale = "x"\n',
        'format = 1\noperator = "220200"\nstore = "mongo"\n',
    ],
)
def test_a_home_file_that_says_nothing_of_use_is_damage(home: Path, said: str) -> None:
    (home / "home.toml").write_text(said)
    ended = run(home, "report")
    assert (ended.status, "错误 store-damaged: " in ended.err) == (4, True)


OPEN = ("payrun", "open", "living-subsidy", "2017-01", "--as", "a")


@pytest.mark.parametrize(
    ("file", "content", "command", "expected"),
    [
        ("home.toml", None, ("report",), ("store-damaged", 4)),
        ("ledger.db", None, ("init",), ("store-damaged", 4)),
        ("policy", None, ("checkpoint", "policy"), ("policy-invalid", 2)),
        ("vault/master.key", None, OPEN, ("vault-key-missing", 4)),
        ("vault/master.key", b"\xff", OPEN, ("vault-key-missing", 4)),
        ("keys/last-head", None, ("checkpoint", "sign"), ("note-invalid", 4)),
        ("audit/officers.toml", None, ("audit", "checks"), ("file-unusable", 2)),
        ("audit", b"", ("audit", "checks"), ("file-unusable", 2)),
    ],
)
def test_a_file_of_the_home_that_cannot_be_read_is_named(
    home: Path,
    file: str,
    content: bytes | None,
    command: tuple[str, ...],
    expected: tuple[str, int],
) -> None:
    """None: there is a folder in its place."""
    path = home / file
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    code, status = expected
    ended = run(home, *command)
    assert (ended.status, f"错误 {code}: " in ended.err) == (status, True), ended.err


@pytest.mark.parametrize("said", ["", "[]", "{}", '{"vkey": 3}'])
def test_a_witness_that_says_nothing_of_use_is_damaged(home: Path, said: str) -> None:
    (home / "witness.json").write_text(said)
    ended = run(home, "witness", "status", "--folder", str(home))
    assert (ended.status, "错误 witness-damaged: " in ended.err) == (4, True)


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(home: Path) -> None:
    (home / "audit" / "last-run.json").mkdir(parents=True)
    ok(home, "audit", "findings")


def test_bytes_that_are_no_text_are_refused_and_those_of_a_file_name_are_not(home: Path) -> None:
    for arguments in (
        ("balance", "\udcff"),
        ("events", "--subject", "\udcff"),
        (*OPEN[:-1], "\udcff"),
        (*OPEN, "--key", "\udcff"),
    ):
        ended = run(home, *arguments)
        assert (ended.status, "错误 invalid-value: " in ended.err) == (2, True)
    ok(home, "export", "beancount", str(home.with_name("\udcff.beancount")), "--format", "json")


@pytest.mark.parametrize("lost", ["master.key", "vault.db"])
def test_a_vault_without_its_keys_is_unusable(home: Path, lost: str) -> None:
    (home / "vault" / lost).unlink()
    ended = run(home, *OPEN)
    assert (ended.status, "vault-key-missing" in ended.err, lost in ended.err) == (4, True, True)


def test_a_simulated_city_and_a_home_for_real_use_are_not_each_other(
    city: Path, home: Path
) -> None:
    ended = run(city, "init", "--lang", "en")
    assert (ended.status, "home-mismatch: home" in ended.err) == (3, True)
    assert "is a simulated city (seed 2017)" in ended.err
    ended = run(home, "simulate", "--lang", "en")
    assert (ended.status, "was not made by simulate" in ended.err) == (3, True)


@pytest.mark.parametrize("command", ["init", "simulate"])
def test_a_home_cannot_be_made_where_a_file_is(tmp_path: Path, command: str) -> None:
    """A disk that is full is another matter, and has another remedy."""
    file = tmp_path / "file"
    file.touch()
    for place in (file, file / "home"):
        ended = run(place, command)
        assert (ended.status, "错误 file-unusable: " in ended.err) == (2, True), ended.err


@pytest.mark.parametrize("damaged", ["ledger.db", "vault/vault.db"])
def test_the_doctor_names_the_file_that_is_truncated_and_no_other(home: Path, damaged: str) -> None:
    os.truncate(home / damaged, 4_000)
    found = run(home, "doctor", "--format", "json").json["checks"]
    assert [c["name"] for c in found if not c["ok"]] == [damaged]


def test_the_doctor_names_what_is_wrong(copy: Path) -> None:
    documents = sorted((copy / "documents").iterdir())
    documents[0].write_bytes(b"exchanged")
    made = run(copy, "doctor", "--format", "json")
    wrong = [c["name"] for c in made.json["checks"] if not c["ok"]]
    assert (made.status, wrong) == (1, ["documents"])


def test_the_doctor_speaks_the_language_that_is_asked_for(copy: Path) -> None:
    (copy / "vault" / "master.key").unlink()
    assert "vault-key-missing: 密钥库中没有所需的密钥" in run(copy, "doctor").text
    english = run(copy, "doctor", "--lang", "en").text
    assert "vault-key-missing: the vault" in english
    assert "密钥" not in english


def test_the_doctor_finds_an_altered_event(copy: Path) -> None:
    altered = (
        "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); "
        'c.execute("UPDATE stored_events SET state=CAST(replace(CAST(state AS TEXT), '
        '\'\\"actor\\":\', \'\\"actor\\": \') AS BLOB) WHERE rowid=7"); c.commit()'
    )
    subprocess.run([sys.executable, "-c", altered, str(copy / "ledger.db")], check=True)
    made = run(copy, "doctor", "--full", "--format", "json")
    wrong = [c["name"] for c in made.json["checks"] if not c["ok"]]
    assert (made.status, wrong) == (1, ["tree", "events"])
