"""What the command line tells of a simulated city, and that an outsider arrives at the same."""

import hashlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from ledger.domain.stream import enrollment_id
from ops.home import Home
from tests import recount
from tests.integration.cli import ok, run


def lines(home: Path, *arguments: str) -> list[bytes]:
    return ok(home, "events", "--format", "ndjson", *arguments).out.splitlines()


def test_the_report_has_every_published_figure_by_its_id(city: Path) -> None:
    ended = run(city, "report", "--year", "2017", "--format", "json")
    made = ended.json
    assert made["total"] == len(made["figures"]) == 60
    assert {"id", "printed", "actual", "matches", "measure", "unit"} <= set(made["figures"][0])
    assert ended.status == (0 if made["matching"] == 60 else 1)
    assert made["trial_balance"]["balance_fen"] == 0
    assert len(made["unquantified"]) == 21
    assert all(u["adopted"] and u["events"] for u in made["unquantified"])


def test_the_chinese_screen_speaks_of_units_states_and_kinds_in_chinese(city: Path) -> None:
    for command, chinese, english in (
        (
            ("report",),
            ("│ 万人 ", "│ 万元 ", " 登记 "),
            ("│ 万 person", "│ 10k yuan", " enrollment "),
        ),
        (("audit", "checks"), (", 假定)",), ("assumed",)),
        (("payrun", "list"), ("│ 已回盘 ",), ("│ settled ",)),
        (("payrun", "show", "living-subsidy/2017-12"), (":已回盘,",), (":settled,",)),
        (("catalog", "list"), ("│ 定期现金 ", "│ 月 "), ("│ periodic-cash ", "│ month ")),
    ):
        said = run(city, *command).text
        assert all(word in said for word in chinese), command
        assert not any(word in said for word in english)


def test_every_figure_of_a_small_city_is_near_its_share(city: Path) -> None:
    made = run(city, "report", "--format", "json").json
    assert [f["id"] for f in made["figures"] if not f["matches"]] == []


def test_an_outsider_recounts_money_persons_and_the_trial_balance(city: Path) -> None:
    written = ok(city, "events", "--format", "ndjson").out
    recounted = subprocess.run(
        [sys.executable, recount.__file__, "2017"], input=written, capture_output=True, check=True
    )
    found = json.loads(recounted.stdout)
    made = run(city, "report", "--format", "json").json
    accounts = made["trial_balance"]["accounts"]
    assert found["trial_balance"] == {a["account"]: a["balance_fen"] for a in accounts}
    money = [f for f in made["figures"] if f["measure"] == "amount"]
    assert len(money) == 10
    assert {f["id"]: found["amount_fen"].get(f["program"], 0) for f in money} == {
        f["id"]: f["actual_fen"] for f in money
    }
    persons = [f for f in made["figures"] if f["measure"] == "persons"]
    assert len(persons) >= 17
    for f in persons:
        key = f["id"] if f["program"] == "poverty-register" else f["program"]
        assert found["persons"].get(key, 0) == int(f["actual_value"]), f["id"]


def test_events_are_the_stored_bytes_in_position_order(city: Path) -> None:
    every = lines(city)
    digest = ok(city, "digest").json
    assert digest["log"]["events"] == len(every)
    joined = b"".join(line + b"\n" for line in every)
    assert digest["log"]["sha256"] == hashlib.sha256(joined).hexdigest()
    assert lines(city, "--since-position", "10", "--until-position", "13") == every[10:13]
    assert lines(city, "--limit", "7") == every[:7]


def test_filters_pick_by_attribute(city: Path) -> None:
    every = [json.loads(line) for line in lines(city)]
    deaths = [json.loads(x) for x in lines(city, "--type", "DeathRecorded")]
    assert deaths == [e for e in every if e["type"] == "benefits.DeathRecorded.v1"]
    person = deaths[0]["subject"]
    assert [json.loads(x) for x in lines(city, "--subject", person)] == [
        e for e in every if e["subject"] == person
    ]
    fuel = [json.loads(x) for x in lines(city, "--program", "fuel-subsidy", "--division", "220202")]
    assert fuel == [
        e for e in every if e["data"].get("program") == "fuel-subsidy" and e["division"] == "220202"
    ]


def test_a_figure_is_the_sum_of_the_positions_that_explain_it(city: Path) -> None:
    figures = {f["id"]: f for f in run(city, "report", "--format", "json").json["figures"]}
    every = lines(city)
    made = ok(city, "explain", "--figure", "fuel-subsidy.amount", "--format", "json").json
    assert made["total"] == figures["fuel-subsidy.amount"]["actual_fen"]
    paid = [json.loads(every[position]) for position in made["positions"]]
    assert sum(e["data"]["amount_fen"] for e in paid) == made["total"]
    assert {e["type"] for e in paid} == {"benefits.PaymentSettled.v1"}


