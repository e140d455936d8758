"""Dashboard and alerts ask for metrics that exist, and the alerts fire when they should."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.metrics import PARTS, Metrics

OPS = Path(__file__).resolve().parents[2] / "ops"
PROMETHEUS = OPS / "prometheus"
DASHBOARD = json.loads((OPS / "grafana" / "benefits-ledger.json").read_text("utf-8"))
RULES = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text("utf-8"))
_NAME = re.compile(r"\b(?:benefits|process)_[a-z_]+\b")


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[str]:
    for panel in panels():
        yield from (target["expr"] for target in panel["targets"])
    for group in RULES["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


def test_every_metric_that_is_asked_for_exists() -> None:
    asked = {name for expr in expressions() for name in _NAME.findall(expr)}
    ours = {name for name in asked if name.startswith("benefits_")}
    assert ours <= Metrics().names()
    process = {"process_cpu_seconds_total", "process_resident_memory_bytes"}
    assert asked - ours <= process


def test_every_metric_is_on_the_dashboard() -> None:
    asked = {
        name for panel in panels() for t in panel["targets"] for name in _NAME.findall(t["expr"])
    }
    families = {re.sub("_(bucket|count|sum)$", "", name) for name in Metrics().names()}
    assert families == {
        re.sub("_(bucket|count|sum)$", "", name) for name in asked if name.startswith("benefits_")
    }


def test_names_follow_the_conventions() -> None:
    for family in Metrics().registry.collect():
        assert family.documentation.endswith(".") or family.name.startswith("process_")
        if "duration" in family.name or "timestamp" in family.name:
            assert family.name.endswith("_seconds")


def test_a_label_is_never_about_a_person() -> None:
    metrics = [value for value in vars(Metrics()).values() if hasattr(value, "_labelnames")]
    labels = {name for metric in metrics for name in metric._labelnames}
    assert len(metrics) > 15
    assert labels == {
        *("type", "code", "component", "projection", "partition"),
        *("witness", "origin", "status"),
    }


def test_a_page_has_the_metrics_of_its_part_and_no_others() -> None:
    """A zero that nobody sets would say that the relay stands still, on every worker's page."""
    names = {part: Metrics(part).names() - {"benefits_kafka_errors_total"} for part in PARTS}
    assert len(names["relay"]) > 5
    for part, mine in names.items():
        others = set().union(*(found for other, found in names.items() if other != part))
        assert not mine & others
    assert set().union(*names.values()) < Metrics().names()


def test_panels_do_not_overlap_and_have_numbers_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "--lint-fatal", "alerts.yml"),
        ("test", "rules", "alerts.test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_finds_nothing_wrong(promtool: Path, arguments: tuple[str, ...]) -> None:
    command = [str(promtool), *arguments]
    ended = subprocess.run(command, cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_alert_is_tested_to_fire_and_to_keep_quiet() -> None:
    tests = yaml.safe_load((PROMETHEUS / "alerts.test.yml").read_text("utf-8"))["tests"]
    asked = [case for test in tests for case in test["alert_rule_test"]]
    fires = {case["alertname"] for case in asked if case.get("exp_alerts")}
    quiet = {case["alertname"] for case in asked if not case.get("exp_alerts")}
    alerts = {rule["alert"] for group in RULES["groups"] for rule in group["rules"]}
    assert fires == quiet == alerts


def test_promtool_understands_every_expression_of_the_dashboard(
    promtool: Path, tmp_path: Path
) -> None:
    rules = [
        {"record": f"panel:{n}", "expr": t["expr"]}
        for n, t in enumerate(t for panel in panels() for t in panel["targets"])
    ]
    # Grafana puts the chosen views in place of its variable.
    text = yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]})
    (tmp_path / "rules.yml").write_text(text.replace("$projection", ".*"))
    command = [str(promtool), "check", "rules", "rules.yml"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
