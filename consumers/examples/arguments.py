"""What both examples take on their command lines: how to reach Kafka, and when to stop."""

import argparse
import signal
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from consumers.client import EventClient
from consumers.connection import KafkaSettings, Security
from consumers.topics import EVENTS
from ledger.domain.errors import InvalidValue


def parser_of(description: str | None, prog: str) -> argparse.ArgumentParser:
    """A parser that knows the options of every example."""
    parser = argparse.ArgumentParser(prog=f"python -m {prog}", description=description)
    parser.add_argument("--bootstrap", required=True, help="host:port,host:port")
    parser.add_argument("--security", choices=[s.value for s in Security], default="plaintext")
    parser.add_argument("--username", help="who logs in")
    parser.add_argument("--password-file", type=Path, help="file with the password")
    parser.add_argument("--ca-file", type=Path, help="certificates to trust, PEM")
    parser.add_argument("--topic", default=EVENTS)
    parser.add_argument("--until-end", action="store_true", help="stop at the end as it is now")
    parser.add_argument("--batch-events", type=int, default=5_000, help="most in a transaction")
    return parser


def kafka_of(given: argparse.Namespace) -> KafkaSettings:
    """The brokers that the command line names.

    Raises :class:`InvalidValue` where a login or certificates are given to a connection that has
    no use for them: it would be less than was meant.
    """
    security = Security(given.security)
    needs = ((given.username, security.sasl), (given.password_file, security.sasl))
    useless = given.ca_file is not None and not security.tls
    if useless or any((value is not None) is not needed for value, needed in needs):
        raise InvalidValue(field="--security", value=security.value)
    password = None
    if given.password_file is not None:
        password = SecretStr(given.password_file.read_text("utf-8").rstrip("\r\n"))
    return KafkaSettings(
        tuple(given.bootstrap.split(",")),
        security,
        given.username,
        password,
        given.ca_file,
    )


def stop_when_told(client: EventClient) -> None:
    """SIGTERM and SIGINT end the reading after the batch at hand."""

    def told(number: int, frame: Any) -> None:
        client.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
