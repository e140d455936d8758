"""The schema files as a reader finds them: by event name and version, from the installed package.

What is returned is the file's content, unchanged; nothing is validated here. A name or version
that does not exist raises :class:`KeyError`. Files are read once.
"""

import hashlib
import json
import re
from functools import cache
from importlib import resources
from typing import Any

Schema = dict[str, Any]
"""A JSON Schema (2020-12) as parsed from its file."""

FILE_NAME = re.compile(r"([A-Z][A-Za-z0-9]*)\.v([1-9][0-9]*)\.json")
"""An event schema's file name: event name and version."""


@cache
def _files() -> dict[tuple[str, int], bytes]:
    return {
        (match[1], int(match[2])): entry.read_bytes()
        for entry in resources.files("schemas").joinpath("events").iterdir()
        if (match := FILE_NAME.fullmatch(entry.name))
    }


def names() -> list[str]:
    """Every event name, in alphabetical order."""
    return sorted({name for name, _ in _files()})


def versions(name: str) -> list[int]:
    """The versions of one event, oldest first; empty for a name that does not exist."""
    return sorted(version for known, version in _files() if known == name)


def schema(name: str, version: int) -> Schema:
    """The JSON Schema of the event's ``data``."""
    document: Schema = json.loads(_files()[name, version])
    return document


def digest(name: str, version: int) -> str:
    """SHA-256 of the schema file's bytes, lower-case hexadecimal."""
    return hashlib.sha256(_files()[name, version]).hexdigest()


def envelope(version: int = 1) -> Schema:
    """The JSON Schema of the CloudEvents object around the data."""
    entry = resources.files("schemas").joinpath(f"envelope.v{version}.json")
    if not entry.is_file():
        raise KeyError(version)
    document: Schema = json.loads(entry.read_bytes())
    return document
