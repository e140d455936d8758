"""The signer: signs the head of the log, and only ever one that continues what was signed before.

The last head is kept twice: in the store, and in a file beside the keys, which a restored database
does not take back. Under the store's lock the file is written first, then the row: a signer that
is killed in between leaves a file from which the next one completes the row. Before anything new
is signed, both must be heads of this very log, and so must what the witnesses hold: the last head
is shown to them again, and one that holds a greater or another one says so. A note leaves this
module only when it is stored.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ledger.log.cosigning import Witness, WitnessUnavailable, cosign
from ledger.log.errors import (
    LogForked,
    LogKeyMissing,
    LogShortened,
    NoSuchHead,
    NoteInvalid,
    NothingToSign,
    SigningContested,
    WitnessesMissing,
)
from ledger.log.keys import KeyFolder, sync_folder
from ledger.log.merkle_log import Log
from ledger.randomness import Clock, rfc3339
from ledger.store.errors import StoreFull
from ledger.store.heads import MAX_SIZE, SignedHead
from ledger.store.store import Store
from ledger.verify.checkpoint import Checkpoint, OpenedCheckpoint, Policy, open_checkpoint
from ledger.verify.merkle import ProofRefused, verify_consistency
from ledger.verify.note import NoteRefused, VerifierKey

LAST_HEAD = "last-head"
"""The file beside the keys."""

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Signed:
    """A head of the log, and which witnesses did not answer, with the reason."""

    head: SignedHead
    missing: dict[str, str] = field(default_factory=dict)


class _Moved(Exception):
    """Another signer of this store went on meanwhile."""


class Signer:
    """Signs one log. Safe beside other signers of the same store: one of them wins."""

    def __init__(
        self,
        store: Store,
        *,
        origin: str,
        adopted: Callable[[], Sequence[VerifierKey]],
        keys: KeyFolder,
        policy: Policy,
        witnesses: Sequence[Witness],
        clock: Clock,
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``adopted`` gives the log's public keys as its events say, the one in use last.

        ``step`` is told before each step that lasts, for tests that stop there.
        """
        self._store, self._log = store, Log(store)
        self._origin, self._adopted, self._keys = origin, adopted, keys
        self.policy, self._witnesses = policy, witnesses
        self._clock, self._step = clock, step

    def sign(self, *, alone: bool = False) -> Signed:
        """The head of the log as it is now, signed, and cosigned by those witnesses that answer.

        A log that has not grown is not signed again, but shown to the witnesses again. With
        ``alone`` they are not asked. Raises :class:`NothingToSign`, :class:`LogShortened`,
        :class:`LogForked`, :class:`WitnessesMissing`, :class:`SigningContested`,
        :class:`NoteInvalid` and what :class:`~ledger.log.keys.KeyFolder` raises.
        """
        if self._log.size() == 0:
            raise NothingToSign()
        if not alone and self._witnesses:
            self._shown()
        head = self._signed(self._log.size())
        if alone:
            return Signed(self.head(head.size))
        try:
            missing = self._ask(head)
        except _Moved:  # a greater head was signed and cosigned since
            missing = {}
        return Signed(self.head(head.size), missing)

    def cosign(self) -> Signed:
        """Show the last head that was signed to the witnesses once more.

        Raises :class:`NoSuchHead`, :class:`LogShortened`, :class:`LogForked`.
        """
        for _ in range(ATTEMPTS):
            last = self._last()
            if last is None:
                raise NoSuchHead(size=0)
            try:
                missing = self._ask(last)
            except _Moved:
                continue
            return Signed(self.head(last.size), missing)
        raise SigningContested()

    def head(self, size: int) -> SignedHead:
        """A head that was signed, with its cosignatures. Raises :class:`NoSuchHead`."""
        if not 0 <= size <= MAX_SIZE:
            raise NoSuchHead(size=size)
        with self._store.heads() as heads:
            head = heads.at(size)
        if head is None:
            raise NoSuchHead(size=size)
        return head

    def opened(self, head: SignedHead) -> OpenedCheckpoint:
        """The head with its signatures verified, those of the policy's witnesses among them.

        Raises :class:`NoteInvalid`.
        """
        try:
            opened = open_checkpoint(head.cosigned, self._adopted(), self.policy.witnesses)
        except NoteRefused as error:
            raise NoteInvalid(reason=str(error)) from None
        if opened.checkpoint.origin != self._origin or opened.checkpoint.size != head.size:
            raise NoteInvalid(reason=f"{opened.checkpoint.origin} {opened.checkpoint.size}")
        return opened

    def final(self, head: SignedHead) -> bool:
        """Whether the policy's quorum has cosigned it; if not, it is pending."""
        return self.policy.final(self.opened(head))

    # --- what was signed before

    def _last(self) -> SignedHead | None:
        """The last head that was signed, checked to be one of this log."""
        for _ in range(ATTEMPTS):
            with self._store.heads() as heads:
                stored = heads.last()
            kept = self._kept()
            for head, source in ((stored, self._store.name), (kept, LAST_HEAD)):
                if head is not None:
                    self._require_mine(head, source)
            if kept is None or (stored is not None and kept.size <= stored.size):
                return stored
            if self._stored(kept, after=stored, kept=kept):
                return kept
        raise SigningContested()

    def _require_mine(self, head: SignedHead, source: str) -> None:
        checkpoint, end = self.opened(head).checkpoint, self._log.size()
        if checkpoint.size > end:
            raise LogShortened(signed=checkpoint.size, size=end, source=source)
        if self._log.tree(checkpoint.size).root() != checkpoint.root:
            raise LogForked(signed=checkpoint.size, source=source)

    def _kept(self) -> SignedHead | None:
        """The head in the file beside the keys."""
        try:
            told, _, note = (self._keys.path / LAST_HEAD).read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise NoteInvalid(reason=f"{LAST_HEAD}: {error.strerror}") from error
        size, _, signed = told.decode("ascii", "replace").partition(" ")
        if not size.isdecimal():
            raise NoteInvalid(reason=LAST_HEAD)
        return SignedHead(int(size), note, signed)

    # --- signing

    def _signed(self, size: int) -> SignedHead:
        """Sign the head of that size, unless somebody did meanwhile, or a greater one."""
        for _ in range(ATTEMPTS):
            last = self._last()
            if last is not None and last.size >= size:
                return last
            text = self._text(size, last)
            head = SignedHead(size, self._note(text), rfc3339(self._clock()))
            if self._stored(head, after=last, kept=self._kept()):
                return head
        raise SigningContested()

    def _text(self, size: int, last: SignedHead | None) -> bytes:
        """What to sign: proven to continue the last head, by the verifier's own algorithm."""
        tree = self._log.tree(size)
        root = tree.root()
        if last is not None:
            before = self.opened(last).checkpoint
            proof = tree.consistency_proof(before.size)
            try:
                verify_consistency(before.size, size, before.root, root, proof)
            except ProofRefused:
                raise LogForked(signed=before.size, source=self._store.name) from None
        return Checkpoint(self._origin, size, root).text()

    def _note(self, text: bytes) -> bytes:
        """Signed with the key in use, and with the one before while its file is still there."""
        adopted = self._adopted()
        if not adopted:
            raise LogKeyMissing(id="-")
        in_use = self._keys.load(adopted[-1])
        before = self._keys.at_hand(adopted[-2:-1])
        return text + b"\n" + b"".join(key.sign(text) for key in (in_use, *before))

    def _stored(
        self, head: SignedHead, *, after: SignedHead | None, kept: SignedHead | None
    ) -> bool:
        """Put a head durably on top of the one it was made after; False if that has moved."""
        with self._store.heads(write=True) as heads:
            last = heads.last()
            if (last and last.size) != (after and after.size) or self._kept() != kept:
                return False
            self._step("file")
            self._keep(head)
            self._step("row")
            heads.put(head)
            self._step("commit")
        self._step("signed")
        return True

    def _keep(self, head: SignedHead) -> None:
        file = self._keys.path / LAST_HEAD
        partial = file.with_suffix(".partial")
        try:
            with partial.open("wb") as out:
                out.write(f"{head.size} {head.signed}\n".encode() + head.note)
                out.flush()
                os.fsync(out.fileno())
            partial.rename(file)
            sync_folder(file.parent)
        except OSError as error:
            raise StoreFull(reason=error.strerror) from error

    # --- witnesses

    def _shown(self) -> None:
        """See that enough witnesses hold no other head than the last, or one that it continues.

        Where nothing was signed yet they are shown the smallest head there is, which says nothing
        new. Raises :class:`WitnessesMissing` and what :meth:`_ask` raises.
        """
        for _ in range(ATTEMPTS):
            try:
                missing = self._ask(self._last() or self._signed(1))
            except _Moved:
                continue
            found, needed = len(self._witnesses) - len(missing), max(1, self.policy.k)
            if found < needed:
                reasons = "; ".join(f"{name}: {reason}" for name, reason in missing.items())
                raise WitnessesMissing(needed=needed, found=found, reasons=reasons)
            return
        raise SigningContested()

    def _ask(self, head: SignedHead) -> dict[str, str]:
        """Collect the cosignatures of a head; the witnesses that gave none, with the reason.

        Raises :class:`LogShortened`, :class:`LogForked`; :class:`_Moved` when the head is not the
        last any more, and a witness has cosigned a greater one of this store.
        """
        missing = {}
        checkpoint = self.opened(head).checkpoint
        for witness in self._witnesses:
            vkey = str(witness.key)
            with self._store.heads() as heads:
                held = heads.cosigned_by(vkey)
            tree = self._log.tree(head.size)
            try:
                line = cosign(witness, head.note, checkpoint, tree, min(held, head.size))
            except LogShortened as error:
                with self._store.heads() as heads:
                    last = heads.last()
                if last is not None and head.size < error.fields["signed"] <= last.size:
                    raise _Moved from error
                raise
            except WitnessUnavailable as error:
                missing[witness.key.name] = str(error)
                continue
            self._step("cosigned")
            with self._store.heads(write=True) as heads:
                heads.put_cosignature(head.size, vkey, line)
        return missing
