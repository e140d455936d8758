"""Keys and notes for tests, made without the signer under test."""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.log.cosigning import WitnessUnavailable
from ledger.verify.checkpoint import Checkpoint
from ledger.verify.note import (
    COSIGNATURE,
    LOG_SIGNATURE,
    VerifierKey,
    cosigned_message,
    signature_line,
)
from ops.witness.client import HttpWitness
from ops.witness.office import Witness


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


class NearbyWitness(HttpWitness):
    """A witness that is asked without a server in between; ``away`` while it does not answer."""

    def __init__(self, office: Witness) -> None:
        super().__init__(office.key, "http://nearby")
        self.office = office
        self.away = False
        self.asked = 0

    def _answer(self, request: bytes) -> tuple[int, str, bytes]:
        self.asked += 1
        if self.away:
            raise WitnessUnavailable("away")
        answer = self.office.add_checkpoint(request)
        return answer.status, answer.type.partition(";")[0], answer.body
