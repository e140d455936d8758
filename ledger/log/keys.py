"""The secret keys of logs and witnesses: Ed25519, each in a file that only its owner can read.

A file holds one line, as golang.org/x/mod/sumdb/note writes signer keys:
``PRIVATE+KEY+<name>+<id>+<base64 of type and seed>``. Which of the log's keys is in use is not said
by the files but by the log's own events.
"""

import os
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.log.errors import LogKeyExists, LogKeyExposed, LogKeyInvalid, LogKeyMissing
from ledger.randomness import Randomness
from ledger.store.errors import StoreFull
from ledger.verify.note import (
    COSIGNATURE,
    NoteRefused,
    VerifierKey,
    cosigned_message,
    from_base64,
    signature_line,
)

SEED_BYTES = 32
_PREFIX = "PRIVATE+KEY+"
_OTHERS = 0o077
_TIME_BYTES = 8


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret key under the name it signs with."""

    verifier: VerifierKey
    _seed: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, algorithm: int, seed: bytes) -> "SigningKey":
        """Raises :class:`~ledger.verify.note.NoteRefused` for a name that no key may have."""
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        return cls(VerifierKey.of(name, algorithm, public), seed)

    def sign(self, text: bytes) -> bytes:
        """The signature line of a log below this text."""
        assert self.verifier.algorithm != COSIGNATURE, "a witness does not sign as a log"
        return signature_line(self.verifier, self._secret.sign(text))

    def cosign(self, text: bytes, time: int) -> bytes:
        """The line of a witness at ``time`` (seconds since 1970): C2SP tlog-cosignature."""
        assert self.verifier.algorithm == COSIGNATURE, "a log does not sign as a witness"
        signed = self._secret.sign(cosigned_message(time, text))
        return signature_line(self.verifier, time.to_bytes(_TIME_BYTES, "big") + signed)

    @property
    def _secret(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._seed)

    def written(self) -> str:
        """The line of its file: whoever has it signs as this key."""
        key = self.verifier
        material = b64encode(bytes([key.algorithm]) + self._seed).decode()
        return f"{_PREFIX}{key.name}+{key.id.hex()}+{material}"

    @classmethod
    def parse(cls, line: str) -> "SigningKey":
        """Raises :class:`~ledger.verify.note.NoteRefused`."""
        parts = line.removeprefix(_PREFIX).split("+", 2)
        if not line.startswith(_PREFIX) or len(parts) != 3:
            raise NoteRefused("not a signer key")
        name, said, encoded = parts
        material = from_base64(encoded)
        if len(material) != 1 + SEED_BYTES:
            raise NoteRefused("a signer key has 33 bytes")
        key = cls.of(name, material[0], material[1:])
        if key.verifier.id.hex() != said:
            raise NoteRefused("the id is that of another key")
        return key


class KeyFolder:
    """Secret keys in files of one folder, by their ids."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def generate(self, name: str, algorithm: int, randomness: Randomness) -> SigningKey:
        """Draw a key and write it durably. Raises :class:`StoreFull`."""
        purpose = f"signing key {name} {algorithm} {len(self._files())}"
        key = SigningKey.of(name, algorithm, randomness.draw(SEED_BYTES, purpose))
        self.write(key)
        return key

    def write(self, key: SigningKey) -> None:
        """Raises :class:`LogKeyExists`, :class:`StoreFull`."""
        file = self._file(key.verifier)
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(key.written() + "\n")
                out.flush()
                os.fsync(out.fileno())
            sync_folder(self.path)
        except FileExistsError:
            raise LogKeyExists(id=key.verifier.id.hex()) from None
        except OSError as error:
            raise StoreFull(reason=error.strerror) from error

    def load(self, verifier: VerifierKey) -> SigningKey:
        """The secret half of a key.

        Raises :class:`LogKeyMissing`, :class:`LogKeyExposed`, :class:`LogKeyInvalid`.
        """
        key = self._read(self._file(verifier))
        if key is None:
            raise LogKeyMissing(id=verifier.id.hex())
        if key.verifier != verifier:
            raise LogKeyInvalid(file=self._file(verifier).name, reason="another key")
        return key

    def at_hand(self, verifiers: Sequence[VerifierKey]) -> list[SigningKey]:
        """Those whose files are there, in the order given."""
        return [self.load(v) for v in verifiers if self._file(v).exists()]

    def _read(self, file: Path) -> SigningKey | None:
        try:
            with file.open(encoding="utf-8") as opened:
                if os.fstat(opened.fileno()).st_mode & _OTHERS:
                    raise LogKeyExposed(file=file.name)
                return SigningKey.parse(opened.read().removesuffix("\n"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LogKeyInvalid(file=file.name, reason=error.strerror) from error
        except (NoteRefused, UnicodeDecodeError) as error:
            raise LogKeyInvalid(file=file.name, reason=str(error)) from None

    def _files(self) -> list[Path]:
        return sorted(self.path.glob("*.key"))

    def _file(self, verifier: VerifierKey) -> Path:
        return self.path / f"{verifier.id.hex()}.key"


def sync_folder(path: Path) -> None:
    """What was made or renamed in a folder outlasts a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