def test_every_figure_can_be_explained(city: Path) -> None:
    for f in run(city, "report", "--format", "json").json["figures"]:
        if f["id"].split(".")[0] in (
            "living-subsidy",
            "nursing-subsidy",
            "complaint",
            "sport-skating",
        ):
            made = ok(city, "explain", "--figure", f["id"], "--format", "json").json
            total = made["total"] / (100 if f["measure"] == "amount" else 1)
            assert total == float(f["actual_value"]), f["id"]
            assert made["positions"]


def test_a_returned_payment_is_explained_month_by_month(city: Path) -> None:
    (line,) = lines(city, "--type", "PaymentReturned", "--limit", "1")
    event = json.loads(line)
    person, program = event["subject"], event["data"]["program"]
    who = ("explain", "--person", person, "--program", program, "--format", "json")
    month = ok(city, *who, "--month", event["data"]["month"]).json
    assert event["id"] in {e["id"] for e in month["events"]}
    assert month["rule"]["document"]
    assert month["trace"]
    balance = ok(city, *who).json
    shown = ok(city, "balance", person, "--program", program, "--format", "json").json
    assert shown["balances"] == [balance["balance"]]
    stream = lines(city, "--stream", enrollment_id(person, program))
    assert {json.loads(x)["id"] for x in stream} >= {e["id"] for e in balance["events"]}


def test_a_month_is_explained_by_the_fact_that_ended_it_too(city: Path) -> None:
    """Each event of the enrollment that followed from another stream's stands behind that one."""
    followed = [
        event
        for event in map(json.loads, lines(city, "--type", "EnrollmentEnded"))
        if event["data"]["reason"] == "alive"
    ]
    assert followed
    for event in followed:
        month = ok(
            city,
            *("explain", "--person", event["subject"], "--program", event["data"]["program"]),
            *("--month", event["data"]["last_month"], "--format", "json"),
        ).json
        ids = [e["id"] for e in month["events"]]
        assert ids.index(event["causationid"]) < ids.index(event["id"])
        assert len(ids) == len(set(ids))
        every = lines(city)
        assert [json.loads(every[p])["id"] for p in month["positions"]] == ids


def test_the_past_is_as_it_was_known(city: Path) -> None:
    early = run(city, "report", "--known-on", "2017-02-01", "--format", "json").json
    now = run(city, "report", "--format", "json").json
    by_position = run(
        city, "report", "--as-of-position", str(early["position"]), "--format", "json"
    ).json

    def paid(made: dict[str, list[dict[str, int]]]) -> int:
        return next(f["actual_fen"] for f in made["figures"] if f["id"] == "living-subsidy.amount")

    assert 0 < paid(early) < paid(now)
    assert paid(by_position) == paid(early)


def test_entitlements_give_the_amount_of_the_rule_in_force(city: Path) -> None:
    made = ok(
        city,
        "entitlements",
        "--program",
        "nursing-subsidy",
        "--month",
        "2017-06",
        "--format",
        "json",
    ).json["entitlements"]
    assert {x["amount_fen"] for x in made} == {7_500}
    assert any(x["granted"] for x in made)
    assert {x["program"] for x in made} == {"nursing-subsidy"}


def test_entitlements_of_a_division_are_those_of_its_districts_too(city: Path) -> None:
    asked = ("entitlements", "--program", "nursing-subsidy", "--month", "2017-06")

    def made(*options: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = ok(city, *asked, *options, "--format", "json").json[
            "entitlements"
        ]
        return found

    everyone = made()
    assert made("--division", "220200") == everyone
    district = made("--division", "220202")
    assert district == [x for x in everyone if x["division"] == "220202"]
    assert 0 < len(district) < len(everyone)
    assert made("--division", "220202", "--limit", "1") == district[:1]


def test_rebuilt_views_are_those_they_replace(city: Path) -> None:
    views = ok(city, "rebuild", "--format", "json").json["views"]
    assert views
    assert all(v["same"] for v in views)


def test_a_sound_home_passes_every_check(city: Path) -> None:
    made = ok(city, "doctor", "--full", "--format", "json").json
    assert made["ok"]
    assert len(made["checks"]) >= 12


def test_following_ends_when_nothing_comes(city: Path) -> None:
    end = ok(city, "digest").json["log"]["events"]
    last = ok(
        city,
        "events",
        "--follow",
        "--for",
        "0.3",
        "--since-position",
        str(end - 1),
        "--format",
        "ndjson",
    )
    assert len(last.out.splitlines()) == 1


def test_tables_speak_chinese_unless_asked(city: Path) -> None:
    assert "公布" in run(city, "report").text
    english = run(city, "--lang", "en", "report").text
    assert "published" in english
    assert "一致" not in english
    assert "每个" not in english


def test_nothing_is_read_any_more_when_the_home_is_closed(
    city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit leaves the log in the middle, where the next batch is being read already."""
    closed = Home.close

    def close(home: Home) -> None:
        assert not [t for t in threading.enumerate() if t.name.startswith("read-ahead")]
        closed(home)

    monkeypatch.setattr(Home, "close", close)
    for words in (("--format", "json"), ("--format", "ndjson"), ()):
        ok(city, "events", "--limit", "1", *words)
