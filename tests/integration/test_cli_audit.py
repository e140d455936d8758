"""An audit on the command line: a clean year yields nothing, a planted one what is planted."""

import json
import shutil
from base64 import b64decode
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ledger.verify.merkle import leaf_hash, verify_inclusion
from ops.home import Home
from ops.simulation.planting import plant
from projections.checks import ALL_CHECKS
from tests.integration.cli import contents, ok, run

AS = ("--as", "inspector-1", "--effective", "2019-04-01")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated year with a legacy import behind it."""
    home = tmp_path_factory.mktemp("planted") / "home"
    ok(home, "simulate", "--scale", "0.01", "--plant")
    return home


@pytest.fixture
def own(planted: Path, tmp_path: Path) -> Path:
    """The planted home once more, to decide in."""
    return Path(shutil.copytree(planted, tmp_path / "home"))


def key(f: dict[str, Any]) -> tuple[Any, ...]:
    months = tuple(f.get("months", ()))
    kind = f.get("kind", "")
    return f["code"], kind, f["subject"], f.get("program"), months, f.get("amount_fen", 0)


def findings(home: Path, *arguments: str) -> list[dict[str, Any]]:
    found = ok(home, "audit", "findings", "--limit", "1000", "--format", "json", *arguments)
    listed: list[dict[str, Any]] = found.json["findings"]
    return listed


def one(home: Path, code: str) -> dict[str, Any]:
    return findings(home, "--check", code)[0]


def test_a_clean_year_yields_nothing_whenever_it_is_asked(copy: Path) -> None:
    made = ok(copy, "audit", "run", "--format", "json").json
    assert len(made["checks"]) == 32
    assert (made["findings"], made["left_out"]) == ([], {})
    for month in (3, 6, 10):
        for option in ("--known-on", "--effective-on"):
            ok(copy, "audit", "run", option, f"2017-{month:02d}-26")


def test_an_audit_finds_exactly_what_is_planted(planted: Path) -> None:
    ended = run(planted, "audit", "run", "--format", "json")
    assert ended.status == 1
    expected = json.loads((planted / "audit" / "planted.json").read_bytes())
    assert Counter(map(key, ended.json["findings"])) == Counter(map(key, expected))
    kinds = {(c.code, kind) for c in ALL_CHECKS for kind in c.kinds}
    assert {(f["code"], f.get("kind", "")) for f in expected} == kinds
    assert {c.code for c in ALL_CHECKS} == set(ended.json["checks"])
    shown = run(planted, "audit", "run", "--lang", "en")
    assert shown.status == 1
    assert f"{len(expected)} open findings" in shown.text


def test_before_the_import_there_was_nothing_to_find(planted: Path) -> None:
    ok(planted, "audit", "run", "--known-on", "2017-12-31")
    ok(planted, "audit", "run", "--as-of-position", "26000")
    held = findings(planted, "--effective-on", "2017-12-31")
    assert {f["code"] for f in held} == {"backdated"}  # of last year, by its own date


def test_planting_is_done_once_and_leaves_the_home_sound(own: Path) -> None:
    before = contents(own)["audit/planted.json"]
    with_events = ok(own, "digest").json
    ok(own, "simulate", "--scale", "0.01", "--plant")
    assert contents(own)["audit/planted.json"] == before
    assert ok(own, "digest").json["log"] == with_events["log"]
    ok(own, "project")
    ok(own, "doctor", "--full")


def test_the_same_seed_plants_the_same_bytes(city: Path, planted: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(city, tmp_path / "home"))
    home = Home.open(other)
    try:
        plant(home)
    finally:
        home.close()
    assert ok(other, "digest").json["log"] == ok(planted, "digest").json["log"]
    assert findings(other) == findings(planted)


def test_the_ordinary_year_reports_the_same_figures_beside_what_is_planted(
    city: Path, planted: Path
) -> None:
    made = [ok(home, "report", "--format", "json").json["figures"] for home in (city, planted)]
    assert made[0] == made[1]


def test_a_finding_is_explained_by_its_events_and_its_rule(planted: Path) -> None:
    finding = one(planted, "dead-paid")
    made = ok(planted, "audit", "explain", finding["id"], "--format", "json").json
    assert made["finding"] == finding
    assert [e["entry"]["position"] for e in made["events"]] == finding["positions"]
    kinds = {e["entry"]["type"].split(".")[1] for e in made["events"]}
    assert kinds == {"DeathRecorded", "SubsidyGranted", "PaymentSettled"}
    assert made["rule"]["rate_fen"] == 7_000
    part = finding["id"].removeprefix("finding-")[:12]
    shown = ok(planted, "audit", "explain", part, "--lang", "en").text
    assert finding["en"] in shown
    assert "DeathRecorded" in shown
    assert run(planted, "audit", "explain", "finding-none").status == 2


def test_a_dismissal_is_an_event_with_a_reason_and_is_met_again(own: Path) -> None:
    finding = one(own, "self-approval")
    said = ("audit", "dismiss", finding["id"], *AS)
    assert "invalid-value" in run(own, *said, "--reason", " ").err
    ok(own, *said, "--reason", "已核实", "--key", "k1")
    assert [f["id"] for f in findings(own, "--status", "dismissed")] == [finding["id"]]
    assert finding["id"] not in [f["id"] for f in findings(own)]
    assert "out-of-order" in run(own, *said, "--reason", "再次", "--key", "k2").err
    repeated = ok(own, *said, "--reason", "已核实", "--key", "k1", "--lang", "en")
    assert "this key was used before" in repeated.err
    event = ok(own, "events", "--type", "FindingDismissed", "--format", "ndjson").json
    assert event["data"]["finding"] == finding["id"]
    assert event["data"]["reason"] == "已核实"
    assert event["data"]["positions"] == finding["positions"]
    assert event["subject"] == finding["subject"]


def test_a_conversion_is_a_debt_and_the_word_on_the_finding_together(own: Path) -> None:
    finding = one(own, "dead-paid")
    ok(own, "audit", "convert", finding["id"], *AS)
    lines = ok(own, "events", "--format", "ndjson", "--subject", finding["subject"]).out
    *_, debt, word = (json.loads(line) for line in lines.splitlines())
    assert debt["type"] == "benefits.OverpaymentFound.v1"
    assert [m["month"] for m in debt["data"]["months"]] == finding["months"]
    assert debt["data"]["amount_fen"] == finding["amount_fen"]
    assert word["type"] == "benefits.FindingConverted.v1"
    assert word["causationid"] == debt["id"] == word["data"]["overpayment"]
    assert word["correlationid"] == debt["correlationid"]
    assert finding["id"] not in [f["id"] for f in findings(own)]
    (converted,) = findings(own, "--status", "converted")
    assert converted["id"] == finding["id"]
    balance = ok(own, "balance", finding["subject"], "--format", "json").out.decode()
    assert f'"owed_fen": {finding["amount_fen"]}' in balance
    again = run(own, "audit", "convert", finding["id"], *AS)
    assert (again.status, "out-of-order: 当前状态为已转为多发认定" in again.err) == (2, True), (
        again.err
    )


@pytest.mark.parametrize(
    ("kind", "program", "owed"),
    [
        ("above", "living-subsidy", {"2018-01": 2_000}),
        ("year", "township-commissioner", {"2018-11": 100_000}),
    ],
)
def test_what_was_too_much_of_a_month_becomes_a_debt_of_that_part(
    own: Path, kind: str, program: str, owed: dict[str, int]
) -> None:
    def over_cap(*arguments: str) -> list[dict[str, Any]]:
        return findings(own, "--check", "over-cap", *arguments)

    before = over_cap()
    (finding,) = (f for f in before if (f["kind"], f["program"]) == (kind, program))
    assert finding["overpaid"] == owed
    ok(own, "audit", "convert", finding["id"], *AS)
    lines = ok(own, "events", "--format", "ndjson", "--type", "OverpaymentFound").out
    debt = json.loads(lines.splitlines()[-1])
    assert {m["month"]: m["amount_fen"] for m in debt["data"]["months"]} == owed
    assert debt["data"]["amount_fen"] == finding["amount_fen"] == sum(owed.values())
    assert over_cap() == [f for f in before if f["id"] != finding["id"]]
    (converted,) = over_cap("--status", "converted")
    assert converted["id"] == finding["id"]
    everything = Counter(f["id"] for f in findings(own, "--status", "all"))
    expected = json.loads((own / "audit" / "planted.json").read_bytes())
    assert (len(everything), max(everything.values())) == (len(expected), 1)
    (row,) = (
        b
        for b in ok(own, "balance", finding["subject"], "--format", "json").json["balances"]
        if b["program"] == program
    )
    assert (row["overpaid_fen"], row["owed_fen"]) == (sum(owed.values()), sum(owed.values()))
    (month,) = owed
    about = ("--person", finding["subject"], "--program", program, "--month", month)
    explained = ok(own, "explain", *about, "--format", "json").json
    assert (explained["outcome"], explained["overpaid_fen"]) == ("settled", owed[month])
    shown = ok(own, "explain", *about, "--lang", "en").text
    assert f"(overpaid {owed[month] / 100:,.2f})" in shown
    ok(own, "doctor", "--full")
    ok(own, "audit", "recompute")


def test_what_no_month_has_to_give_back_cannot_become_a_debt(own: Path) -> None:
    end = ok(own, "digest").json["log"]["events"]
    for code in ("self-approval", "unreconciled", "wrongful-stop", "not-granted"):
        refused = run(own, "audit", "convert", one(own, code)["id"], *AS)
        assert (refused.status, "not-convertible" in refused.err) == (2, True), code
    assert ok(own, "digest").json["log"]["events"] == end


class Page(HTMLParser):
    """Collects the text of a page and sees that its elements are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.sections = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.sections += tag == "section"

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_findings_are_handed_over_as_a_workbook_and_as_a_page(
    planted: Path, tmp_path: Path
) -> None:
    expected = findings(planted)
    book_file, page_file = tmp_path / "f.xlsx", tmp_path / "f.html"
    ok(planted, "audit", "export", str(book_file))
    book = openpyxl.load_workbook(book_file)
    rows = list(book.worksheets[0].iter_rows(min_row=2, values_only=True))
    assert [r[0] for r in rows] == [f["id"] for f in expected]
    assert sum(round(float(str(r[8])) * 100) for r in rows) == sum(
        f.get("amount_fen", 0) for f in expected
    )
    proved = {(r[0], r[1]) for r in book.worksheets[1].iter_rows(min_row=2, values_only=True)}
    assert proved == {(f["id"], p) for f in expected for p in f["positions"]}
    ok(planted, "audit", "export", str(page_file))
    page = Page()
    page.feed(page_file.read_text("utf-8"))
    assert page.sections == len(expected)
    assert {f["id"] for f in expected} <= set(page.text)
    refused = run(planted, "audit", "export", str(tmp_path / "f.pdf"))
    assert (refused.status, "invalid-value" in refused.err) == (2, True)


