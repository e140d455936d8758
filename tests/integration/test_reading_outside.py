"""Whoever has Kafka's tools and none of ours reads the log: the commands of the recipe, as they
stand there."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from consumers.connection import KafkaSettings
from ledger.codec import decode
from ops.local.java import kafka_runtime
from tests.integration.test_client import city
from tests.kafka_logs import KafkaLog, aborted, kafka_log, records_of, write

RECIPE = Path(__file__).resolve().parents[2] / "docs" / "recipes" / "reading-the-topic.md"
PLAIN, CONSOLE, ONE_TYPE, GAPS = re.findall(r"^```sh\n(.*?)^```", RECIPE.read_text(), re.M | re.S)
LIMIT_S = 90


@pytest.fixture(scope="module")
def log(kafka: KafkaSettings) -> KafkaLog:
    """A small log, with something of a relay's that died in its last partition."""
    made, records = kafka_log(kafka), city().records
    made.relay_once(city().feed())
    aborted(kafka, made.events, records_of(records, 3)[:5])
    return made


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory, kcat: Path) -> Path:
    """A folder with both programs under their usual names."""
    folder = tmp_path_factory.mktemp("tools")
    (folder / "kcat").write_text(f'#!/bin/sh\nexec "{kcat}" "$@"\n')
    java = kafka_runtime().command("org.apache.kafka.tools.consumer.ConsoleConsumer")
    console = folder / "kafka-console-consumer.sh"
    console.write_text("#!/bin/sh\nexec " + " ".join(f'"{part}"' for part in java) + ' "$@"\n')
    for program in folder.iterdir():
        program.chmod(0o755)
    return folder


def shell(tools: Path, log: KafkaLog, command: str) -> "subprocess.CompletedProcess[bytes]":
    env = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "BOOTSTRAP": ",".join(log.kafka.bootstrap),
    }
    command = command.replace("benefits.events", log.events)
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=env,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_kcat_gives_the_stored_bytes_with_their_place(tools: Path, log: KafkaLog) -> None:
    told = shell(tools, log, PLAIN)
    assert told.returncode == 0, told.stderr
    lines = [line.split(b"\t") for line in told.stdout.splitlines()]
    found = {}
    for _, _, key, headers, value in lines:
        told_by = dict(header.split(b"=", 1) for header in headers.split(b","))
        assert key.decode() == decode(value).subject
        found[int(told_by[b"position"])] = value
    assert found == dict(city().records)
    assert len(lines) == len(found)


def test_kafkas_own_consumer_gives_the_same(tools: Path, log: KafkaLog) -> None:
    told = shell(tools, log, CONSOLE)
    found = {}
    # Java's logging writes to the same stream.
    lines = [
        line.split(b"\t") for line in told.stdout.splitlines() if line.startswith(b"position:")
    ]
    for headers, _, value in lines:
        position = headers.split(b",")[0].removeprefix(b"position:")
        found[int(position)] = value
    assert found == dict(city().records), told.stderr
    assert len(lines) == len(found)


def test_one_type_is_found_without_parsing(tools: Path, log: KafkaLog) -> None:
    told = shell(tools, log, ONE_TYPE)
    assert told.returncode == 0, told.stderr
    assert {decode(line).type for line in told.stdout.splitlines()} == {
        "benefits.SubsidyGranted.v1"
    }
    assert len(told.stdout.splitlines()) == 18


def test_a_line_of_awk_finds_what_is_missing(
    tools: Path, log: KafkaLog, kafka: KafkaSettings
) -> None:
    whole = shell(tools, log, GAPS)
    assert whole.stdout.decode() == "24 events, nothing missing\n"
    holed = kafka_log(kafka, partitions=1)
    made = records_of(city().records, 1)
    write(kafka, holed.events, made[:5] + made[6:])
    told = shell(tools, holed, GAPS)
    assert told.returncode != 0
    assert told.stdout.decode() == "partition 0: 6 after 4\n"
