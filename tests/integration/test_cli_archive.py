"""The commands over the archive, between two moments, and for other people's programs."""

import csv
import hashlib
import io
import json
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from beancount import loader
from beancount.core.data import Balance, Transaction

from tests.integration.cli import ok, run


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("archives")


@pytest.fixture
def archive(city: Path, archives: Path) -> Path:
    """The city's archive, in segments of 10,000."""
    folder = archives / "archive"
    ok(city, "archive", "--archive", str(folder), "--segment-size", "10000")
    return folder


def report(city: Path, *bounds: str) -> Any:
    return run(city, "report", *bounds, "--format", "json").json


# --- archive, audit sql


def test_the_archive_is_the_ledgers_log(city: Path, archive: Path) -> None:
    where = ("--archive", str(archive), "--format", "json")
    found = ok(city, "archive", "verify", "--with-log", *where).json
    again = ok(city, "archive", *where).json
    assert found["events"] == again["events"] == ok(city, "digest").json["log"]["events"]
    assert (again["added"], again["root"]) == (0, found["root"])
    manifest = json.loads((archive / "manifest.json").read_bytes())
    assert manifest["segments"] == again["segments"]
    assert [s["count"] for s in manifest["segments"][:2]] == [10_000, 10_000]


def test_damage_ends_with_the_position(city: Path, archive: Path, tmp_path: Path) -> None:
    folder = Path(copytree(archive, tmp_path / "archive"))
    path = sorted(folder.glob("*.parquet"))[1]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-100])
    ended = run(city, "archive", "verify", "--archive", str(folder), "--format", "json")
    assert ended.status == 4
    error = json.loads(ended.err)["error"]
    assert error["code"] == "archive-damaged"
    assert error["fields"]["segment"] == path.name


def test_sql_needs_the_archive_and_no_home(archive: Path, tmp_path: Path) -> None:
    where, home = ("--archive", str(archive)), tmp_path / "no-home"
    query = "SELECT type, count(*) AS n FROM events GROUP BY type ORDER BY n DESC, type"
    answer = ok(home, "audit", "sql", query, *where, "--format", "json").json
    assert answer["columns"] == ["type", "n"]
    rows = list(
        csv.reader(io.StringIO(ok(home, "audit", "sql", query, *where, "--format", "csv").text))
    )
    assert rows == [["type", "n"], *([kind, str(n)] for kind, n in answer["rows"])]
    file = tmp_path / "query.sql"
    file.write_text(query + ";\n")
    assert ok(home, "audit", "sql", "-f", str(file), *where, "--format", "json").json == answer
    cut = ok(home, "audit", "sql", query, *where, "--limit", "2", "--lang", "en")
    assert "SubsidyGranted" in cut.text
    assert "the first 2 rows" in cut.err
    assert "借方" in ok(home, "audit", "sql", *where).text
    assert "debits positive" in ok(home, "audit", "sql", *where, "--lang", "en").text


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (("audit", "sql", "DROP VIEW events"), "query-refused", 2),
        (("audit", "sql", "SELECT 1", "-f", "x.sql"), "invalid-value", 2),
        (("audit", "sql", "-f", "/nowhere/x.sql"), "not-found", 2),
        (("audit", "sql", "FROM range(1000000000000) SELECT sum(range)", "--timeout", "0.2"),
         "query-too-long", 2),
    ],
)  # fmt: skip
def test_questions_that_are_refused(
    city: Path, archive: Path, arguments: tuple[str, ...], code: str, status: int
) -> None:
    ended = run(city, *arguments, "--archive", str(archive), "--format", "json")
    assert (ended.status, json.loads(ended.err)["error"]["code"]) == (status, code)


def test_the_folder_of_a_check_is_said_after_it(city: Path, archive: Path) -> None:
    ended = run(city, "archive", "--archive", str(archive), "verify", "--format", "json")
    assert ended.status == 2
    assert "invalid-value" in ended.err


