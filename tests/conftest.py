"""Hypothesis profiles: ``ci`` is the same examples on every run, ``deep`` a longer search."""

import os
import signal
import sys

from hypothesis import HealthCheck, settings

pytest_plugins = (
    "tests.servers",
    "tests.tls",
    "tests.cities",
    "tests.postgres",
    "tests.view_databases",
    "tests.debian",
)

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "ci", derandomize=True, max_examples=60, deadline=None, suppress_health_check=_SLOW
)
settings.register_profile(
    "deep",
    max_examples=2_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=_SLOW,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Tests start hundreds of processes: what they import is compiled once, not by each of them anew,
# even where the environment wants no compiled files.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# They start dozens of brokers, which live too short for Java to compile much of them twice.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")

# A shell has what it starts in the background ignore SIGINT, and so would every process of a test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
