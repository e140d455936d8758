"""The witness's decision: C2SP tlog-witness, ``add-checkpoint``, with its status codes.

A head is cosigned if a key that is known for its log signed it and it continues the head that was
cosigned last. What is cosigned is durable before the cosignature leaves. Times of a log's
cosignatures never fall, whatever the clock does.
"""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ledger.log.keys import KeyFolder, SigningKey
from ledger.randomness import Randomness
from ledger.verify.checkpoint import Checkpoint, parse_size
from ledger.verify.merkle import HASH_BYTES, ProofRefused, verify_consistency
from ledger.verify.note import (
    COSIGNATURE,
    LOG_SIGNATURE,
    NoteRefused,
    VerifierKey,
    from_base64,
    open_note,
    parsed_lines,
    split_note,
)
from ops.files import FileUnusable, write_text
from ops.witness.errors import WitnessDamaged, WitnessExists, WitnessMissing, WitnessUntrusting
from ops.witness.memory import Held, Memory

MAX_PROOF = 63
"""Lines of a proof, by the specification."""
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"

OK = 200
STATUSES = (OK, 400, 403, 404, 409, 413, 422, 500)
"""All that it answers with; 413 and 500 are the server's."""

_EMPTY_ROOT = sha256(b"").digest()
_DESCRIPTION = "witness.json"


class Request(NamedTuple):
    """A request as it was read: nothing in it is verified."""

    old_size: int
    proof: list[bytes]
    note: bytes
    text: bytes
    checkpoint: Checkpoint


class Answer(NamedTuple):
    """What goes back over HTTP."""

    status: int
    body: bytes
    type: str = TEXT_TYPE


