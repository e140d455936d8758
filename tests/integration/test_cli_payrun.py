"""A pay run carried out by officers at the command line, from opening to the bank's result."""

import csv
import json
import stat
from datetime import UTC, datetime
from functools import partialmethod
from pathlib import Path

import pytest

from ops.home import Home
from tests.integration.cli import contents, ok, run

RUN = "living-subsidy/2018-01"
ACCOUNTANT = ("--as", "zhang", "--effective", "2018-01-16")
DIRECTOR = ("--as", "wang", "--effective", "2018-01-24")
CASHIER = ("--as", "li", "--effective", "2018-01-25")
NOTICE = ("--from", "2018-01-17", "--until", "2018-01-23", "--place", "网站")


def computed(home: Path) -> None:
    """On the day that it holds from: a notice cannot begin before its lines were recorded."""
    day = datetime(2018, 1, 16, 4, tzinfo=UTC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Home, "ledger", partialmethod(Home.ledger, clock=lambda: day))
        ok(home, "payrun", "open", "living-subsidy", "2018-01", *ACCOUNTANT)
        ok(home, "payrun", "compute", RUN, *ACCOUNTANT)


def noticed(home: Path) -> dict[str, object]:
    computed(home)
    made: dict[str, object] = ok(
        home, "payrun", "notice", RUN, *NOTICE, *ACCOUNTANT, "--format", "json"
    ).json
    return made


@pytest.mark.timeout(600)
def test_a_run_from_opening_to_the_banks_result(copy: Path, tmp_path: Path) -> None:
    made = noticed(copy)
    public = made["public_list"]
    assert isinstance(public, list)
    assert len(public) == made["count"]
    assert all("*" in line["name"] and line["id_number"].count("*") == 8 for line in public)

    shown = ok(copy, "payrun", "show", RUN, "--format", "json").json
    contested, returned = (x["enrollment"] for x in shown["line_list"][:2])
    objection = ("--objection", "o1")
    ok(copy, "payrun", "object", RUN, contested, *objection, "--ground", "已迁出", *ACCOUNTANT)
    upheld = ("--upheld", "--reason", "属实")
    ok(copy, "payrun", "resolve", RUN, "o1", *upheld, *DIRECTOR)
    ok(copy, "payrun", "approve", RUN, *DIRECTOR)
    issued = ok(copy, "payrun", "issue", RUN, *CASHIER, "--format", "json").json
    assert issued["count"] == made["count"] - 1  # type: ignore[operator]
    assert issued["dropped"] == {"objection-upheld": 1}

    bank = tmp_path / "bank.csv"
    ok(copy, "payrun", "bank-file", RUN, "--out", str(bank), *CASHIER)
    assert stat.S_IMODE(bank.stat().st_mode) == 0o600
    rows = list(csv.DictReader(bank.read_text("utf-8-sig").splitlines()))
    assert len(rows) == issued["count"]
    assert all(row["account"].startswith("6217") and row["holder"] for row in rows)
    assert sum(round(float(row["amount_yuan"]) * 100) for row in rows) == issued["total_fen"]

    result = tmp_path / "result.csv"
    with result.open("w", encoding="utf-8-sig") as file:
        file.write("enrollment,receipt,returned\n")
        for n, row in enumerate(rows):
            word = ",账户已销户" if row["enrollment"] == returned else f"R{n},"
            file.write(f"{row['enrollment']},{word}\n")
    read = ok(copy, "payrun", "read-result", RUN, str(result), *CASHIER, "--format", "json").json
    assert (read["status"], read["returned_count"]) == ("settled", 1)
    assert ok(copy, "doctor", "--full", "--format", "json").json["ok"]

    told = ok(copy, "events", "--type", "PayRunDataAccessed", "--format", "ndjson").out
    opened = [json.loads(line)["data"] for line in told.splitlines()]
    assert [(d["purpose"], d["count"]) for d in opened] == [
        ("public-notice", made["count"]),
        ("bank-file", issued["count"]),
    ]
    listed = (copy / "documents" / opened[0]["persons"]).read_text().splitlines()
    assert len(listed) == made["count"]


