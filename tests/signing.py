"""Keys and notes for tests, made without the signer under test."""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.verify.checkpoint import Checkpoint
from ledger.verify.note import (
    COSIGNATURE,
    LOG_SIGNATURE,
    VerifierKey,
    cosigned_message,
    signature_line,
)


@dataclass(frozen=True)
class TestKey:
    """A log's or a witness's key, the same for the same name and kind."""

    __test__ = False

    name: str
    algorithm: int = LOG_SIGNATURE

    @property
    def secret(self) -> Ed25519PrivateKey:
        seed = f"{self.name}/{self.algorithm}".encode().ljust(32, b".")[:32]
        return Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def verifier(self) -> VerifierKey:
        public = self.secret.public_key().public_bytes_raw()
        return VerifierKey.of(self.name, self.algorithm, public)

    def line(self, text: bytes, *, time: int = 1_500_000_000) -> bytes:
        """The signature line of a log, or of a witness at ``time``."""
        if self.algorithm == LOG_SIGNATURE:
            return signature_line(self.verifier, self.secret.sign(text))
        signed = self.secret.sign(cosigned_message(time, text))
        return signature_line(self.verifier, time.to_bytes(8, "big") + signed)


def log_key(name: str = "urn:test:log") -> TestKey:
    return TestKey(name)


def witness_key(name: str = "witness.example/w1") -> TestKey:
    return TestKey(name, COSIGNATURE)


def note(checkpoint: Checkpoint | bytes, keys: Sequence[TestKey]) -> bytes:
    """A signed note."""
    text = checkpoint if isinstance(checkpoint, bytes) else checkpoint.text()
    return text + b"\n" + b"".join(key.line(text) for key in keys)