class Witness:
    """One witness: a folder with its key and its memory. Safe for threads and processes."""

    def __init__(
        self,
        key: SigningKey,
        memory: Memory,
        *,
        clock: Callable[[], float] = time.time,
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``step`` is told before each step that lasts, for tests that stop there."""
        self._key, self.memory, self._clock, self._step = key, memory, clock, step

    @classmethod
    def create(cls, folder: Path, name: str, randomness: Randomness) -> "Witness":
        """Make a witness; its description is written last, so that it is whole or not there.

        Raises :class:`WitnessExists`, :class:`WitnessUntrusting` for a name that it can't have,
        FileUnusable.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise FileUnusable(file=str(folder), reason=error.strerror) from error
        if (folder / _DESCRIPTION).exists():
            raise WitnessExists(folder=folder, name=cls.open(folder).key.name)
        try:
            key = KeyFolder(folder).generate(name, COSIGNATURE, randomness)
        except NoteRefused as error:
            raise WitnessUntrusting(reason=str(error)) from None
        memory = Memory(folder / "witness.db")
        memory.create()
        described = {"format": 1, "vkey": str(key.verifier)}
        write_text(folder / _DESCRIPTION, json.dumps(described) + "\n")
        return cls(key, memory)

    @classmethod
    def open(cls, folder: Path) -> "Witness":
        """Raises :class:`WitnessMissing`, :class:`WitnessDamaged`, FileUnusable, and what its key
        file raises."""
        try:
            described = json.loads((folder / _DESCRIPTION).read_text("utf-8"))
            verifier = VerifierKey.parse(str(described["vkey"]))
        except (FileNotFoundError, NotADirectoryError):
            raise WitnessMissing(folder=folder) from None
        except OSError as error:
            raise FileUnusable(file=str(folder), reason=error.strerror) from error
        except (ValueError, KeyError, TypeError, NoteRefused) as error:
            raise WitnessDamaged(reason=f"{_DESCRIPTION}: {error}") from error
        if not (folder / "witness.db").exists():
            raise WitnessDamaged(reason="witness.db")
        return cls(KeyFolder(folder).load(verifier), Memory(folder / "witness.db"))

    @property
    def key(self) -> VerifierKey:
        return self._key.verifier

    def trust(self, vkey: str) -> VerifierKey:
        """Cosign the log that bears the key's name. Raises :class:`WitnessUntrusting`."""
        try:
            key = VerifierKey.parse(vkey)
        except NoteRefused as error:
            raise WitnessUntrusting(reason=str(error)) from None
        if key.algorithm != LOG_SIGNATURE:
            raise WitnessUntrusting(reason="not the key of a log")
        if key.public == self.key.public:
            raise WitnessUntrusting(reason="this witness's own key")
        self.memory.trust(key)
        return key

    def distrust(self, vkey: str) -> VerifierKey:
        """Know a log by this key no longer; the head that is held stays.

        Raises :class:`WitnessUntrusting` for a key that was not trusted.
        """
        try:
            key = VerifierKey.parse(vkey)
        except NoteRefused as error:
            raise WitnessUntrusting(reason=str(error)) from None
        if not self.memory.distrust(key):
            raise WitnessUntrusting(reason="it was not trusted")
        return key

    def add_checkpoint(self, body: bytes) -> Answer:
        """C2SP tlog-witness. Raises :class:`WitnessDamaged`: then nothing was cosigned."""
        try:
            request = read_request(body)
        except NoteRefused as error:
            return _refusal(400, str(error))
        checkpoint = request.checkpoint
        known = self.memory.known_keys(checkpoint.origin)
        if not known:
            return _refusal(404, "this log is not known here")
        try:
            open_note(request.note, known)
        except NoteRefused as error:
            return _refusal(403, str(error))
        if request.old_size > checkpoint.size:
            return _refusal(400, "the old size is greater than the checkpoint's")
        self._step("verified")
        with self.memory.replacing(checkpoint.origin) as replacing:
            held = replacing.held()
            if request.old_size != (held.size if held else 0):
                return Answer(409, b"%d\n" % (held.size if held else 0), SIZE_TYPE)
            try:
                _require_continued(request, held)
            except ProofRefused as error:
                return _refusal(422, str(error))
            time = max(int(self._clock()), held.time if held else 1)
            line = self._key.cosign(request.text, time)
            self._step("signed")
            note = request.text + b"\n" + _log_lines(request.note, known) + line
            replacing.put(Held(checkpoint.origin, checkpoint.size, checkpoint.root, note, time))
            self._step("put")
        self._step("stored")
        return Answer(OK, line)


def read_request(body: bytes) -> Request:
    """The old size, the proof and the checkpoint, to the byte. Raises :class:`NoteRefused`."""
    head, found, note = body.partition(b"\n\n")
    if not found:
        raise NoteRefused("no empty line before the checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise NoteRefused("the request's own lines are not ASCII") from None
    if not first.startswith("old "):
        raise NoteRefused("the first line is not the old size")
    old_size = parse_size(first.removeprefix("old "))
    if len(lines) > MAX_PROOF:
        raise NoteRefused(f"a proof has at most {MAX_PROOF} lines")
    proof = [from_base64(line) for line in lines]
    if any(len(line) != HASH_BYTES for line in proof):
        raise NoteRefused(f"a line of the proof is not {HASH_BYTES} bytes")
    text, signatures = split_note(note)
    for _ in parsed_lines(signatures):
        pass
    return Request(old_size, proof, note, text, Checkpoint.parse(text))


def written_request(old_size: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """As :func:`read_request` reads it."""
    lines = "".join(f"{b64encode(step).decode()}\n" for step in proof)
    return f"old {old_size}\n{lines}\n".encode() + note


def _require_continued(request: Request, held: Held | None) -> None:
    """Raises :class:`ProofRefused` unless the head continues the one that is held."""
    checkpoint = request.checkpoint
    if checkpoint.size == 0 and checkpoint.root != _EMPTY_ROOT:
        raise ProofRefused("not the head of an empty tree")
    if held is None or held.size == 0:
        if request.proof:
            raise ProofRefused("nothing is to be proven from an empty tree")
        return
    verify_consistency(held.size, checkpoint.size, held.root, checkpoint.root, request.proof)


def _log_lines(note: bytes, known: Sequence[VerifierKey]) -> bytes:
    """The log's own signature lines, which verified; what else was there is not kept."""
    return b"".join(signature.line() for signature in open_note(note, known).signatures)


def _refusal(status: int, reason: str) -> Answer:
    return Answer(status, reason.encode() + b"\n")