def test_without_an_archive_nothing_is_whole(city: Path, tmp_path: Path) -> None:
    for words in (("archive", "verify"), ("audit", "sql", "SELECT 1")):
        ended = run(city, *words, "--archive", str(tmp_path / "none"), "--format", "json")
        assert ended.status == 2
        assert json.loads(ended.err)["error"]["code"] == "archive-missing"


def test_sql_gives_the_balance_that_was_known_then(city: Path, archive: Path) -> None:
    where = ("--archive", str(archive), "--format", "json")
    found = "SELECT beneficiary, strftime(found_on, '%Y-%m-%d') FROM debts LIMIT 1"
    ((person, day),) = ok(city, "audit", "sql", found, *where).json["rows"]
    for bounds, given in (
        (("--known-on", day), f"known := '{day}'"),
        (("--as-of-position", "9000"), "until := 9000"),
        (("--known-on", day, "--effective-on", "2017-02-28"),
         f"known := '{day}', effective_by := '2017-02-28'"),
    ):  # fmt: skip
        shown = ok(city, "balance", person, *bounds, "--format", "json").json["balances"]
        query = f"FROM balances_as_of({given}) WHERE beneficiary = '{person}' ORDER BY program"
        asked = ok(city, "audit", "sql", query, *where).json
        rows = [dict(zip(asked["columns"], row, strict=True)) for row in asked["rows"]]
        assert rows == shown


# --- the second engine


@pytest.mark.parametrize(
    "bounds",
    [
        (),
        ("--known-on", "2017-04-13"),
        ("--as-of-position", "15000", "--effective-on", "2017-03-31"),
        ("--as-of-position", "20000", "--known-on", "2017-08-01", "--effective-on", "2017-06-30"),
    ],
)
def test_the_second_engine_agrees_to_the_fen(
    city: Path, archive: Path, bounds: tuple[str, ...]
) -> None:
    where = ("--archive", str(archive), "--format", "json")
    found = ok(city, "audit", "recompute", *bounds, *where).json
    assert found["agree"]
    assert found["rows"]["balances"] > 100
    assert found["position"] == report(city, *bounds)["position"]


def test_a_tampered_view_is_listed_cell_by_cell(copy: Path, archive: Path) -> None:
    with closing(sqlite3.connect(copy / "views.db")) as views, views:
        ((table,),) = views.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%balances%'"
            " AND name NOT LIKE '%trial%'"
        ).fetchall()
        ((person, program),) = views.execute(
            f"SELECT beneficiary, program FROM {table} WHERE settled_fen > 0 LIMIT 1"
        ).fetchall()
        views.execute(
            f"UPDATE {table} SET settled_fen = settled_fen + 1, owed_fen = 7"
            " WHERE beneficiary = ? AND program = ?",
            (person, program),
        )
    views.close()
    ended = run(copy, "audit", "recompute", "--archive", str(archive), "--format", "json")
    assert ended.status == 1
    assert not ended.json["agree"]
    listed = {d["column"]: d for d in ended.json["differences"]}
    assert listed.keys() == {"settled_fen", "owed_fen"}
    assert {tuple(d["key"]) for d in listed.values()} == {(person, program)}
    assert listed["settled_fen"]["view"] == listed["settled_fen"]["sql"] + 1
    assert (listed["owed_fen"]["view"], listed["owed_fen"]["sql"]) == (7, 0)
    assert person in run(copy, "audit", "recompute", "--archive", str(archive)).text


# --- two moments