def test_writing_a_bank_file_again_is_a_reading_of_its_own(copy: Path, tmp_path: Path) -> None:
    """Whatever the key: what is opened again is recorded again."""
    noticed(copy)
    for step, who in (("approve", DIRECTOR), ("issue", CASHIER)):
        ok(copy, "payrun", step, RUN, *who)
    for name in ("one.csv", "two.csv"):
        ok(copy, "payrun", "bank-file", RUN, "--out", str(tmp_path / name), *CASHIER, "--key", "k")
    told = ok(copy, "events", "--type", "PayRunDataAccessed", "--format", "ndjson").out
    purposes = [json.loads(line)["data"]["purpose"] for line in told.splitlines()]
    assert purposes == ["public-notice", "bank-file", "bank-file"]


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_stored(
    copy: Path, tmp_path: Path
) -> None:
    """Or a notice would stand that nobody has the list of, and a reading of accounts in vain."""
    nowhere = str(tmp_path / "none" / "file.csv")
    computed(copy)
    ok(copy, "payrun", "show", "living-subsidy/2017-12")
    before = contents(copy)
    for step in (
        ("notice", RUN, *NOTICE, *ACCOUNTANT, "--export"),
        ("bank-file", "living-subsidy/2017-12", *CASHIER, "--out"),
    ):
        ended = run(copy, "payrun", *step, nowhere)
        assert (ended.status, "not-found" in ended.err) == (2, True)
    assert contents(copy) == before


def test_an_objection_is_to_a_line_of_the_run(copy: Path) -> None:
    """One to another's enrollment would bar the approval for nobody's sake."""
    noticed(copy)
    objection = ("--objection", "o1", "--ground", "已迁出")
    ended = run(copy, "payrun", "object", RUN, "enrollment-nope", *objection, *ACCOUNTANT)
    assert (ended.status, "not-found: 没有找到:enrollment-nope" in ended.err) == (2, True)
    ok(copy, "payrun", "approve", RUN, *DIRECTOR)


def test_no_clear_number_is_in_the_log_or_the_views(copy: Path) -> None:
    noticed(copy)
    events = ok(copy, "events", "--format", "ndjson").out
    assert b"6217" + b"0" not in events
    assert b'"id_number"' not in events.replace(b'"fields":["id_number","name"]', b"")


def test_a_key_used_again_gives_the_first_result(copy: Path) -> None:
    step = ("payrun", "open", "nursing-subsidy", "2018-01", *ACCOUNTANT, "--key", "k1")
    ok(copy, *step)
    before = ok(copy, "digest").json["log"]
    ok(copy, *step)
    assert ok(copy, "digest").json["log"] == before
    other = ("payrun", "open", "nursing-subsidy", "2018-02", *ACCOUNTANT, "--key", "k1")
    ended = run(copy, *other)
    assert (ended.status, "idempotency-conflict" in ended.err) == (3, True)


def test_an_approval_while_the_notice_runs_says_until_when(copy: Path) -> None:
    noticed(copy)
    ended = run(copy, "payrun", "approve", RUN, "--as", "wang", "--effective", "2018-01-23")
    assert (ended.status, "notice-running: 公示至2018-01-23" in ended.err) == (2, True)


def test_who_computed_may_not_approve(copy: Path) -> None:
    noticed(copy)
    ended = run(copy, "payrun", "approve", RUN, "--as", "zhang", "--effective", "2018-01-24")
    assert (ended.status, ended.err.count("four-eyes")) == (2, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "headings of result.csv must be enrollment,receipt,returned; they are -"),
        (b"a,b,c\n", "headings of result.csv must be enrollment,receipt,returned; they are a,b,c"),
        (b"enrollment,receipt,returned\nx,R1,\ny,R2,reason\n", "rows 3 of result.csv"),
        (b"enrollment,receipt,returned\nx,,\n", "rows 2 of result.csv"),
        (b"enrollment,receipt,returned\nx,R1,\nx,R2,\n", "rows 3 of result.csv"),
        (b"enrollment,receipt,returned\nx,R1\ny,\n", "rows 2, 3 of result.csv"),
        (b"enrollment\xff", "result.csv is not UTF-8"),
    ],
)
def test_a_wrong_result_file_is_refused_as_a_whole(
    city: Path, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "result.csv"
    file.write_bytes(content)
    before = ok(city, "digest").json["log"]
    step = ("payrun", "read-result", "living-subsidy/2017-12", str(file), *CASHIER)
    ended = run(city, *step, "--lang", "en")
    assert (ended.status, f"invalid-value: {said}" in ended.err) == (2, True), ended.err
    assert ok(city, "digest").json["log"] == before
