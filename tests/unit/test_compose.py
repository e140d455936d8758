"""The deployment in containers: whole, with settings that exist, and without a secret."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.cli.main import main
from ops.settings import Settings

FILE = Path(__file__).resolve().parents[2] / "ops" / "compose.yaml"


@pytest.fixture(scope="module")
def deployment() -> Any:
    return yaml.safe_load(FILE.read_text())


def variables(deployment: Any) -> Iterator[tuple[str, str]]:
    for service in deployment["services"].values():
        yield from service.get("environment", {}).items()


def test_it_has_three_brokers_a_database_relay_signer_workers_and_metrics(deployment: Any) -> None:
    brokers = {"kafka-1", "kafka-2", "kafka-3"}
    others = {"postgres", "relay", "signer", "projector", "prometheus", "grafana"}
    assert set(deployment["services"]) == brokers | others


def test_whatever_is_named_is_declared(deployment: Any) -> None:
    for service in deployment["services"].values():
        for secret in service.get("secrets", []):
            name = secret["source"] if isinstance(secret, dict) else secret
            assert name in deployment["secrets"]
        for config in service.get("configs", []):
            assert (FILE.parent / deployment["configs"][config["source"]]["file"]).is_file()
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in deployment["volumes"]
        assert set(service["networks"]) <= set(deployment["networks"])
        assert set(service.get("depends_on", [])) <= set(deployment["services"])


def test_every_setting_of_ours_exists(deployment: Any) -> None:
    ours = {name for name, _ in variables(deployment) if name.startswith("BENEFITS_")}
    assert ours
    assert {name.removeprefix("BENEFITS_").lower() for name in ours} <= set(Settings.model_fields)


def test_every_command_of_ours_exists_with_its_options(
    deployment: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = [
        service["command"]
        for service in deployment["services"].values()
        if service["image"].startswith("benefits-ledger:")
    ]
    assert len(ours) == 3
    for command in ours:
        # Help is given only when all that stands before it is understood.
        with pytest.raises(SystemExit) as ended:
            main([*command, "--help"])
        assert ended.value.code == 0, capsys.readouterr().err


def test_prometheus_scrapes_where_the_metrics_are(deployment: Any) -> None:
    scraped = yaml.safe_load((FILE.parent / "prometheus" / "prometheus.yml").read_text())
    relay, signer, projector = scraped["scrape_configs"]
    for service, job in (("relay", relay), ("signer", signer), ("projector", projector)):
        command = deployment["services"][service]["command"]
        port = command[command.index("--metrics-port") + 1]
        assert "metrics" in deployment["services"][service]["networks"]
        assert f"{service}:{port}" in str(job) or job["dns_sd_configs"][0]["port"] == int(port)


def test_nobody_but_the_signer_has_its_keys(deployment: Any) -> None:
    having = {
        name
        for name, service in deployment["services"].items()
        if any(volume.startswith("keys:") for volume in service.get("volumes", []))
    }
    assert having == {"signer"}
    assert deployment["services"]["signer"]["environment"]["BENEFITS_KEYS"] == "/home/keys"


def test_no_secret_is_in_it(deployment: Any) -> None:
    for name, value in variables(deployment):
        if re.search("PASSWORD|SECRET|TOKEN|URL", name):
            assert value.startswith("/run/secrets/"), name
    assert all(set(told) == {"file"} for told in deployment["secrets"].values())
    assert not re.search(r"://[^/\s]*:[^/\s]*@", FILE.read_text())


def test_only_this_machine_reaches_a_published_port(deployment: Any) -> None:
    ports = [p for service in deployment["services"].values() for p in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
