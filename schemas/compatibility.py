"""The gate before a release: ``python -m schemas.compatibility`` says what would break a reader.

It holds the files beside this module to ``released.txt`` (name.version and SHA-256 of each file)
and each version to the one before it (:mod:`schemas.evolution`). All problems are collected and
printed, one a line; the exit status is 1 when there is any. ``--release`` first appends the files
that are not yet listed, if nothing else is wrong; a listed line is never rewritten here.

While the list opens with the line ``# draft`` nothing has been promised to a reader: the generator
may rewrite files and list together, and the gate still checks that the two agree.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from schemas import evolution
from schemas.registry import FILE_NAME, Schema

ROOT = Path(__file__).parent
DRAFT = "# draft"
_LINE = re.compile(r"([A-Za-z][A-Za-z0-9]*)\.v([1-9][0-9]*) ([0-9a-f]{64})")
_ENVELOPE = re.compile(r"(envelope)\.v([1-9][0-9]*)\.json")

Key = tuple[str, int]
"""A schema's name (``envelope`` or an event's) and version."""


def is_draft(root: Path = ROOT) -> bool:
    """Whether nothing is released yet: the list's first line says ``# draft``."""
    lines = _list(root)
    return bool(lines) and lines[0] == DRAFT


def present(root: Path = ROOT) -> dict[Key, bytes]:
    """The bytes of every schema file, by name and version."""
    found = [(_ENVELOPE.fullmatch(path.name), path) for path in root.glob("envelope.*")]
    found += [(FILE_NAME.fullmatch(path.name), path) for path in (root / "events").iterdir()]
    return {(m[1], int(m[2])): path.read_bytes() for m, path in sorted(found, key=str) if m}


def lines(files: Mapping[Key, bytes]) -> list[str]:
    """The list's lines for these files: name.version, a space, SHA-256; sorted."""
    return [f"{_label(k)} {hashlib.sha256(files[k]).hexdigest()}" for k in sorted(files)]


def problems(root: Path = ROOT) -> list[str]:
    """Everything wrong with the files under ``root``, a sentence each; empty when all is well."""
    return [*_broken(root), *_unlisted(root)]


def release(root: Path = ROOT) -> list[str]:
    """Append the unlisted files to the list and return their lines; ValueError when refused."""
    if wrong := _broken(root):
        raise ValueError("\n".join(wrong))
    listed = released(root)
    added = lines({key: raw for key, raw in present(root).items() if key not in listed})
    text = "".join(f"{line}\n" for line in [*_list(root), *added])
    (root / "released.txt").write_text(text, encoding="utf-8", newline="\n")
    return added


def _broken(root: Path) -> list[str]:
    files = present(root)
    return [
        *_bad_lines(root),
        *_changed(files, released(root)),
        *_misplaced(root),
        *(problem for key, raw in files.items() for problem in _malformed(key, raw)),
        *_breaks(files),
    ]


def _label(key: Key) -> str:
    return f"{key[0]}.v{key[1]}"


def _list(root: Path) -> list[str]:
    path = root / "released.txt"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def released(root: Path = ROOT) -> dict[Key, str]:
    """SHA-256 of every listed file, by name and version."""
    matches = (_LINE.fullmatch(line) for line in _list(root))
    return {(m[1], int(m[2])): m[3] for m in matches if m}


def _bad_lines(root: Path) -> Iterator[str]:
    seen: set[str] = set()
    for number, line in enumerate(_list(root), 1):
        match = _LINE.fullmatch(line)
        if match is None and line and not line.startswith("#"):
            yield f"released.txt:{number}: not a name.version and a SHA-256: {line}"
        elif match and (label := line.split()[0]) in seen:
            yield f"released.txt:{number}: {label} is listed twice"
        elif match:
            seen.add(label)


def _changed(files: Mapping[Key, bytes], listed: Mapping[Key, str]) -> Iterator[str]:
    for key, digest in sorted(listed.items()):
        if key not in files:
            yield f"{_label(key)}: released, but its file is gone"
        elif hashlib.sha256(files[key]).hexdigest() != digest:
            yield f"{_label(key)}: released, but its bytes have changed; add a version instead"


def _unlisted(root: Path) -> Iterator[str]:
    listed = released(root)
    for key in sorted(present(root).keys() - listed.keys()):
        yield f"{_label(key)}: not listed in released.txt; release it with --release"


def _misplaced(root: Path) -> Iterator[str]:
    for path in sorted((root / "events").iterdir()):
        if not FILE_NAME.fullmatch(path.name):
            yield f"events/{path.name}: not named <EventName>.v<N>.json"


def _malformed(key: Key, raw: bytes) -> Iterator[str]:
    label = _label(key)
    try:
        schema = json.loads(raw)
    except ValueError as error:
        yield f"{label}: not JSON: {error}"
        return
    urn = f"urn:benefits-ledger:schema:{key[0]}:v{key[1]}"
    if schema.get("$id") != urn:
        yield f"{label}: $id is {schema.get('$id')}, not {urn}"
    if schema.get("additionalProperties") is not False:
        yield f"{label}: additionalProperties is not false"
    if key[0] != "envelope" and b'"$ref"' in raw:
        yield f"{label}: not self-contained: it holds a $ref"


def _breaks(files: Mapping[Key, bytes]) -> Iterator[str]:
    for name, version in sorted(files):
        if version == 1:
            continue
        if (name, version - 1) not in files:
            yield f"{name}.v{version}: there is no v{version - 1}: versions may not be skipped"
            continue
        old, new = _parsed(files[name, version - 1]), _parsed(files[name, version])
        if old is not None and new is not None:
            for problem in evolution.problems(old, new):
                yield f"{name}.v{version}: {problem}"


def _parsed(raw: bytes) -> Schema | None:
    try:
        schema: Schema = json.loads(raw)
    except ValueError:
        return None
    return schema


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the gate; 0 when every file may be released as it is."""
    parser = argparse.ArgumentParser(prog="schemas.compatibility", description=__doc__)
    parser.add_argument("--release", action="store_true", help="append new files to the list")
    if parser.parse_args(arguments).release:
        try:
            print("\n".join(release(root)) or "nothing new to release")
        except ValueError as error:
            print(error, file=sys.stderr)
            return 1
    found = problems(root)
    for problem in found:
        print(problem, file=sys.stderr)
    if not found:
        state = "draft" if is_draft(root) else "released"
        print(f"{len(present(root))} schemas, {state}, compatible")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