def test_what_was_learned_in_between_is_told_with_its_events(city: Path) -> None:
    """What held by the end of March, as known then and as known at the end."""
    held = ("--effective-on", "2017-03-31")
    found = ok(city, "diff", "--between", "2017-03-31", "now", *held, "--format", "json").json
    lines = ok(city, "events", "--format", "ndjson").out.splitlines()
    assert found["events"] > 0
    assert found["money"], "a small city has a late death too"
    for change in found["money"]:
        person, program = change["beneficiary"], change["program"]
        who = ("balance", person, "--program", program, *held, "--format", "json")
        then = ok(city, *who, "--known-on", "2017-03-31").json["balances"]
        now = ok(city, *who).json["balances"]
        for name in ("granted_fen", "settled_fen", "owed_fen"):
            pair = [rows[0][name] if rows else 0 for rows in (then, now)]
            assert change[name] == pair
        assert change["causes"]["events"] == len(change["causes"]["positions"]) > 0
        for position in change["causes"]["positions"]:
            event = json.loads(lines[position])
            assert (event["subject"], event["data"]["program"]) == (person, program)
            assert event["effective"] <= "2017-03-31" < event["time"][:10]


def test_figures_are_those_of_the_two_reports(city: Path) -> None:
    moments = ("8000", "known=2017-09-30,effective=2017-08-31")
    found = ok(city, "diff", "--between", *moments, "--format", "json").json
    reports = (
        report(city, "--as-of-position", "8000"),
        report(city, "--known-on", "2017-09-30", "--effective-on", "2017-08-31"),
    )
    before, after = ({f["id"]: f["actual_value"] for f in r["figures"]} for r in reports)
    assert {f["id"]: (f["before"], f["after"]) for f in found["figures"]} == {
        name: (before[name], after[name]) for name in before if before[name] != after[name]
    }
    assert all(f["causes"]["events"] for f in found["figures"])
    lines = ok(city, "events", "--format", "ndjson").out.splitlines()
    paid = next(f for f in found["figures"] if f["id"] == "fuel-subsidy.amount")
    fen = 0
    for raw in map(json.loads, lines[8000 : found["after"]]):
        if raw["data"].get("program") == "fuel-subsidy" and "PaymentSettled" in raw["type"]:
            fen += raw["data"]["amount_fen"] if raw["effective"] <= "2017-08-31" else 0
    assert Decimal(paid["after"]) - Decimal(paid["before"]) == Decimal(fen) / 100


def test_one_moment_twice_is_no_difference(city: Path) -> None:
    found = ok(city, "diff", "--between", "9000", "9000", "--format", "json").json
    assert (found["events"], found["figures"], found["money"]) == (0, [], [])
    assert "没有变动" in ok(city, "diff", "--between", "now", "now").text


def test_one_persons_difference_is_its_part_of_all(city: Path) -> None:
    moments = ("diff", "--between", "2017-03-31", "2017-05-31", "--format", "json")
    every = ok(city, *moments).json["money"]
    person = every[0]["beneficiary"]
    alone = ok(city, *moments, "--person", person).json
    assert alone["money"] == [m for m in every if m["beneficiary"] == person]
    assert alone["figures"] == []


@pytest.mark.parametrize("text", ["tomorrow", "known=2017-13-01", "since=2017-01-01", "position=x"])
def test_a_moment_that_is_none_is_refused(city: Path, text: str) -> None:
    ended = run(city, "diff", "--between", text, "now", "--format", "json")
    assert ended.status == 2
    assert json.loads(ended.err)["error"]["code"] in ("invalid-date", "invalid-value")


def test_digests_are_of_any_moment(city: Path) -> None:
    lines = ok(city, "events", "--format", "ndjson").out.splitlines(keepends=True)
    now = ok(city, "digest").json
    first = ok(city, "digest", "--as-of-position", "9000").json
    assert first["log"]["sha256"] == hashlib.sha256(b"".join(lines[:9000])).hexdigest()
    assert ok(city, "digest", "--as-of-position", str(len(lines))).json == now
    held = ok(city, "digest", "--as-of-position", "9000", "--effective-on", "2017-01-31").json
    kept = [x for x in lines[:9000] if json.loads(x)["effective"] <= "2017-01-31"]
    assert held["log"] == {
        "events": len(kept),
        "sha256": hashlib.sha256(b"".join(kept)).hexdigest(),
    }
    assert held["views"]["balances"]["sha256"] != first["views"]["balances"]["sha256"]


