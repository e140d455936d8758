"""What the signer's page and the witness's say is what happened, in processes of their own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.log.errors import WitnessesMissing
from ledger.log.signer import Signed, Signer
from ops.home import opened
from ops.metrics import Metrics
from ops.observing_heads import SigningMetrics
from ops.witness.office import Witness
from tests.integration.cli import ok
from tests.integration.test_metrics import running, until

BY = ("--as", "officer-1")
JSON = ("--format", "json")
NAME = "inspection.example/w1"
ORIGIN = "urn:benefits-ledger:220200"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A home with a key, and a witness that trusts it."""
    ok(tmp_path / "home", "init")
    key = ok(tmp_path / "home", "key", "generate", *BY, *JSON).json["vkey"]
    at = ("--folder", str(tmp_path / "witness"))
    ok(tmp_path / "home", "witness", "init", "--name", NAME, *at)
    ok(tmp_path / "home", "witness", "trust", key, *at)
    return tmp_path


def test_signer_and_witness_say_what_they_did(place: Path) -> None:
    home, folder = place / "home", place / "witness"
    pace = ("--every-events", "1", "--every-seconds", "1", "--home", str(home))
    with running("witness", "serve", "--folder", str(folder)) as (witness, process):
        assert process.stderr is not None
        url = process.stderr.readline().split()[-1]
        key = str(Witness.open(folder).key)
        ok(home, "checkpoint", "policy", "--witness", key, "--url", url)
        with running("checkpoint", "run", *pace) as (signer, _):
            end = ok(home, "log", "head", *JSON).json["size"]
            found = until(signer, lambda s: s["benefits_final_head_size"][()] == end)
            assert found["benefits_signing_log_events"] == {(): end}
            assert found["benefits_signed_head_size"] == {(): end}
            assert found["benefits_witnesses_needed"] == {(): 1}
            assert found["benefits_cosigned_head_size"] == {(NAME,): end}
            assert found["benefits_cosignatures_total"] == {(NAME,): 1}
            head = ok(home, "checkpoint", "show", *JSON).json
            at = datetime.fromisoformat(head["signed"]).timestamp()
            for name in ("signed", "final"):
                assert found[f"benefits_{name}_head_timestamp_seconds"] == {(): at}
            assert "benefits_relay_position" not in found
            looked = found["benefits_signing_looked_timestamp_seconds"][()]
            until(signer, lambda s: s["benefits_signing_looked_timestamp_seconds"][()] > looked)
        assert httpx.post(f"{url}/add-checkpoint", content=b"nonsense").status_code == 400
        told = until(witness, lambda s: s["benefits_witness_answers_total"][("400",)] == 1)
        answers = told["benefits_witness_answers_total"]
        assert answers[("200",)] >= 2  # the smallest head, before any was signed; then the log's
        assert answers[("422",)] == answers[("403",)] == answers[("500",)] == 0
        assert told["benefits_witness_head_size"] == {(ORIGIN,): end}
        (time,) = told["benefits_witness_head_timestamp_seconds"].values()
        assert abs(time - at) < 60


class Quiet:
    """Nobody else listens."""

    def looked(self, size: int) -> None: ...
    def signed(self, signed: Signed, final: bool) -> None: ...
    def failed(self, error: Any, again_in_s: float) -> None: ...


def test_what_was_signed_before_and_what_was_refused(place: Path) -> None:
    home, metrics = place / "home", Metrics("signing")
    key = str(Witness.open(place / "witness").key)
    ok(home, "checkpoint", "policy", "--witness", key)
    ok(home, "checkpoint", "sign", "--without-witnesses")
    with opened(home) as found:
        signer: Signer = found.signer()
        with found.store.heads() as heads:
            before = heads.newest(20)
        began = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
        observer = SigningMetrics(metrics, Quiet(), signer, before, now=lambda: began)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"benefits_{name}", labels)

    assert value("signed_head_size") == before[-1].size
    assert value("final_head_size") == 0
    assert value("final_head_timestamp_seconds") == began
    assert value("cosigned_head_size", witness=NAME) == 0
    assert value("signings_refused_total", code="witnesses-missing") == 0
    observer.failed(WitnessesMissing(needed=1, found=0, reasons="away"), 5.0)
    assert value("signings_refused_total", code="witnesses-missing") == 1