def test_the_inspection_office_brings_its_own_thresholds_and_register(own: Path) -> None:
    assert findings(own, "--check", "late-stop")
    (own / "audit" / "parameters.toml").write_text(
        '[[parameters]]\ncheck = "late-stop"\nname = "limit_days"\nvalid_from = 2017-01-01\n'
        'value = 90\nunit = "day"\nsource = "reported"\ndocument = "d"\nzh = "天"\nen = "days"\n',
        "utf-8",
    )
    left = findings(own, "--check", "late-stop")
    assert [f["kind"] for f in left] == ["not-stopped"]
    (own / "audit" / "officers.toml").unlink()
    assert findings(own, "--check", "official-account") == []
    (own / "audit" / "officers.toml").write_text("accounts = 3\n")
    refused = run(own, "audit", "run")
    assert (refused.status, "officers.toml" in refused.err) == (2, True)
    assert "unknown-check" in run(own, "audit", "run", "--check", "no-such").err


def test_a_copy_without_its_vault_is_audited_all_the_same(own: Path) -> None:
    shutil.rmtree(own / "vault")
    ended = run(own, "audit", "run", "--format", "json")
    assert ended.status == 1
    assert ended.json["left_out"] == {"bad-identity": "no-vault", "unreconciled": "no-vault"}
    codes = {f["code"] for f in ended.json["findings"]}
    assert "bad-identity" not in codes
    assert len(codes) == 31


