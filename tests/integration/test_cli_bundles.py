"""Seals, bundles and the carried verifier on a simulated city: the inspector's walk."""

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from ledger.commands.discard import DiscardParkedEvent
from ledger.commands.seal import SealPeriod
from ledger.domain.events.seal import SealedIndex
from ledger.domain.seal import SEAL, seal_id
from ledger.verify.checkpoint import Checkpoint
from ledger.verify.history import parsed
from ledger.work import Context
from ops import verifier_file
from ops.cli.moments import today
from ops.home import opened
from tests.bundles import INSPECTION, OPERATOR, note
from tests.integration.cli import ok, run

KEYS = ("--key", str(OPERATOR.verifier), "--key", str(INSPECTION.verifier))
OFFLINE = """\
import runpy, socket, sys
def refuse(*_, **__):
    raise AssertionError("the verifier must not ask for the network")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
assert not any(name.startswith(("ledger", "ops", "msgspec")) for name in sys.modules)
file, *sys.argv = sys.argv[1], *sys.argv[1:]
runpy.run_path(file, run_name="__main__")
"""


def signed(home: Path, size: int | None, to: Path) -> Path:
    """The head of the log as the operator and the inspection office signed it."""
    with opened(home) as found:
        tree = found.log.tree(size)
        text = Checkpoint(found.origin, tree.size, tree.root()).text()
    to.write_bytes(note(text, OPERATOR, INSPECTION))
    return to


