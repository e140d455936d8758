"""Signed notes and the keys that verify them: C2SP signed-note, to the byte.

A note is a text, an empty line and signature lines. Ed25519 keys of two kinds are known: a log's
own (0x01) and a witness's timestamped cosignature/v1 (0x04, C2SP tlog-cosignature). Signatures of
unknown keys are ignored; one of a known key that does not verify rejects the whole note, and so
does the absence of any that verifies. Stricter than the specification asks: base64 has to be
canonical, so that no two notes differ only in how they are written.
"""

import binascii
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from ledger.verify import ed25519

LOG_SIGNATURE = 0x01
"""Ed25519 over the note's text."""
COSIGNATURE = 0x04
"""Ed25519 over a header, a time and the note's text: C2SP tlog-cosignature, cosignature/v1."""

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
"""What is read at most. The specification asks for a limit of at least 16 signatures."""
MAX_TIME = 2**63 - 1

_ID_BYTES = 4
_TIME_BYTES = 8
_SEPARATOR = b"\n\n"
_MARK = "— "


class NoteRefused(Exception):
    """A note or a key is malformed, or not signed by whom it should be; the text says why."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under the name it signs with; made by :meth:`of` or :meth:`parse`."""

    name: str
    id: bytes
    """Four bytes; not a fingerprint to rely on, only what a signature line says."""
    algorithm: int
    """:data:`LOG_SIGNATURE` or :data:`COSIGNATURE`."""
    public: bytes
    """32 bytes, RFC 8032."""

    @classmethod
    def of(cls, name: str, algorithm: int, public: bytes) -> "VerifierKey":
        """Raises :class:`NoteRefused` for a name or a key that the field must not have."""
        require_name(name)
        if algorithm not in (LOG_SIGNATURE, COSIGNATURE):
            raise NoteRefused(f"signatures of type {algorithm:#04x} are not known")
        try:
            ed25519.require_key(public)
        except ed25519.KeyRefused as error:
            raise NoteRefused(str(error)) from None
        return cls(name, key_id(name, algorithm, public), algorithm, public)

    @classmethod
    def parse(cls, vkey: str) -> "VerifierKey":
        """``<name>+<hex id>+<base64 of type and key>``. Raises :class:`NoteRefused`."""
        parts = vkey.split("+", 2)
        if len(parts) != 3:
            raise NoteRefused("a verifier key is <name>+<id>+<key>")
        name, said, material = parts
        decoded = from_base64(material)
        if not decoded:
            raise NoteRefused("the verifier key is empty")
        key = cls.of(name, decoded[0], decoded[1:])
        if said != key.id.hex():
            raise NoteRefused(f"the id of this key is {key.id.hex()}, not {said}")
        return key

    def __str__(self) -> str:
        """As :meth:`parse` reads it."""
        material = b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{material}"

    def opened(self, text: bytes, signature: bytes) -> "Signature":
        """The signature, once it is known to be this key's. Raises :class:`NoteRefused`."""
        time, message, signed = None, text, signature
        if self.algorithm == COSIGNATURE:
            time = int.from_bytes(signature[:_TIME_BYTES], "big")
            signed = signature[_TIME_BYTES:]
            if time > MAX_TIME:
                raise NoteRefused(f"the cosignature of {self.name} has an impossible time")
            message = cosigned_message(time, text)
        if not ed25519.verifies(self.public, message, signed):
            raise NoteRefused(f"the signature of {self.name}+{self.id.hex()} does not verify")
        return Signature(self, signature, time)


class Signature(NamedTuple):
    """A signature that verified."""

    key: VerifierKey
    signature: bytes
    """64 bytes, with the eight of the time before them in a cosignature."""
    time: int | None
    """When a witness says it signed, in seconds since 1970; None in a log's own signature."""

    def line(self) -> bytes:
        """The signature line, with its newline."""
        return signature_line(self.key, self.signature)


class Note(NamedTuple):
    """A note whose signatures by known keys all verify, and that has at least one."""

    text: bytes
    """With its last newline, without the empty line."""
    signatures: tuple[Signature, ...]


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """C2SP signed-note: the first four bytes of SHA-256 over name, newline, type and key."""
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:_ID_BYTES]


def cosigned_message(time: int, text: bytes) -> bytes:
    """C2SP tlog-cosignature: what a witness signs at ``time``, in seconds since 1970."""
    return b"cosignature/v1\ntime %d\n" % time + text


def signature_line(key: VerifierKey, signature: bytes) -> bytes:
    """One line below a note, with its newline."""
    return f"{_MARK}{key.name} {b64encode(key.id + signature).decode()}\n".encode()


def open_note(note: bytes, keys: Sequence[VerifierKey]) -> Note:
    """The text, if a known key signed it and none of the known keys' signatures is bad.

    Raises :class:`NoteRefused`.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.id), key) != key:
            raise NoteRefused(f"two known keys have the name and id {key.name}+{key.id.hex()}")
    text, lines = split_note(note)
    verified = [
        known[name, identity].opened(text, signature)
        for name, identity, signature in parsed_lines(lines)
        if (name, identity) in known
    ]
    if not verified:
        raise NoteRefused("the note is signed by none of the known keys")
    return Note(text, tuple(verified))


def split_note(note: bytes) -> tuple[bytes, bytes]:
    """Text and signature lines, nothing of which is verified. Raises :class:`NoteRefused`."""
    if len(note) > MAX_NOTE_BYTES:
        raise NoteRefused(f"a note has at most {MAX_NOTE_BYTES} bytes")
    try:
        decoded = note.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteRefused("the note is not UTF-8") from None
    if any(character < " " and character != "\n" for character in decoded):
        raise NoteRefused("the note has a control character")
    text, found, lines = note.rpartition(_SEPARATOR)
    if not found:
        raise NoteRefused("the note has no signatures below an empty line")
    if not lines.endswith(b"\n"):
        raise NoteRefused("the note does not end with a signature line")
    return text + b"\n", lines


def parsed_lines(lines: bytes) -> Iterator[tuple[str, bytes, bytes]]:
    """Name, key id and signature of each line. Raises :class:`NoteRefused`."""
    try:
        found = lines.decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise NoteRefused("the signature lines are not UTF-8") from None
    if len(found) > MAX_SIGNATURES:
        raise NoteRefused(f"a note has at most {MAX_SIGNATURES} signatures")
    for line in found:
        if not line.startswith(_MARK):
            raise NoteRefused("a signature line begins with an em dash and a space")
        name, _, encoded = line.removeprefix(_MARK).partition(" ")
        require_name(name)
        signature = from_base64(encoded)
        if len(signature) <= _ID_BYTES:
            raise NoteRefused(f"the signature of {name} is too short")
        yield name, signature[:_ID_BYTES], signature[_ID_BYTES:]


def require_name(name: str) -> None:
    """Raises :class:`NoteRefused` unless a key may have this name."""
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise NoteRefused("a key's name is not empty and has neither spaces nor a plus sign")


def from_base64(encoded: str) -> bytes:
    """RFC 4648, section 4, in canonical form only. Raises :class:`NoteRefused`."""
    try:
        decoded = binascii.a2b_base64(encoded.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise NoteRefused("not base64") from None
    if b64encode(decoded).decode() != encoded:
        raise NoteRefused("not the canonical base64 of what it says")
    return decoded