# --- journals


def ledgers_own(made: Any) -> dict[str, Decimal]:
    """The trial balance of a report, in yuan by account."""
    accounts = made["trial_balance"]["accounts"]
    return {a["account"]: Decimal(a["balance_fen"]) / 100 for a in accounts}


def by_account(amounts: list[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Sums of a journal's accounts by the ledger's own: without fund and program."""
    sums: Counter[str] = Counter()
    for name, yuan in amounts:
        sums[":".join(name.removeprefix("Equity:").split(":")[:2])] += yuan  # type: ignore[assignment]
    return dict(sums)  # type: ignore[arg-type]


@pytest.mark.parametrize("detail", ["event", "month"])
def test_beancount_accepts_the_journal_with_the_same_balances(
    city: Path, tmp_path: Path, detail: str
) -> None:
    file, bounds = tmp_path / "city.beancount", ()
    if detail == "event":  # Beancount takes a millisecond or so for each
        bounds = ("--as-of-position", "12000")
    told = ok(
        city, "export", "beancount", str(file), "--detail", detail, *bounds, "--format", "json"
    )
    entries, errors, _ = loader.load_file(str(file))
    assert errors == []
    made = [e for e in entries if isinstance(e, Transaction)]
    assert len(made) == told.json["transactions"] > 50
    assert sum(isinstance(e, Balance) for e in entries) == told.json["accounts"]
    legs = [(p.account, p.units.number) for e in made for p in e.postings]
    assert by_account(legs) == ledgers_own(report(city, *bounds))
    if detail == "event":
        lines = ok(city, "events", "--format", "ndjson", "--limit", "12000").out.splitlines()
        assert all(
            json.loads(lines[int(e.meta["position"])])["id"] == e.meta["event"] for e in made
        )


@pytest.mark.parametrize(
    ("detail", "bounds"),
    [("event", ()), ("month", ("--known-on", "2017-06-30", "--effective-on", "2017-05-31"))],
)
def test_hledger_accepts_the_journal_with_the_same_balances(
    city: Path, tmp_path: Path, hledger: Path, detail: str, bounds: tuple[str, ...]
) -> None:
    file = tmp_path / "city.journal"
    ok(city, "export", "hledger", str(file), "--detail", detail, *bounds)
    subprocess.run([hledger, "-f", file, "check", "--strict"], check=True, timeout=60)
    shown = subprocess.run(
        [hledger, "-f", file, "balance", "--flat", "-E", "-N", "-O", "csv"],
        capture_output=True,
        check=True,
        timeout=60,
        text=True,
    )
    rows = list(csv.reader(io.StringIO(shown.stdout)))[1:]
    amounts = [(name, Decimal(text.removesuffix(" CNY"))) for name, text in rows if text != "0"]
    sums = {name: yuan for name, yuan in by_account(amounts).items() if yuan}
    own = ledgers_own(report(city, *bounds))
    assert sums == {name: yuan for name, yuan in own.items() if yuan}


def test_a_trial_balance_that_was_tampered_with_is_not_accepted(copy: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(copy / "views.db")) as views, views:
        ((table,),) = views.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%trial_balance%'"
        ).fetchall()
        ((account, fund, program, division),) = views.execute(
            f"SELECT account, fund, program, division FROM {table} LIMIT 1"
        ).fetchall()
        views.execute(
            f"UPDATE {table} SET balance_fen = balance_fen + 1"
            " WHERE account = ? AND fund = ? AND program = ? AND division = ?",
            (account, fund, program, division),
        )
    views.close()
    file = tmp_path / "city.beancount"
    ok(copy, "export", "beancount", str(file), "--detail", "month")
    _, errors, _ = loader.load_file(str(file))
    assert len(errors) == 1
    assert "Balance failed" in errors[0].message