@pytest.fixture(scope="module")
def sealed_city(city: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city whose months and year were sealed, once for the module; no test adds to it."""
    home = Path(shutil.copytree(city, tmp_path_factory.mktemp("sealed") / "home"))
    made = ok(home, "seal", "--through", "2017-12", "--as", "auditor-1", "--format", "json").json
    periods = [each["period"] for each in made["sealed"]]
    assert periods == ["2016-12", *(f"2017-{month:02d}" for month in range(1, 13))]
    positions = [each["position"] for each in made["sealed"]]
    assert positions == sorted(positions)
    ok(home, "seal", "--year", "2017", "--as", "auditor-1")
    return home


@pytest.fixture
def paid(sealed_city: Path) -> str:
    """A person who was paid something."""
    asked = ("explain", "--figure", "fuel-subsidy.amount", "--format", "json")
    found = json.loads(ok(sealed_city, *asked).out)
    return str(found["events"][0]["subject"])


def test_what_was_sealed_is_what_the_log_yields(sealed_city: Path) -> None:
    again = ok(sealed_city, "seal", "--through", "2017-12", "--as", "a", "--format", "json")
    assert again.json == {"checkpoint": None, "sealed": []}
    found = ok(sealed_city, "audit", "verify-report", "--format", "json").json
    assert found["agrees"] is True
    assert len(found["periods"]) == 14
    assert ok(sealed_city, "audit", "verify-seal", "--period", "2017").status == 0


def test_a_seal_is_once_and_not_before_its_time(sealed_city: Path) -> None:
    assert ok(sealed_city, "seal", "--month", "2017-06", "--as", "a").status == 0
    month = today().strftime("%Y-%m")
    early = run(sealed_city, "seal", "--month", month, "--as", "a", "--format", "json")
    assert (early.status, json.loads(early.err.splitlines()[-1])["error"]["code"]) == (
        2,
        "period-not-over",
    )
    assert run(sealed_city, "seal", "--as", "a").status == 2
    assert run(sealed_city, "audit", "verify-seal", "--period", "2015").status == 2


def test_a_seal_that_lies_is_listed_with_what_differs(copy: Path) -> None:
    ok(copy, "seal", "--month", "2017-03", "--as", "auditor-1")
    with opened(copy) as home:
        ledger = home.ledger()
        true = ledger.state(SEAL, seal_id("2017-03")).sealed
        assert true is not None
        views = true.views | {"balances": true.views["funds"]}
        figures = true.figures | {"fuel-subsidy.amount": "1.00"}
        lie = type(true)(
            period="2017-04",
            position=true.position,
            index=SealedIndex(subjects=true.index.subjects, root="0" * 64),
            views=views,
            figures=figures,
        )
        who = Context(actor="a", role="r", division=home.info.operator, effective=today())
        ledger.execute(SealPeriod(content=lie), who, key="lie")
    found = run(copy, "audit", "verify-report", "--format", "json")
    assert found.status == 1
    good, bad = found.json["periods"]
    assert good["different"] == []
    told = " ".join(bad["different"])
    assert all(what in told for what in ("position", "index", "balances", "fuel-subsidy.amount: 1"))
    assert run(copy, "audit", "verify-seal").status == 1
    kept = signed(copy, None, copy / "note")
    ok(copy, "bundle", "--all", "--checkpoint", str(kept), "-o", str(copy / "x.zip"))
    refused = run(copy, "verify-bundle", str(copy / "x.zip"), *KEYS, "--format", "json")
    assert (refused.status, refused.json["error"]["code"]) == (1, "seal-wrong")


@pytest.mark.parametrize("scope", ["person", "division", "year", "all"])
def test_a_bundle_opens_with_the_carried_file_and_nothing_else(
    sealed_city: Path, paid: str, tmp_path: Path, scope: str
) -> None:
    head = signed(sealed_city, None, tmp_path / "head")
    kept = signed(sealed_city, 10_000, tmp_path / "kept")
    asked = {
        "person": ("--for-person", paid),
        "division": ("--division", "220202"),
        "year": ("--year", "2017"),
        "all": ("--all",),
    }[scope]
    bundle, file = tmp_path / "b.zip", tmp_path / "empty" / "verify_bundle.py"
    notes = ("--checkpoint", str(head), "--since", str(kept))
    ok(sealed_city, "bundle", *asked, *notes, "-o", str(bundle))
    assert verifier_file.main([str(file)]) == 0
    asking = ("--checkpoint", str(kept), "--format", "json")
    start = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", OFFLINE, str(file), str(bundle), *KEYS, *asking],
        cwd=file.parent,
        env={"PATH": os.defpath},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode() + ended.stdout.decode()
    assert scope == "all" or time.monotonic() - start < 60
    found = json.loads(ended.stdout)
    assert found["verified"] is True
    assert (found["retained"], found["final"]) == (10_000, True)
    assert found["claims_met"] > 0
    if scope == "person":
        mine = next(c for c in found["complete"] if c["subject"] == paid)
        assert mine["events"] > 0
        assert mine["period"] in ("2017", "2017-12")
        asked_balance = ok(sealed_city, "balance", paid, "--format", "json").json
        settled = {b["program"]: b["settled_fen"] for b in asked_balance["balances"]}
        rebuilt = found["balances_fen"][paid]
        assert {p: fen.get("settled_fen", 0) for p, fen in rebuilt.items()} == settled
    if scope == "all":
        assert found["seals_recomputed"] == 14
    assert ok(sealed_city, "verify-bundle", str(bundle), *KEYS).status == 0
    damaged = bytearray(bundle.read_bytes())
    damaged[len(damaged) // 3] ^= 4
    bundle.write_bytes(damaged)
    assert run(sealed_city, "verify-bundle", str(bundle), *KEYS).status == 1


def test_somebody_without_events_is_proven_to_have_none(sealed_city: Path, tmp_path: Path) -> None:
    head, bundle = signed(sealed_city, None, tmp_path / "head"), tmp_path / "b.zip"
    asked = ("--for-person", "person-nobody", "--checkpoint", str(head), "-o", str(bundle))
    ok(sealed_city, "bundle", *asked)
    found = ok(sealed_city, "verify-bundle", str(bundle), *KEYS, "--format", "json").json
    assert found["complete"][0]["events"] == 0
    assert found["complete"][0]["period"] is not None


def test_figures_that_pass_over_a_discarded_event_are_said_to_and_are_no_false_alarm(
    copy: Path, tmp_path: Path
) -> None:
    """An officer let both money views do without a payment; before that nothing was left out."""
    before = signed(copy, None, tmp_path / "before")
    settled = ("events", "--type", "PaymentSettled", "--format", "ndjson", "--limit", "1")
    event = ok(copy, *settled).json
    who, program = event["subject"], event["data"]["program"]
    own = ("events", "--subject", who, "--format", "json")
    position = next(e["position"] for e in ok(copy, *own).json["events"] if e["id"] == event["id"])
    with opened(copy) as home:
        context = Context(actor="a", role="r", division=home.info.operator, effective=today())
        for view in ("balances", "program_totals"):
            wanted = DiscardParkedEvent(view=view, position=position, event=event["id"], reason="x")
            home.ledger().execute(wanted, context, key=view)
        end = home.log.size()
        assert home.feed.end() == end
    assert run(copy, "rebuild").status == 1  # the views had held it until then
    after = signed(copy, None, tmp_path / "after")
    scopes = (("--for-person", who), ("--division", event["division"]), ("--year", "2017"))
    for scope in (*scopes, ("--all",)):
        view = "balances" if scope[0] == "--for-person" else "program_totals"
        found = {}
        for note_ in (before, after):
            bundle = tmp_path / "b.zip"
            made = ("--checkpoint", str(note_), "--unsealed", "-o", str(bundle))
            ok(copy, "bundle", *scope, *made)
            asked = ("--unsealed", *KEYS, "--format", "json")
            found[note_] = ok(copy, "verify-bundle", str(bundle), *asked).json
            assert found[note_]["claims_met"] > 0
        assert found[before]["passed_over"] == []
        (passed,) = found[after]["passed_over"]
        assert (passed["view"], passed["position"]) == (view, position)
        assert end - 2 <= passed["discard"] < end
        cautions = [c for c in found[after]["cautions"] if c["code"] == "passed-over"]
        assert [f"{position:,}" in c["en"] for c in cautions] == [True]
        if view == "balances":
            rows = ok(copy, "balance", who, "--format", "json").json["balances"]
            shown = next(b["settled_fen"] for b in rows if b["program"] == program)
            yielded = found[after]["balances_fen"][who][program]["settled_fen"]
            assert yielded - shown == event["data"]["amount_fen"]


def test_a_bundle_is_proven_against_the_head_that_the_log_itself_signed(
    copy: Path, tmp_path: Path
) -> None:
    """Keys, seals, heads and bundle by the commands alone; the operator's word, and said to be."""
    ok(copy, "key", "generate", "--as", "operator-1")
    ok(copy, "checkpoint", "sign")
    first = ok(copy, "checkpoint", "show", "--note").out
    made = ok(copy, "seal", "--month", "2017-12", "--as", "auditor-1", "--format", "json").json
    assert made["checkpoint"]["final"] is False
    key = ok(copy, "key", "show", "--format", "json").json["keys"][0]["vkey"]
    (tmp_path / "kept").write_bytes(first)
    bundle = tmp_path / "b.zip"
    told = ok(copy, "bundle", "--for-person", "person-nobody", "-o", str(bundle)).err
    assert "日志中没有编号为person-nobody的人" in told
    asked = ("--key", key, "--checkpoint", str(tmp_path / "kept"), "--format", "json")
    found = ok(copy, "verify-bundle", str(bundle), *asked).json
    assert found["size"] == made["checkpoint"]["size"]
    assert found["retained"] == found["history"][0] == parsed(first).size
    assert "no-policy" in [c["code"] for c in found["cautions"]]
    older = ("--checkpoint", str(parsed(first).size))
    unsealed = run(copy, "bundle", "--for-person", "person-x", *older, "-o", str(tmp_path / "c"))
    assert (unsealed.status, "nothing-sealed" in unsealed.err) == (2, True)


def test_kept_indexes_may_be_thrown_away(sealed_city: Path, paid: str, tmp_path: Path) -> None:
    head = signed(sealed_city, None, tmp_path / "head")
    made = []
    for name in ("kept", "without"):
        file = tmp_path / name
        asked = ("--for-person", paid, "--checkpoint", str(head), "-o", str(file))
        ok(sealed_city, "bundle", *asked)
        made.append(file.read_bytes())
        shutil.rmtree(sealed_city / "indexes", ignore_errors=True)
    assert made[0] == made[1]


def test_what_is_asked_must_make_sense(sealed_city: Path, tmp_path: Path) -> None:
    out = ("-o", str(tmp_path / "b.zip"))
    head = ("--checkpoint", str(signed(sealed_city, None, tmp_path / "head")))
    assert run(sealed_city, "bundle", *out, *head).status == 2
    assert run(sealed_city, "bundle", "--all", "--year", "2017", *out, *head).status == 2
    assert run(sealed_city, "bundle", "--division", "22", *out, *head).status == 2
    assert run(sealed_city, "bundle", "--year", "1999", *out, *head).status == 2
    unsigned = run(sealed_city, "bundle", "--all", *out, "--format", "json")
    assert "checkpoint-missing" in unsigned.err
    (tmp_path / "no-note").write_bytes(b"x")
    assert run(sealed_city, "bundle", "--all", *out, "--since", str(tmp_path / "no-note"), *head)
    assert not (tmp_path / "b.zip").exists()


def test_the_carried_file_is_the_modules_word_for_word(tmp_path: Path) -> None:
    text = verifier_file.built()
    assert text == verifier_file.built()
    for name, source in verifier_file.sources().items():
        assert f"SOURCES[\"{name}\"] = r'''\n{source}'''\n" in text
    assert "ledger.verify.command" in verifier_file.sources()


def test_a_bundle_has_schemas_and_catalog_to_read_it_by(sealed_city: Path, tmp_path: Path) -> None:
    head, bundle = signed(sealed_city, None, tmp_path / "head"), tmp_path / "b.zip"
    ok(sealed_city, "bundle", "--division", "220202", "--checkpoint", str(head), "-o", str(bundle))
    with zipfile.ZipFile(bundle) as archive:
        names = set(archive.namelist())
        types = {
            json.loads(line)["type"].removeprefix("benefits.")
            for name in names
            if name.startswith("events/")
            for line in archive.read(name).splitlines()
        }
    assert types
    assert {f"schemas/{name}.json" for name in types} <= names
    assert {"catalog/divisions.toml", "catalog/living-subsidy.toml"} <= names
