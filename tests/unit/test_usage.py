"""Wrong usage is said in the language asked for, under one code, as a line or as JSON."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ledger.store.errors import StoreDenied
from ledger.store.sqlite import translated
from ops.cli import start
from tests.integration.cli import run

ENGLISH = re.compile(r"No such|Missing|Invalid|Input|Option|argument|requires|unexpected|Possible")

OPEN = ("payrun", "open", "living-subsidy", "2017-01", "--as", "a")
WRONG = [
    ("report", "--nope"),
    ("report", "--yer", "2017"),
    ("nope",),
    ("repor",),
    ("audit", "nope"),
    ("balance",),
    ("payrun", "open", "a", "2017-01"),
    ("report", "a", "b"),
    ("report", "--year"),
    ("diff", "--between", "now"),
    ("events", "--follow=x"),
    ("report", "--year", "x"),
    ("report", "--format", "xml"),
    ("report", "--as-of-position", "-1"),
    ("witness", "serve", "--port", "65536"),
    ("audit", "sql", "SELECT 1", "--timeout", "x"),
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage_is_said_in_the_language_asked_for(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    chinese = run(tmp_path, "--lang", "zh", *arguments)
    assert (chinese.status, chinese.out) == (2, b"")
    assert chinese.err.startswith("错误 wrong-usage: ")
    assert not ENGLISH.search(chinese.err)
    english = run(tmp_path, "--lang", "en", *arguments)
    assert (english.status, english.out) == (2, b"")
    assert english.err.startswith("error wrong-usage: ")
    assert not re.search("[\u4e00-\u9fff]", english.err)


@pytest.mark.parametrize("arguments", [(), ("simulate",), ("payrun", "open")], ids=str)
def test_help_is_in_the_language_asked_for(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Twice in turn: the words around it are the library's, one set for the whole process."""
    for _ in range(2):
        chinese = run(tmp_path, "--lang", "zh", *arguments, "--help")
        assert chinese.status == 0
        assert "显示本说明" in chinese.text
        assert not re.search(r"Options|Arguments|Commands|default:|required|Show", chinese.text)
        english = run(tmp_path, "--lang", "en", *arguments, "--help")
        assert "Show this message" in english.text
        assert not re.search("[\u4e00-\u9fff]", english.text)


def test_the_names_of_an_option_are_said_whole(tmp_path: Path) -> None:
    ended = run(tmp_path, "bundle", "--all")
    assert "缺少选项--output / -o(用法见" in ended.err


def test_wrong_usage_is_one_json_document_where_json_was_asked_for(tmp_path: Path) -> None:
    ended = run(tmp_path, "report", "--nope", "--format=json")
    error = json.loads(ended.err)["error"]
    assert (ended.status, ended.out, error["code"]) == (2, b"", "wrong-usage")
    assert "没有选项--nope" in error["zh"]
    assert error["fields"]["help"] == "benefits-ledger report --help"


class _Interrupted:
    """An importer that is told to stop while the program is loaded."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "ops.cli.main":
            raise KeyboardInterrupt


def test_a_program_that_is_still_being_loaded_can_be_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "ops.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Interrupted, *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        start.main()
    assert ended.value.code == 130


def test_help_that_nobody_reads_to_the_end_is_no_error(tmp_path: Path) -> None:
    told = f'{sys.executable} -m ops.cli.main --help | true; exit "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", told], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("encoding", ["ascii", "gbk"])
def test_screens_do_not_fail_where_the_locale_knows_less(tmp_path: Path, encoding: str) -> None:
    """With ASCII they are UTF-8 all the same; in GBK there is no check mark."""
    done = subprocess.run(
        [sys.executable, "-m", "ops.cli.main", "catalog", "list", "--home", tmp_path],
        env={**os.environ, "PYTHONIOENCODING": encoding, "BENEFITS_LANG": "zh"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "困难残疾人生活补贴" in done.stdout.decode("utf-8" if encoding == "ascii" else encoding)


def test_a_name_that_is_no_text_is_named_all_the_same(tmp_path: Path) -> None:
    home = tmp_path / "\udcff"
    assert r"\udcff" in run(home, "report").err
    made = run(home, "init", "--format", "json")
    assert (made.status, made.json["home"]) == (0, str(home))


def test_work_goes_on_where_nobody_listens_to_its_notes(tmp_path: Path) -> None:
    """A reader of standard error that has gone neither ends the command nor changes its status."""
    run(tmp_path, "init")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "ops.cli.main", *OPEN, "--home", tmp_path],
        stdout=subprocess.PIPE,
        stderr=write,
        check=False,
    )
    os.close(write)
    assert done.returncode == 0
    assert "living-subsidy" in run(tmp_path, "payrun", "list").text


def test_a_database_that_may_not_be_written_is_not_called_damaged(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE t (n)")
    with (
        pytest.raises(StoreDenied, match="readonly"),
        closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as db,
        translated(file),
    ):
        db.execute("INSERT INTO t VALUES (1)")
