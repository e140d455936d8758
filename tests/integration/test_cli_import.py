"""Importing rosters: what is applied, what comes back, and what stays unsaid."""

import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pytest

from tests.integration.cli import contents, ok, run
from tests.integration.homes import bare, home
from tests.integration.imports import CLERK, counts, given, taken
from tests.office import identity
from tests.rosters import Row, application, clean, messy, person, save, save_csv

__all__ = ["bare", "home"]


def returned(file: Path) -> list[list[Any]]:
    sheet = openpyxl.load_workbook(file).active
    assert sheet is not None
    return [list(row) for row in sheet.iter_rows(values_only=True)]


# --- what is applied, and what comes back


def test_good_rows_are_applied_and_bad_ones_come_back_beside_their_reasons(home: Path) -> None:
    rows = [person(1), person(2, grade="4"), person(3, sex="?", urban=None), person(4)]
    ended = taken(home, given(home, rows))
    assert (ended.status, counts(ended)) == (5, (2, 0, 0, 2))
    back = Path(ended.json["rejects"])
    assert back.name == "名册-退回.xlsx"
    assert stat.S_IMODE(back.stat().st_mode) == 0o600
    titles, *bad = returned(back)
    assert titles == [*clean("persons", rows)[0], "原因"]
    assert [row[0] for row in bad] == [rows[1]["name"], rows[2]["name"]]
    assert bad[0][-1] == "残疾等级:与残疾人证号不一致"
    assert bad[1][-1] == "性别:无法识别:?;户籍:未填写"


def test_the_corrected_workbook_of_rejects_is_itself_a_roster(home: Path) -> None:
    rows = [person(1), person(2, grade="4"), person(3, urban=None)]
    back = Path(taken(home, given(home, rows)).json["rejects"])
    book = openpyxl.load_workbook(back)
    sheet = book.active
    assert sheet is not None
    where = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(2, where["残疾等级"]).value = person(2)["grade"]
    book.save(back)
    ended = taken(home, back)
    assert (ended.status, counts(ended)) == (5, (1, 0, 0, 1))
    titles, left = returned(Path(ended.json["rejects"]))
    assert titles.count("原因") == 1
    assert left[-1] == "户籍:未填写"
    assert counts(taken(home, given(home, [person(2)], name="2.xlsx"))) == (0, 1, 0, 0)


def test_a_workbook_of_rejects_is_never_replaced(home: Path) -> None:
    file = given(home, [person(1, urban=None)])
    names = {Path(taken(home, file).json["rejects"]).name for _ in range(3)}
    assert names == {"名册-退回.xlsx", "名册-退回2.xlsx", "名册-退回3.xlsx"}
    before = contents(home)
    there = str(home.parent / "名册-退回.xlsx")
    ended = run(home, "import", "persons", str(file), *CLERK, "--rejects", there)
    assert (ended.status, contents(home)) == (2, before)
    assert "already-exists" in ended.err


@pytest.mark.parametrize(
    ("place", "code"), [("nowhere/退回.xlsx", "not-found"), ("退" * 300, "file-unusable")]
)
def test_where_rejects_cannot_be_written_is_said_before_anything_is_applied(
    home: Path, place: str, code: str
) -> None:
    before = contents(home)
    file = given(home, [person(1), person(2, urban=None)])
    ended = run(home, "import", "persons", str(file), *CLERK, "--rejects", str(home.parent / place))
    assert (ended.status, contents(home)) == (2, before)
    assert code in ended.err
    assert not list(home.parent.glob("*.partial"))


def test_a_cell_that_begins_like_a_formula_comes_back_as_text(home: Path) -> None:
    names = ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)"]
    rows = [person(n, name=name, urban=None) for n, name in enumerate(names)]
    file = save_csv(home.parent / "a.csv", clean("persons", rows))
    sheet = openpyxl.load_workbook(taken(home, file).json["rejects"]).active
    assert sheet is not None
    found = [sheet.cell(i, 1) for i in range(2, 6)]
    assert [c.value for c in found] == names
    assert {c.data_type for c in found} == {"s"}
    assert all(c.quotePrefix for c in found)


