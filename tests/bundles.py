"""Bundles for tests: a log in memory, keys that sign for it, and what an attacker would write.

    told = city()                      # some people's months, one household, a seal
    held = told.checkpoint(40)         # the head that an inspector keeps, cosigned
    raw = told.bundle(person("p1"))    # a bundle of one person, as bytes
    check(raw, trust(retained=held))   # what the verifier says

An attacker takes a bundle apart into its parts and puts it together again with sizes and digests
that fit (:func:`parts_of`, :func:`packed`), or tells another history under keys of its own.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256

import pytest

from ledger.domain.events.seal import ProjectionSealed, SealedIndex
from ledger.log.bundle import Contents, write_bundle
from ledger.log.completeness import Chains
from ledger.log.feed import Record
from ledger.log.keys import SigningKey
from ledger.log.tree import Growth, Tree
from ledger.verify.bundle import Trust, Verified, verify_bundle
from ledger.verify.checkpoint import Checkpoint, Policy
from ledger.verify.container import MANIFEST
from ledger.verify.merkle import leaf_hash
from ledger.verify.note import COSIGNATURE, LOG_SIGNATURE
from ledger.verify.refusal import Refused
from ledger.verify.scope import Scope
from tests.histories import CITY, History, history

ORIGIN = "urn:benefits-ledger:220200"
WITNESS = "inspection.example/witness"
SIGNED_AT = 1_500_000_000

EVENTS = "events/00000.ndjson"
"""The part of a bundle with its events, or the first of them."""
SEALED = "ProjectionSealed"


Signer = SigningKey


def _signer(name: str, algorithm: int, seed: int) -> Signer:
    return SigningKey.of(name, algorithm, bytes([seed]) * 32)


OPERATOR = _signer(ORIGIN, LOG_SIGNATURE, 1)
INSPECTION = _signer(WITNESS, COSIGNATURE, 2)
STRANGER = _signer(ORIGIN, LOG_SIGNATURE, 3)
STRANGE_WITNESS = _signer(WITNESS, COSIGNATURE, 4)


def note(text: bytes, *signers: Signer) -> bytes:
    """A text with the signatures of these."""
    lines = [
        signer.cosign(text, SIGNED_AT)
        if signer.verifier.algorithm == COSIGNATURE
        else signer.sign(text)
        for signer in signers
    ]
    return text + b"\n" + b"".join(lines)


def trust(*, retained: bytes | None = None, cosigned: bool = True, unsealed: bool = False) -> Trust:
    """An inspector's: the operator's key, her own witness, the head that she kept."""
    policy = Policy(1, (INSPECTION.verifier,)) if cosigned else None
    return Trust((OPERATOR.verifier,), policy, retained, unsealed)


def check(raw: bytes, trusted: Trust) -> Verified:
    """What the verifier says of a bundle's bytes."""
    return verify_bundle(io.BytesIO(raw), trusted)


class MemoryLog:
    """A log of records in memory, as a bundle is written from; the head it had at any size."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = list(records)
        growth = Growth(0, [])
        growth.extend([leaf_hash(raw) for _, raw in records])
        self._tiles = {(tile.level, tile.number): hashes for tile, hashes in growth.changed()}

    def tile(self, level: int, number: int) -> bytes:
        return self._tiles[level, number]

    def size(self) -> int:
        return len(self.records)

    def tree(self, size: int | None = None) -> Tree:
        return Tree(self, len(self.records) if size is None else size)

    def entries(self, start: int, stop: int | None = None) -> Iterator[Sequence[Record]]:
        yield self.records[start:stop]

    def checkpoint(self, size: int | None = None, *signers: Signer, origin: str = ORIGIN) -> bytes:
        """The signed head of the first ``size`` events; by the operator and her witness."""
        tree = self.tree(size)
        text = Checkpoint(origin, tree.size, tree.root()).text()
        return note(text, *(signers or (OPERATOR, INSPECTION)))

    def bundle(
        self,
        scope: Scope,
        *,
        checkpoint: bytes | None = None,
        earlier: Sequence[bytes] = (),
        claims: Mapping[str, object] | None = None,
        unsealed: bool = False,
    ) -> bytes:
        """A bundle as the operator writes it."""
        out = io.BytesIO()
        contents = Contents(
            scope,
            checkpoint or self.checkpoint(),
            earlier,
            {"catalog/x.toml": b""},
            claims or {},
            unsealed,
        )
        write_bundle(out, self, contents)  # type: ignore[arg-type]
        return out.getvalue()


def sealed(told: History, period: str = "2017-03") -> History:
    """Seal everything told so far."""
    chains = Chains()
    chains.take(told.records)
    index = chains.index()
    content = ProjectionSealed(
        period=period,
        position=len(told.records),
        index=SealedIndex(subjects=len(index), root=index.root.hex()),
        views={},
    )
    return told.event(content, f"seal-{period}", subject=f"seal-{period}", division=CITY)


def told_city() -> History:
    """Three people of two households, some months, a seal, and a month after it."""
    told = history().program().rule("2016-01-01").fund(9_000_000)
    for who in ("p1", "p2", "p3"):
        told.person(who).low_income(who).applied(who).approved(who)
    told.poor("h1", "p1", "p2").poor("h2", "p3")
    for month in ("2017-01", "2017-02"):
        for who in ("p1", "p2", "p3"):
            told.granted(who, month).settled(who, month)
    told.returned("p2", "2017-02", late=True).overpaid("p3", "2017-02")
    sealed(told)
    return told.granted("p1", "2017-03").settled("p1", "2017-03")


def city() -> MemoryLog:
    """The log of :func:`told_city`."""
    return MemoryLog(told_city().records)


def person(who: str, *households: str) -> Scope:
    """One person with its households."""
    return Scope("person", who, (who, *households))


WHOLE = Scope("all", "")


def parts_of(raw: bytes) -> dict[str, bytes]:
    """A bundle taken apart, without its manifest's sizes and digests."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Mapping[str, bytes], **manifest: object) -> bytes:
    """Parts put together as an attacker would, so that sizes and digests fit."""
    said = json.loads(parts[MANIFEST]) | manifest
    said["parts"] = {
        name: {"bytes": len(raw), "sha256": sha256(raw).hexdigest()}
        for name, raw in parts.items()
        if name != MANIFEST
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, raw in (parts | {MANIFEST: json.dumps(said).encode()}).items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, raw)
    return out.getvalue()


def refusal(raw: bytes, **trusted: object) -> Refused:
    """What the verifier refuses the bundle with."""
    with pytest.raises(Refused) as refused:
        check(raw, trust(**trusted))  # type: ignore[arg-type]
    return refused.value


def changed(raw: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """A bundle with one part changed, and sizes and digests that fit."""
    parts = parts_of(raw)
    return packed(parts | {part: change(parts[part])})


def line(number: int, old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Other bytes in one line of a part."""

    def change(raw: bytes) -> bytes:
        told = raw.splitlines(keepends=True)
        assert old in told[number]
        told[number] = told[number].replace(old, new)
        return b"".join(told)

    return change
