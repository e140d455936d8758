"""The demonstration signs, has it witnessed and verifies a bundle; it may be run again and broken
off anywhere."""

import threading
from pathlib import Path
from typing import Any

import pytest

from ledger.verify.command import main as verify_bundle
from ops import demonstration
from ops.home import opened
from ops.witness.office import Witness
from tests.integration.cli import SCALE, Ended, ok, run

JSON = ("--format", "json")
DEMO = ("demo", "--scale", SCALE)


def matched(ended: Ended) -> Any:
    """What it says, where nothing is wrong but that so small a city may not meet every figure."""
    made = ended.json
    assert ended.status == (0 if made["matching"] == made["total"] else 1), ended.err
    assert made["digests_equal"]
    assert made["log"]["verified"]
    assert made["log"]["size"] == made["events"]
    assert made["trial_balance_fen"] == 0
    return made


def test_it_signs_has_it_cosigned_and_verifies_a_bundle_and_again(copy: Path) -> None:
    made = matched(run(copy, *DEMO, *JSON))
    size = made["events"] + 2  # the key, and the seal
    assert made["checkpoint"] == {
        "size": size,
        "status": "final",
        "witness": "inspection.example/demo",
    }
    assert made["sealed"]["period"] == "2017"
    told = made["bundle"]
    assert (told["complete"], told["retained"]) == (True, size)
    assert told["claims_met"] > 0
    assert not [t for t in threading.enumerate() if t.name == "witness"]

    again = matched(run(copy, *DEMO, *JSON))
    assert again["log"]["size"] == size
    assert [again[k] for k in ("checkpoint", "bundle", "sealed")] == [
        made[k] for k in ("checkpoint", "bundle", "sealed")
    ]
    assert ok(copy, "doctor", *JSON).json["ok"]
    assert ok(copy, "audit", "verify-report", "--period", "2017", *JSON).json["agrees"]

    with opened(copy) as home:
        keys = [str(key) for key in (*home.log_keys(), Witness.open(copy / "inspection").key)]
    pinned = [word for key in keys for word in ("--key", key)]
    assert verify_bundle([told["file"], *pinned, "--format", "json"]) == 0


def test_broken_off_it_goes_on_and_a_lie_is_told(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends right after the key and the seal; then the operator claims what is not so."""

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demonstration, "inspection", stopped)
        assert run(copy, *DEMO, *JSON).status == 130
    size = ok(copy, "log", "head", *JSON).json["size"]
    real = demonstration.claims

    def lying(*asked: Any) -> dict[str, Any]:
        claimed = real(*asked)
        for programs in claimed["balances"].values():
            for amounts in programs.values():
                amounts["granted_fen"] = amounts.get("granted_fen", 0) + 1
        return claimed

    with monkeypatch.context() as patch:
        patch.setattr(demonstration, "claims", lying)
        ended = run(copy, *DEMO, "--lang", "en")
    assert ended.status == 1
    assert "the demonstration failed" in ended.text
    assert "verifies against" not in ended.text
    assert f"the head of {size:,} events is signed" in ended.text
    made = matched(run(copy, *DEMO, *JSON))
    assert made["checkpoint"]["size"] == size
    assert len(ok(copy, "key", "show", *JSON).json["keys"]) == 1