def test_a_number_that_lost_its_digits_is_refused_again_when_it_comes_back(home: Path) -> None:
    back = taken(home, given(home, [person(1, id_number=2.20202196005e17)])).json["rejects"]
    assert taken(home, Path(back)).json["reasons"] == {"身份证号 digits-lost": 1}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_of_chinese_offices(home: Path, encoding: str) -> None:
    table = messy("persons", [person(n) for n in range(20)], Random(1))
    ended = taken(home, save_csv(home.parent / "a.csv", table, encoding))
    assert (ended.status, ended.json["applied"]) == (0, 20)


def test_a_merged_title_stands_over_the_headings(home: Path) -> None:
    table = [["2017年度残疾人名册"], *clean("persons", [person(1)])]
    assert counts(taken(home, save(home.parent / "m.xlsx", table, merged=True))) == (1, 0, 0, 0)


# --- again, and against what the ledger has


def test_a_list_given_twice_adds_nothing(home: Path) -> None:
    file = given(home, [person(n) for n in range(5)])
    assert counts(taken(home, file)) == (5, 0, 0, 0)
    before = ok(home, "digest").json["log"]
    ended = taken(home, file)
    assert (ended.status, counts(ended)) == (0, (0, 5, 0, 0))
    assert ok(home, "digest").json["log"] == before


def test_what_the_ledger_never_knew_is_added_to_who_is_there(home: Path) -> None:
    bare = {"certificate": None, "category": None, "grade": None, "account": None, "bank": None}
    taken(home, given(home, [person(1, **bare, expires_on=None, low_income=None)]))
    ended = taken(home, given(home, [person(1)], name="full.xlsx"))
    assert (counts(ended), ended.json["events"]) == ((1, 0, 0, 0), 3)


CONTRADICTIONS = [
    ({"name": "测他人"}, "姓名"),
    ({"division": "蛟河市"}, "行政区划(账本为220202)"),
    ({"urban": "农村"}, "城镇户籍(账本为是)"),
    ({"certificate": f"{person(1)['id_number']}61", "category": "6", "grade": "1"},
     "残疾类别(账本为2)、残疾等级(账本为2)"),
    ({"expires_on": date(2031, 1, 1)}, "有效期(账本为2030-01-02)"),
    ({"account": "6217000099999999999"}, "银行账号"),
    ({"low_income": "否"}, "低保(账本为是)"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "words"), CONTRADICTIONS)
def test_what_contradicts_the_ledger_is_refused_and_says_which_fact(
    home: Path, said: dict[str, Any], words: str
) -> None:
    assert person(1)["low_income"] == "是"
    taken(home, given(home, [person(1)]))
    before = ok(home, "digest").json["log"]
    ended = taken(home, given(home, [person(1, **said)], name="2.xlsx"))
    assert ended.json["reasons"] == {"账本 differs-from-ledger": 1}
    assert returned(Path(ended.json["rejects"]))[1][-1] == f"与账本不一致:{words}"
    assert ok(home, "digest").json["log"] == before


def test_a_row_that_the_ledger_refuses_in_part_leaves_nothing(home: Path) -> None:
    """The registration alone would be good; the officer's division doesn't cover the person's."""
    before = ok(home, "digest").json["log"]
    ended = taken(home, given(home, [person(1)]), "--in", "220203")
    assert ended.json["reasons"] == {"账本 outside-division": 1}
    assert ok(home, "digest").json["log"] == before
    again = taken(home, given(home, [person(1)]), "--in", "220202")
    assert counts(again) == (1, 0, 0, 0)


def test_a_refusal_does_not_outlive_its_cause(home: Path) -> None:
    """The very same list of applications, once its people are registered."""
    file = given(home, [application(1)], "applications", "a.xlsx")
    assert taken(home, file, kind="applications").json["reasons"] == {"账本 not-registered": 1}
    taken(home, given(home, [person(1)]))
    assert counts(taken(home, file, kind="applications")) == (1, 0, 0, 0)
    assert counts(taken(home, file, kind="applications")) == (0, 1, 0, 0)
    later = [application(1, applied_on=date(2017, 5, 1)), application(1, "nursing-subsidy")]
    ended = taken(home, given(home, later, "applications", "b.xlsx"), kind="applications")
    assert counts(ended) == (1, 0, 0, 1)
    assert returned(Path(ended.json["rejects"]))[1][-1].startswith("与账本不一致:申请日期")


