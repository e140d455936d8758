"""A bundle checked from end to end: every byte of it, against the keys and the head one holds.

Damage is told by its place before a signature that is amiss is told; but what takes long is done
only below a head that was signed as it should be. What is accepted is said in a :class:`Verified`,
with what was *not* proven beside it: without a head that was kept from before, an operator that
signs another history is not found out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from ledger.verify.checkpoint import OpenedCheckpoint, Policy, open_checkpoint
from ledger.verify.completeness import Sealed
from ledger.verify.container import Container, json_object, json_value
from ledger.verify.history import History, parsed
from ledger.verify.note import NoteRefused, VerifierKey
from ledger.verify.passed import Passed, PassedOver
from ledger.verify.proven import Completed, Presence
from ledger.verify.refusal import Refused
from ledger.verify.replay import SEALS, Replay
from ledger.verify.scope import SEAL, Scope
from ledger.verify.subset import HINT_BYTES, Runs, Stated, check_subset
from ledger.verify.sums import Sums, compare, less, less_balances, read_event

CLAIMS = "claims.json"


@dataclass(frozen=True, slots=True)
class Trust:
    """What the inspector brings: keys of the log, who has to cosign, and the head she kept.

    ``policy`` None asks for no cosignature. ``unsealed`` lets a person's bundle pass that has no
    seal and no proof of completeness, as one has from before the first seal.
    """

    log_keys: tuple[VerifierKey, ...]
    policy: Policy | None = None
    retained: bytes | None = None
    unsealed: bool = False


@dataclass(slots=True)
class Verified:
    """What a bundle proves. Amounts are fen; ``claims`` counts claimed amounts that were met.

    ``final`` is None where no policy was given; ``retained`` is the size of the head that was kept;
    ``passed`` are events that the claims leave out by officers' decisions, ``sums`` do not.
    """

    origin: str
    size: int
    root: bytes
    scope: Scope
    events: int
    first: int
    last: int
    final: bool | None = None
    retained: int | None = None
    history: tuple[int, ...] = ()
    seals: int = 0
    claims: int = 0
    passed: list[Passed] = field(default_factory=list)
    completed: list[Completed] = field(default_factory=list)
    sums: Sums = field(default_factory=Sums)


def verify_bundle(file: IO[bytes], trust: Trust) -> Verified:
    """What the bundle proves. ``file`` must be seekable. Raises :class:`Refused`."""
    if not trust.log_keys:
        raise Refused("no-log-key")
    container = Container(file)
    try:
        return _Verification(container, trust).run()
    finally:
        container.close()


class _Verification:
    """One bundle's."""

    def __init__(self, container: Container, trust: Trust) -> None:
        self._container = container
        self._trust = trust
        self._note = container.read("checkpoint")
        self._head = parsed(self._note)
        self._held = None if trust.retained is None else parsed(trust.retained)
        manifest = container.manifest
        origin, size = manifest.get("origin"), manifest.get("size")
        if origin != self._head.origin:
            raise Refused("origin", found=self._head.origin, wanted=origin)
        if type(size) is not int or size != self._head.size or size < 1:
            raise Refused("part-malformed", part="manifest.json", reason="size")
        self.scope = Scope.read(manifest.get("scope"))
        self._passed = PassedOver({})

    def run(self) -> Verified:
        """All checks, in the order in which they tell most."""
        head, scope, container = self._head, self.scope, self._container
        container.check()
        claims = json_object(container.read(CLAIMS), CLAIMS)
        self._passed = PassedOver(claims)
        runs = Runs(self._pairs("positions.json"), head.size)
        history = History.read(container.read("history.json"), head)
        made = Verified(
            head.origin, head.size, head.root, scope, len(runs), runs.at(0), runs.at(len(runs) - 1)
        )
        presence = Presence(scope.subjects)
        unsigned: Refused | None = None
        try:
            made.final = self._signatures(history)
        except Refused as refused:
            unsigned = refused
        if scope.kind == "all":
            self._whole(runs, made, history, recount=unsigned is None)
        else:
            self._some(runs, made, presence)
        made.history = history.sizes
        made.retained = self._retained(history)
        if scope.kind == "person":
            proofs = container.read("completeness.json")
            made.completed = presence.check(proofs, unsealed=self._trust.unsealed)
        if unsigned is not None:
            raise unsigned
        self._passed.check()
        made.claims = claims_met(claims, made, self._passed)
        made.passed = self._passed.listed
        return made

    def _some(self, runs: Runs, made: Verified, presence: Presence) -> None:
        """Events proven to be in the log, and on the way what they say."""

        def accept(position: int, leaf: bytes, raw: bytes) -> None:
            event = read_event(position, raw)
            if event["type"] == SEAL:
                presence.sealed(seal_of(position, event))
            elif not self.scope.holds(event) and not self._passed.allows(position, event):
                raise Refused("out-of-scope", position=position)
            self._passed.take(position, event)
            if self.scope.holds(event):
                made.sums.take(position, event)
                presence.take(event["subject"], position, leaf)

        stated = Stated(runs, self._container.read("tree.bin"), self._container.read("hints.bin"))
        events = self._container.events()
        check_subset(self._head.size, self._head.root, stated, events, accept)

    def _whole(
        self,
        runs: Runs,
        made: Verified,
        history: History,
        *,
        recount: bool,
    ) -> None:
        """Every event of the log: hashed from the first, with every head on the way.

        ``recount`` says whether the index of every seal is computed too.
        """
        size, hints = self._head.size, self._container.read("hints.bin")
        if runs.runs != ((0, size),) or len(hints) != HINT_BYTES * size:
            raise Refused("positions", reason=f"{len(runs)} / {size}")
        held = 0 if self._held is None else self._held.size
        seals = self._pairs(SEALS)
        replay = Replay(history, hints, seals if recount else None, held)
        for position, raw in enumerate(self._container.events()):
            if position == size:
                replay.broken_off(f"> {size}")
            if not replay.hash(raw):
                continue
            event = read_event(position, raw)
            seal = seal_of(position, event) if event["type"] == SEAL else None
            replay.take(event["subject"], seal)
            self._passed.take(position, event)
            made.sums.take(position, event)
            made.seals += seal is not None
        replay.end(self._head)

    def _pairs(self, name: str) -> list[tuple[int, int]]:
        """A part that is a list of pairs of integers. Raises :class:`Refused`."""
        value = json_value(self._container.read(name), name)
        if not isinstance(value, list):
            raise Refused("part-malformed", part=name, reason="[]")
        for pair in value:
            if not isinstance(pair, list) or [type(n) for n in pair] != [int, int]:
                raise Refused("part-malformed", part=name, reason=str(pair)[:40])
        return [(a, b) for a, b in value]

    def _retained(self, history: History) -> int | None:
        """The size of the head that was kept, which the bundle's is found to continue."""
        held = self._held
        if held is None:
            return None
        if held.origin != self._head.origin:
            raise Refused("origin", found=self._head.origin, wanted=held.origin)
        history.require(held)
        return held.size

    def _signatures(self, history: History) -> bool | None:
        """Every note's signatures by the given keys; whether the bundle's head is final."""
        trust = self._trust
        for note in history.notes:
            opened(note, trust)
        if trust.retained is not None:
            # What was kept rests on who kept it. Her office's witness has its own cosignature only,
            # and a quorum of others adds nothing to a head that she holds herself.
            opened(trust.retained, trust)
        return final(opened(self._note, trust), trust)