def test_the_checks_are_listed_with_their_parameters(planted: Path) -> None:
    listed = ok(planted, "audit", "checks", "--format", "json").json["checks"]
    assert len(listed) == 32
    late = next(c for c in listed if c["code"] == "late-stop")
    assert late["parameters"][0]["value"] == 10
    assert "not-stopped" in late["kinds"]
    assert "late-stop" in ok(planted, "audit", "checks").text


def test_a_kept_answer_is_no_answer_of_a_run_or_an_export(own: Path, tmp_path: Path) -> None:
    honest = run(own, "audit", "run", "--format", "json").json
    kept = own / "audit" / "last-run.json"
    doctored = json.loads(kept.read_bytes())
    doctored["audit"]["findings"] = []
    kept.write_text(json.dumps(doctored))
    assert findings(own) == []  # looked up
    ok(own, "audit", "export", str(tmp_path / "f.html"))
    assert honest["findings"][0]["id"] in (tmp_path / "f.html").read_text("utf-8")
    assert run(own, "audit", "run", "--format", "json").json == honest
    kept.write_text("{")
    assert findings(own) == honest["findings"]


def test_each_event_has_its_proof_where_the_log_is_signed(own: Path, tmp_path: Path) -> None:
    finding = one(own, "double-pay")
    bare = ok(own, "audit", "explain", finding["id"], "--format", "json").json
    assert all("proof" not in e for e in bare["events"])
    ok(own, "key", "generate", "--as", "keeper-1")
    ok(own, "checkpoint", "sign")
    made = ok(own, "audit", "explain", finding["id"], "--format", "json").json
    stored = ok(own, "events", "--format", "ndjson").out.splitlines()
    root = ok(own, "log", "head", "--format", "json").json["root"]
    assert [e["proof"]["index"] for e in made["events"]] == finding["positions"]
    for event in made["events"]:
        proof = event["proof"]
        assert proof["root"] == root
        leaf = leaf_hash(stored[proof["index"]])
        hashes = [b64decode(h) for h in proof["proof"]]
        verify_inclusion(leaf, proof["index"], proof["size"], hashes, b64decode(root))
    page = tmp_path / "f.html"
    ok(own, "audit", "export", str(page), "--check", "double-pay")
    assert root in page.read_text("utf-8")
    assert page.read_text("utf-8").count("inclusion proof") == sum(
        len(f["positions"]) for f in findings(own, "--check", "double-pay")
    )
    book = tmp_path / "f.xlsx"
    ok(own, "audit", "export", str(book), "--check", "double-pay")
    assert root in str(openpyxl.load_workbook(book).worksheets[-1]["A2"].value)