def test_a_list_for_one_program_needs_no_column_of_programs(home: Path) -> None:
    taken(home, given(home, [person(1)]))
    table = [
        [c for i, c in enumerate(row) if i != 2] for row in clean("applications", [application(1)])
    ]
    file = save(home.parent / "a.xlsx", table)
    assert "项目" in taken(home, file, kind="applications").err
    ended = taken(home, file, "--program", "living-subsidy", kind="applications")
    assert counts(ended) == (1, 0, 0, 0)


def test_a_dry_run_answers_the_same_and_stores_nothing(home: Path) -> None:
    rows = [person(1), person(2, grade="4"), person(3, division="龙潭区")]
    file, before = given(home, rows), contents(home)
    dry = taken(home, file, "--in", "220202", "--dry-run")
    assert contents(home) == before
    real = taken(home, file, "--in", "220202")
    assert counts(dry) == counts(real) == (1, 0, 0, 2)
    assert (dry.json["reasons"], dry.json["events"]) == (real.json["reasons"], real.json["events"])


def test_a_killed_import_is_made_good_by_running_it_again(home: Path) -> None:
    rows = [_numbered(n) for n in range(3_000)]
    file = given(home, rows)
    whole = Path(shutil.copytree(home, home.parent / "whole"))
    assert counts(taken(whole, file)) == (3_000, 0, 0, 0)
    start = _events(home)
    command = [sys.executable, "-m", "ops.cli.main", "import", "persons", str(file), *CLERK]
    process = subprocess.Popen([*command, "--home", str(home)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while _events(home) == start and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert start < _events(home) < _events(whole)
    applied, present, repeated, rejected = counts(taken(home, file))
    assert min(applied, present) > 0
    assert (applied + present, repeated, rejected) == (3_000, 0, 0)
    assert _types(home) == _types(whole)


def _numbered(n: int) -> Row:
    """More people than a roster of the tests' has: another birth date each."""
    born = date(1935, 1, 1) + timedelta(days=n)
    number = identity(n % 1_000, born)
    row = person(n % 60)
    sex = "男" if int(number[16]) % 2 else "女"
    holder = f"{number}{row['category']}{row['grade']}"
    return row | {"id_number": number, "certificate": holder, "birth_date": born, "sex": sex}


def _events(home: Path) -> int:
    with closing(sqlite3.connect(f"file:{home}/ledger.db?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM stored_events").fetchone()[0])


def _types(home: Path) -> list[tuple[str, int, str]]:
    """Every stream's events by version and type; two copies of a home share the vault's secret."""
    with closing(sqlite3.connect(f"file:{home}/ledger.db?mode=ro", uri=True)) as db:
        return sorted(
            db.execute("SELECT originator_id, originator_version, topic FROM stored_events")
        )


# --- what stays unsaid


def test_what_a_row_holds_is_in_the_workbook_of_rejects_and_nowhere_else(home: Path) -> None:
    rows = [
        person(1),
        person(2, grade="4"),
        person(3, account="621700009999x"),
        person(1, phone="1"),
    ]
    file = save_csv(home.parent / "a.csv", clean("persons", rows))
    table = run(home, "import", "persons", str(file), *CLERK)
    document = taken(home, file)
    ok(home, "project")
    file.unlink()
    secrets = [
        str(row[field]).encode()
        for row in rows
        for field in ("name", "id_number", "certificate", "account")
    ]
    said = table.out + table.err.encode() + document.out + document.err.encode()
    stored = b"".join(f.read_bytes() for f in home.rglob("*") if f.is_file())
    for secret in secrets:
        assert secret not in said
        assert secret not in stored
