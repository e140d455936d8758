"""The file a bundle is: a plain zip of parts listed, with size and SHA-256, in its manifest.

Refused are: another file, anything before, between or behind the parts, one name twice, parts that
are not listed, encryption, other compressions than deflate, and what would unpack to far more than
it is. Nothing is ever written to a disk.
"""

import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from hashlib import sha256
from typing import IO, Any

from ledger.verify.refusal import Refused

FORMAT = "benefits-ledger-bundle/1"
MANIFEST = "manifest.json"
EVENTS = "events/"
"""Events are in parts of this folder, in the order of their names, one event a line."""
HASHES = ("hints.bin", "tree.bin")
PART_LIMIT = 1 << 28
"""Bytes of a part of events or of hashes, unpacked."""
JSON_LIMIT = 1 << 20
"""Bytes of any other part, whose values take up to thirty times as much once they are read."""
JSON_LIMITS = {"history.json": 1 << 22, "positions.json": 1 << 24}
"""Of those that grow with the log. The positions of a county's year are some 200 kB."""
RATIO_LIMIT = 200
"""Events of JSON pack to a tenth or so; a bomb to a thousandth."""
LINE_LIMIT = 65_535
"""Bytes of an event."""
_END_BYTES = 22
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""All that reading a damaged zip can end with."""
_KNOWN = re.compile(
    r"checkpoint|(history|positions|completeness|seals|claims)\.json|(hints|tree)\.bin"
    r"|events/[0-9]{5}\.ndjson|(schemas|catalog)/[A-Za-z0-9._-]+"
)
"""The parts that there may be."""


class Container:
    """A bundle's parts. Every one is compared with the manifest as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        """Raises :class:`Refused` for a file that is no bundle."""
        file.seek(0)
        if not file.read(1):
            raise Refused("empty", what="bundle")
        _require_end(file)
        try:
            self._zip = zipfile.ZipFile(file)
            self._infos = self._checked(self._zip.infolist())
        except _UNREADABLE as error:
            raise Refused("not-a-bundle", reason=error) from None
        if MANIFEST not in self._infos:
            raise Refused("part-missing", part=MANIFEST)
        self.manifest = json_object(self._unpacked(MANIFEST), MANIFEST)
        found = self.manifest.get("format")
        if found != FORMAT:
            raise Refused("newer-format", found=found, known=FORMAT)
        self._parts = self._listed()

    def check(self) -> None:
        """Every part but the events, one after the other. Raises :class:`Refused`."""
        for name in self._parts:
            if not name.startswith(EVENTS):
                self.read(name)

    def read(self, name: str) -> bytes:
        """A whole part. Raises :class:`Refused` if it is missing or altered."""
        size, digest = self._part(name)
        raw = self._unpacked(name)
        if len(raw) != size or sha256(raw).hexdigest() != digest:
            raise Refused("part-altered", part=name)
        return raw

    def events(self) -> Iterator[bytes]:
        """The bytes of every event; digests are compared at each part's end.

        Raises :class:`Refused`.
        """
        for name in sorted(n for n in self._parts if n.startswith(EVENTS)):
            yield from self._lines(name)

    def _lines(self, name: str) -> Iterator[bytes]:
        size, digest = self._part(name)
        state, total = sha256(), 0
        try:
            with self._zip.open(self._infos[name]) as part:
                while line := part.readline(LINE_LIMIT + 1):
                    total += len(line)
                    state.update(line)
                    if len(line) < 2 or line[-1:] != b"\n":
                        raise Refused("part-malformed", part=name, reason=f"byte {total}")
                    yield line[:-1]
        except _UNREADABLE as error:
            raise Refused("unreadable", what=name, reason=error) from None
        if total != size or state.hexdigest() != digest:
            raise Refused("part-altered", part=name)

    def close(self) -> None:
        self._zip.close()

    def _checked(self, infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        """The parts by name, if the file is these parts and nothing else."""
        named = {info.filename: info for info in infos}
        if len(named) != len(infos):
            raise Refused("not-a-bundle", reason="duplicate names")
        if self._zip.comment:
            raise Refused("not-a-bundle", reason="comment")
        end = 0
        for info in sorted(infos, key=lambda info: info.header_offset):
            if info.header_offset != end:
                raise Refused("not-a-bundle", reason=f"{info.filename} at {info.header_offset}")
            if info.flag_bits & ~0x800 or info.extra or info.comment:
                raise Refused("not-a-bundle", reason=info.filename)
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Refused("not-a-bundle", reason=info.filename)
            if info.file_size > limit_of(info.filename):
                raise Refused("too-large", what=info.filename, limit=limit_of(info.filename))
            if info.file_size > RATIO_LIMIT * (info.compress_size + 1):
                raise Refused(
                    "too-large", what=info.filename, limit=RATIO_LIMIT * (info.compress_size + 1)
                )
            # A local header is 30 bytes and the name; ours have nothing behind.
            end += 30 + len(info.filename.encode()) + info.compress_size
        if end != self._zip.start_dir:
            raise Refused("not-a-bundle", reason=f"{end} != {self._zip.start_dir}")
        return named

    def _listed(self) -> dict[str, tuple[int, str]]:
        """What the manifest says of each part, which are all there are."""
        parts: dict[str, tuple[int, str]] = {}
        listed = self.manifest.get("parts")
        if not isinstance(listed, dict):
            raise Refused("part-malformed", part=MANIFEST, reason="parts")
        for name, said in listed.items():
            if not isinstance(said, dict) or type(said.get("bytes")) is not int:
                raise Refused("part-malformed", part=MANIFEST, reason=name)
            if name not in self._infos:
                raise Refused("part-missing", part=name)
            if not _KNOWN.fullmatch(name):
                raise Refused("part-unknown", part=name)
            parts[name] = said["bytes"], str(said.get("sha256"))
        unknown = set(self._infos) - set(parts) - {MANIFEST}
        if unknown:
            raise Refused("part-unknown", part=min(unknown))
        return parts

    def _part(self, name: str) -> tuple[int, str]:
        if name not in self._parts:
            raise Refused("part-missing", part=name)
        return self._parts[name]

    def _unpacked(self, name: str) -> bytes:
        try:
            with self._zip.open(self._infos[name]) as part:
                raw = part.read(limit_of(name) + 1)
        except _UNREADABLE as error:
            raise Refused("unreadable", what=name, reason=error) from None
        if len(raw) > limit_of(name):
            raise Refused("too-large", what=name, limit=limit_of(name))
        return raw


def limit_of(name: str) -> int:
    """Bytes of a part, at most."""
    if name.startswith(EVENTS) or name in HASHES:
        return PART_LIMIT
    return JSON_LIMITS.get(name, JSON_LIMIT)


def _require_end(file: IO[bytes]) -> None:
    """The file ends with the zip's last record, without a comment (PKWARE APPNOTE, 4.3.16)."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES))
    end = file.read(_END_BYTES)
    if len(end) < _END_BYTES or end[:4] != b"PK\x05\x06" or end[-2:] != b"\0\0":
        raise Refused("not-a-bundle", reason="it does not end as a zip file does")


def json_value(raw: bytes, part: str) -> Any:
    """A part as JSON in UTF-8 (RFC 8259); no name may be there twice. Raises :class:`Refused`."""
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_number)
        if b"\\u" in raw:  # an escape may be half of a surrogate pair, which is no text
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except (ValueError, RecursionError) as error:
        raise Refused("part-malformed", part=part, reason=error) from None


def json_object(raw: bytes, part: str) -> dict[str, Any]:
    """A part as a JSON object. Raises :class:`Refused`."""
    value = json_value(raw, part)
    if not isinstance(value, dict):
        raise Refused("part-malformed", part=part, reason="{}")
    return value


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found
