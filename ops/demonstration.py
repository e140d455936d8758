"""The demonstration's last part: the year sealed, the log's head signed and cosigned, and what an
inspector does with the bundle of one person.

The witness is a second office as far as one machine can have it: a folder and a key of its own,
asked over HTTP on a loopback address for as long as the signing takes. Everything here may be done
again: what is recorded stays, and a log that has not grown is not signed anew.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from ledger.commands.log_key import AdoptLogKey
from ledger.commands.seal import SealPeriod
from ledger.domain.city_time import day_at
from ledger.domain.errors import NotFound
from ledger.domain.events.seal import ProjectionSealed
from ledger.domain.seal import SEAL, seal_id
from ledger.log.bundle import Contents, recomputed_index, write_bundle
from ledger.log.completeness import SubjectIndex
from ledger.log.signer import Signed
from ledger.randomness import SystemRandomness, system_clock
from ledger.verify.bundle import Trust, Verified, verify_bundle
from ledger.verify.checkpoint import Policy
from ledger.verify.note import LOG_SIGNATURE
from ledger.work import Context
from ops.bundling import claims, documents, earlier_heads, kept_index, person_scope
from ops.files import write_text, write_whole
from ops.home import POLICY, Home
from ops.sealing import index_file
from ops.witness.client import HttpWitness
from ops.witness.errors import WitnessMissing
from ops.witness.office import Witness
from ops.witness.server import WitnessServer
from projections.engine import Progress
from projections.sealing import Amounted

FOLDER = "inspection"
"""The second office's, in the home only so that whoever removes the home removes both."""
NAME = "inspection.example/demo"
BUNDLE = "bundle.zip"


def sealed_year(home: Home, year: int) -> ProjectionSealed | None:
    """What was sealed of a year, if it was."""
    return home.ledger().state(SEAL, seal_id(str(year))).sealed


def record_seal(home: Home, found: Amounted) -> None:
    """Record what the log amounted to, and keep its index. Raises :class:`SealDiffers`."""
    content = found.content
    found.index.write(index_file(home, content.position))
    key = f"demo/seal/{content.period}"
    home.ledger().execute(SealPeriod(content=content), _officer(home, "auditor"), key=key)


def require_key(home: Home) -> None:
    """A key that signs the log's heads, made where the log has none."""
    if not home.log_keys():
        made = home.keys.generate(home.origin, LOG_SIGNATURE, SystemRandomness())
        command = AdoptLogKey(vkey=str(made.verifier))
        home.ledger().execute(command, _officer(home, "operator"), key="demo/key")


def _officer(home: Home, role: str) -> Context:
    day = day_at(system_clock())
    return Context(actor=f"{role}-1", role=role, division=home.info.operator, effective=day)


def inspection(home: Home) -> Witness:
    """The second office's witness, which knows every key of the log."""
    folder = home.path / FOLDER
    try:
        witness = Witness.open(folder)
    except WitnessMissing:
        witness = Witness.create(folder, NAME, SystemRandomness())
    for key in home.log_keys():
        witness.trust(str(key))
    return witness


def signed(home: Home, witness: Witness) -> Signed:
    """The log's head, signed, and cosigned by the witness, which serves as long as this takes.

    The policy names it without an address: nobody answers there afterwards. Raises what
    :meth:`~ledger.log.signer.Signer.sign` raises.
    """
    policy = home.policy
    if witness.key.public not in {key.public for key in policy.witnesses}:
        named = (*policy.witnesses, witness.key)
        made = replace(policy, k=max(policy.k, 1), witnesses=named, logs=home.log_keys())
        write_text(home.path / POLICY, made.text())
    server = WitnessServer(witness)
    server.start()
    try:
        return home.signer(witnesses=[HttpWitness(witness.key, server.url)]).sign()
    finally:
        server.stop()


@dataclass(frozen=True, slots=True)
class Inspected:
    """A person's bundle, and what an inspector finds in it with nothing but her own."""

    file: Path
    person: str
    bytes: int
    verified: Verified


def inspected(
    home: Home, note: bytes, sealed: ProjectionSealed, witness: Witness, progress: Progress
) -> Inspected:
    """Write the bundle of the person with the most events, and verify it.

    What is relied on is pinned: the keys of the log and of the witness, and the head that the
    witness's own memory holds. Raises :class:`~ledger.verify.refusal.Refused`.
    """
    root = bytes.fromhex(sealed.index.root)
    index = kept_index(home, sealed.position, root) or recomputed_index(home.log, sealed.position)
    person = most_told(index)
    scope = person_scope(home.projector, person)
    earlier = earlier_heads(home, note)
    contents = Contents(scope, note, earlier, documents(home), claims(home, scope, note))
    file = home.path / FOLDER / BUNDLE
    write_whole(
        file,
        0o600,
        lambda out: write_bundle(
            out, home.log, contents, indexes=lambda _, asked: index, progress=progress
        ),
    )
    (held,) = (head for head in witness.memory.heads() if head.origin == home.origin)
    trust = Trust(home.log_keys(), Policy(1, (witness.key,)), held.note)
    with file.open("rb") as opened:
        return Inspected(file, person, file.stat().st_size, verify_bundle(opened, trust))


def most_told(index: SubjectIndex) -> str:
    """The person with the most events of all subjects sealed. Raises :class:`NotFound`."""
    most, found = 0, ""
    for leaf in index.leaves:
        said = orjson.loads(leaf)
        if said["events"] > most and said["subject"].startswith("person-"):
            most, found = said["events"], said["subject"]
    if not found:
        raise NotFound(what="person")
    return found
