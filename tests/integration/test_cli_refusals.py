"""Bad input: a stable code, an exit status, and nothing changed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.cli import contents, run
from tests.integration.homes import bare, home

__all__ = ["bare", "home"]


FILE, FOLDER = str(Path(__file__)), str(Path(__file__).parent)
HUGE = "9" * 20
WITNESS = "a/b+8a28244c+BAnaWy0yNJR0brHvPDv1GePTOheXgW931WIDmCIz6UEu"

REFUSED = [
    (("balance", "person-nobody"), "not-found", 2),
    (("balance", "person-nobody", "--program", "nope"), "unknown-program", 2),
    (("entitlements", "--program", "nope"), "unknown-program", 2),
    (("entitlements", "--person", "person-nobody"), "not-found", 2),
    (("entitlements", "--division", "220209"), "unknown-division", 2),
    (("entitlements", "--division", "2202"), "unknown-division", 2),
    (("entitlements", "--month", "2017-13"), "invalid-month", 2),
    (("explain", "--figure", "nope.amount"), "not-found", 2),
    (("explain", "--program", "nope"), "unknown-program", 2),
    (("explain", "--month", "2017-01", "--program", "sport"), "invalid-value", 2),
    (("explain",), "invalid-value", 2),
    (("explain", "--program", "fuel-subsidy", "--year", "2017"), "invalid-value", 2),
    (("report", "--year", "1999"), "not-found", 2),
    (("report", "--known-on", "yesterday"), "invalid-date", 2),
    (("report", "--effective-on", "2017-02-30"), "invalid-date", 2),
    (("report", "--year", "0"), "not-found", 2),
    *(
        ((command, "--known-on", moment), "invalid-date", 2)
        for command in ("digest", "entitlements")
        for moment in (
            "20170101",
            "2017-W01-1",
            "0001-01-01",
            "2017-01-01T00:00",  # the city's time, or UTC?
            "0001-01-01T00:00:00+08:00",
            "9999-12-31T23:59:59-08:00",
            "\uff12\uff10\uff11\uff17-01-01",
        )
    ),
    *(
        ((*command, ""), "invalid-value", 2)
        for command in (
            ("report", "--effective-on"),
            ("entitlements", "--person"),
            ("payrun", "list", "--month"),
            ("events", "--type"),
            ("payrun", "open", "sport", "2017-01", "--as", "a", "--key"),
        )
    ),
    (("digest", "--as-of-position", "999999"), "outside-log", 2),
    (("diff", "--between", "20170101", "now"), "outside-log", 2),
    (("diff", "--between", "9" * 5_000, "now"), "invalid-date", 2),
    (("audit", "run", "--as-of-position", "999999"), "outside-log", 2),
    *(
        (("checkpoint", "policy", "--witness", WITNESS, "--url", url), "invalid-value", 2)
        for url in ("nonsense", "file:///etc/passwd", "http://", "http://[::1", "http://h:x")
    ),
    (("checkpoint", "show", HUGE), "no-such-head", 2),
    (("checkpoint", "timestamp-request", "x", "--size", HUGE), "no-such-head", 2),
    (("bundle", "--all", "-o", "x.zip", "--checkpoint", FILE), "checkpoint-refused", 2),
    (("bundle", "--all", "-o", "x.zip", "--checkpoint", FOLDER), "file-unusable", 2),
    (("audit", "export", "findings.pdf"), "invalid-value", 2),
    (("export", "hledger", f"{FILE}/x.journal"), "file-unusable", 2),
    (("export", "beancount", FOLDER), "file-unusable", 2),
    (("export", "beancount", ""), "file-unusable", 2),
    (("import", "persons", FOLDER, "--as", "a"), "file-unusable", 2),
    (("import", "persons", "", "--as", "a"), "file-unusable", 2),
    (("import", "applications", "x" * 300, "--as", "a"), "file-unusable", 2),
    (("audit", "sql", "-f", FOLDER), "file-unusable", 2),
    (("audit", "sql", "--archive", "x" * 300), "archive-missing", 2),
    (("witness", "status", "--folder", FILE), "witness-missing", 2),
    (("witness", "trust", "x+y+z", "--folder", "x" * 300), "file-unusable", 2),
    (("witness", "init", "--name", "a/b", "--folder", FILE), "file-unusable", 2),
    (("events", "--type", "Nope"), "invalid-value", 2),
    (("events", "--program", "nope"), "unknown-program", 2),
    (("events", "--division", "999999"), "unknown-division", 2),
    (("events", "--since-position", "10", "--until-position", "5"), "invalid-value", 2),
    (("rebuild", "--view", "nope"), "invalid-value", 2),
    (("catalog", "show", "nope"), "unknown-program", 2),
    (("catalog", "load", "--as", " padded"), "invalid-value", 2),
    (("payrun", "show", "payrun-nope"), "not-found", 2),
    (("payrun", "show", "a/b/c/d"), "invalid-value", 2),
    (("payrun", "open", "nope", "2017-01", "--as", "a"), "unknown-program", 2),
    (("payrun", "open", "sport", "2017-01", "--as", "a"), "no-rule-in-force", 2),
    (
        ("payrun", "open", "living-subsidy", "2017-01", "--as", "a", "--in", "220202"),
        "outside-division",
        2,
    ),
    (("payrun", "read-result", "living-subsidy/2017-01", "/nowhere", "--as", "a"), "not-found", 2),
    (("payrun", "read-result", "living-subsidy/2017-01", FOLDER, "--as", "a"), "file-unusable", 2),
    (("init", "--operator", "220300"), "home-mismatch", 3),
    (("simulate",), "home-mismatch", 3),
    (("simulate", "--scale", "0"), "invalid-value", 2),
    *(
        (("simulate", "--scale", scale), "invalid-value", 2)
        for scale in ("0.001", "0.0001", "1e-9", "-1", "11", "1e400", "1/0", "nan", "abc", "")
    ),
    *(
        (("simulate", "--year", year), "not-found", 2)
        for year in ("1999", "2018", "0", "-5", "10000", "9" * 30)
    ),
]


@pytest.mark.parametrize(("arguments", "code", "status"), REFUSED)
def test_bad_input_is_refused_and_changes_nothing(
    home: Path, arguments: tuple[str, ...], code: str, status: int
) -> None:
    before = contents(home)
    ended = run(home, *arguments)
    assert (ended.status, ended.out) == (status, b"")
    assert f"错误 {code}: " in ended.err
    assert "Traceback" not in ended.err
    assert contents(home) == before


RESOLVE = ("payrun", "resolve", "sport/2017-01", "o1", "--reason", "r", "--as", "a")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", "--person", "person-a"), "invalid-value: --person needs --program"),
        (("explain", "--month", "2017-01"), "invalid-value: --month needs --program"),
        (("explain",), "invalid-value: explain needs --figure / --program"),
        (("log", "prove"), "invalid-value: log prove needs --position / --from"),
        (("payrun", "open", "sport", "2017-01", "--as", ""), "invalid-value: --as cannot be ''"),
        ((*RESOLVE, "--upheld", "--dismissed"), "invalid-value: --upheld cannot be --dismissed"),
        (RESOLVE, "invalid-value: payrun resolve needs --upheld / --dismissed"),
        (("balance", ""), "invalid-value: PERSON cannot be ''"),
        (("report", "--year", "2018"), "not-found: no published figures for 2018"),
        (("checkpoint", "show"), "checkpoint-missing: no checkpoint was signed yet"),
        (("audit", "verify-seal"), "nothing-sealed: nothing is sealed yet; run seal first"),
        (("audit", "verify-report"), "nothing-sealed: nothing is sealed yet; run seal first"),
    ],
)
def test_a_refusal_says_what_is_needed(home: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = run(home, *arguments, "--lang", "en")
    assert (ended.status, said in ended.err) == (2, True), ended.err


@pytest.mark.parametrize(
    "arguments", [("checkpoint", "sign"), ("key", "rotate", "--as", "operator-1")]
)
def test_without_any_key_no_id_of_one_is_missing(home: Path, arguments: tuple[str, ...]) -> None:
    ended = run(home, *arguments, "--lang", "en")
    assert ended.status == 4
    assert "log-key-missing: the log has no key to sign with yet; run key generate" in ended.err


def test_an_error_is_json_where_json_was_asked_for(home: Path) -> None:
    ended = run(home, "balance", "person-nobody", "--format", "json")
    error = json.loads(ended.err.splitlines()[-1])["error"]
    assert (ended.status, ended.out, error["code"]) == (2, b"", "not-found")
    assert error["zh"] != error["en"]


def test_an_error_speaks_english_when_asked(home: Path) -> None:
    assert "error not-found: not found" in run(home, "balance", "x", "--lang", "en").err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nope",),
        ("report", "--nope"),
        ("report", "--year", "x"),
        ("simulate", "--seed", "x"),
        ("simulate", "--seed", "1.5"),
        ("simulate", "--seed", "9" * 5_000),
        ("audit", "sql", "SELECT 1", "--limit", HUGE),
        ("entitlements", "--limit", HUGE),
        ("audit", "sql", "SELECT 1", "--timeout", "inf"),
    ],
)
def test_wrong_usage_is_status_2(home: Path, arguments: tuple[str, ...]) -> None:
    ended = run(home, *arguments)
    assert (ended.status, ended.out) == (2, b"")


def test_an_interrupted_follower_says_nothing(home: Path) -> None:
    arguments = [sys.executable, "-m", "ops.cli.main", "events", "--follow", "--home", str(home)]
    follower = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert follower.stdout is not None
    follower.stdout.readline()
    time.sleep(0.3)
    follower.send_signal(signal.SIGINT)
    _, err = follower.communicate(timeout=30)
    assert (follower.returncode, err) == (130, b"")


def test_a_reader_that_leaves_is_no_error(home: Path) -> None:
    command = f"{sys.executable} -m ops.cli.main events --format ndjson --home {home}"
    piped = f"set -o pipefail; {command} | head -n 1 | wc -l"
    done = subprocess.run(["bash", "-c", piped], capture_output=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, b"1", b"")


def test_settings_are_read_before_and_after_the_command(home: Path) -> None:
    environment = {**os.environ, "BENEFITS_HOME": "/nowhere", "BENEFITS_LANG": "en"}
    command = [sys.executable, "-m", "ops.cli.main"]
    for arguments in (["--home", str(home), "digest"], ["digest", "--home", str(home)]):
        done = subprocess.run(
            [*command, *arguments], capture_output=True, env=environment, check=True
        )
        assert json.loads(done.stdout)["log"]["events"] > 0
    missing = subprocess.run(
        [*command, "digest"], capture_output=True, env=environment, check=False
    )
    assert (missing.returncode, b"there is no ledger in /nowhere" in missing.stderr) == (2, True)
