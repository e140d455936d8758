"""What Kafka's processes get from the environment of the command that starts them."""

from pathlib import Path

import pytest

from ops.local.java import KafkaRuntime


def test_java_gets_its_own_options_and_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENEFITS_DATABASE_URL", "postgresql://admin:secret@db.example/benefits")
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-Xint")
    runtime = KafkaRuntime(Path("java"), ())
    plain = {"PATH": "/bin", "LC_ALL": "C.UTF-8"}
    assert runtime.env == {**plain, "JDK_JAVA_OPTIONS": "-Xint"}
    monkeypatch.delenv("JDK_JAVA_OPTIONS")
    assert runtime.env == plain