def opened(note: bytes, trust: Trust) -> OpenedCheckpoint:
    """A checkpoint that the log signed, with whatever cosignatures. Raises :class:`Refused`."""
    witnesses = () if trust.policy is None else trust.policy.witnesses
    try:
        return open_checkpoint(note, trust.log_keys, witnesses)
    except NoteRefused as error:
        raise Refused("note", reason=error) from None


def final(found: OpenedCheckpoint, trust: Trust) -> bool | None:
    """Whether the policy is met, which it has to be where there is one. Raises :class:`Refused`."""
    if trust.policy is None or not trust.policy.k:
        return None
    if not trust.policy.final(found):
        raise Refused("not-final", size=found.checkpoint.size)
    return True


def seal_of(position: int, event: dict[str, Any]) -> Sealed:
    """What a sealing event says. Raises :class:`Refused`."""
    data = event["data"]
    try:
        index = data["index"]
        root = bytes.fromhex(index["root"])
        sealed = Sealed(str(data["period"]), position, data["position"], index["subjects"], root)
        good = 0 <= sealed.position <= position and sealed.subjects >= 0
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("event-malformed", position=position, reason=repr(error)) from None
    if not good or type(sealed.position) is not int or type(sealed.subjects) is not int:
        raise Refused("event-malformed", position=position, reason="ProjectionSealed")
    return sealed


def claims_met(claims: dict[str, Any], made: Verified, passed: PassedOver) -> int:
    """How many of the claimed amounts the events yield, which all must. Raises :class:`Refused`."""
    met = 0
    unknown = set(claims) - {"balances", "disbursed_fen", "passed_over"}
    if unknown:
        raise Refused("part-malformed", part=CLAIMS, reason=min(unknown))
    balances = less_balances(made.sums.balances, passed.left_out("balances").balances)
    disbursed = less(made.sums.disbursed, passed.left_out("disbursed_fen").disbursed)
    kinds: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("balances", balances),
        ("disbursed_fen", disbursed),
    )
    for what, found in kinds:
        claimed = claims.get(what, {})
        if not isinstance(claimed, dict):
            raise Refused("part-malformed", part=CLAIMS, reason=what)
        for name, said in claimed.items():
            if what == "disbursed_fen":
                met += compare(f"{what} {name}", said, disbursed.get(name, {}))
                continue
            if not isinstance(said, dict):
                raise Refused("part-malformed", part=CLAIMS, reason=name)
            rows = balances.get(name, {})
            for program in sorted({*said, *rows}):
                met += compare(f"{name} {program}", said.get(program, {}), rows.get(program, {}))
        if claimed and set(found) - set(claimed):
            raise Refused("claim-differs", what=what, claimed="-", found=min(set(found)))
    return met
