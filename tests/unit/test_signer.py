"""The signer: what it signs, and that it never signs two histories of one log."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.log.errors import (
    LogForked,
    LogKeyExists,
    LogKeyExposed,
    LogKeyInvalid,
    LogKeyMissing,
    LogShortened,
    NoSuchHead,
    NothingToSign,
    WitnessesMissing,
)
from ledger.log.keys import KeyFolder, SigningKey
from ledger.log.merkle_log import Log
from ledger.log.signer import LAST_HEAD, Signer
from ledger.randomness import SystemRandomness
from ledger.store.sqlite import SQLiteStore
from ledger.verify.checkpoint import Policy, open_checkpoint
from ledger.verify.note import LOG_SIGNATURE, VerifierKey
from ops.witness.office import Witness
from tests.signing import NearbyWitness
from tests.store_conformance import at, people

ORIGIN = "urn:benefits-ledger:220200"
TIME = "2017-05-01T12:00:00.000000Z"


@dataclass
class Place:
    """A home as far as signing goes: a store, keys, and the witnesses it asks."""

    path: Path
    witnesses: list[NearbyWitness] = field(default_factory=list)
    k: int = 1
    adopted: list[VerifierKey] = field(default_factory=list)
    _stores: list[SQLiteStore] = field(default_factory=list)

    @property
    def keys(self) -> KeyFolder:
        return KeyFolder(self.path / "keys")

    def adopt(self) -> SigningKey:
        key = self.keys.generate(ORIGIN, LOG_SIGNATURE, SystemRandomness())
        self.adopted.append(key.verifier)
        for witness in self.witnesses:
            witness.office.trust(str(key.verifier))
        return key

    def store(self) -> SQLiteStore:
        store = SQLiteStore(self.path / "ledger.db")
        self._stores.append(store)
        return store

    def grow(self, *who: str) -> int:
        store = self.store()
        store.append(at(people(*who), TIME))
        return Log(store).size()

    def signer(self, step: Callable[[str], None] = lambda _: None) -> Signer:
        keys = tuple(w.key for w in self.witnesses)
        return Signer(
            self.store(),
            origin=ORIGIN,
            adopted=lambda: self.adopted,
            keys=self.keys,
            policy=Policy(min(self.k, len(keys)), keys),
            witnesses=self.witnesses,
            clock=lambda: datetime(2017, 5, 1, tzinfo=UTC),
            step=step,
        )

    def copy(self, to: Path) -> "Place":
        """A backup, taken while nothing is open."""
        self.close()
        shutil.copytree(self.path, to)
        return Place(to, self.witnesses, self.k, self.adopted)

    def close(self) -> None:
        for store in self._stores:
            store.close()
        self._stores.clear()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A home with a key, three events and two witnesses, of which one has to cosign."""
    offices = [
        Witness.create(tmp_path / f"w{n}", f"witness.example/w{n}", SystemRandomness())
        for n in range(2)
    ]
    made = Place(tmp_path / "home", [NearbyWitness(office) for office in offices])
    made.path.mkdir()
    made.adopt()
    made.grow("p1", "p2", "p3")
    yield made
    made.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[list[Place]]:
    """Copies that a test makes; closed at its end."""
    made: list[Place] = []
    yield made
    for each in made:
        each.close()


def sizes(place: Place) -> list[int]:
    with place.store().heads() as heads:
        return [head.size for head in heads.after(0, 100)]


def test_a_head_is_that_of_the_log_and_final_once_cosigned(place: Place) -> None:
    signed = place.signer().sign()
    assert signed.missing == {}
    witness_keys = [w.key for w in place.witnesses]
    opened = open_checkpoint(signed.head.cosigned, place.adopted, witness_keys)
    assert opened.checkpoint.origin == ORIGIN
    assert opened.checkpoint.size == 3
    assert opened.checkpoint.root == Log(place.store()).tree(3).root()
    assert opened.witnesses == {key.public for key in witness_keys}
    assert place.signer().final(signed.head)
    assert [w.office.memory.heads()[0].size for w in place.witnesses] == [3, 3]


def test_a_log_that_has_not_grown_is_not_signed_again(place: Place) -> None:
    first = place.signer().sign().head
    assert place.signer().sign().head == first
    place.grow("p4")
    assert place.signer().sign().head.size == 4
    assert sizes(place) == [1, 3, 4]


def test_an_empty_log_is_not_signed(tmp_path: Path) -> None:
    empty = Place(tmp_path / "home")
    empty.path.mkdir()
    empty.adopt()
    with pytest.raises(NothingToSign):
        empty.signer().sign()
    with pytest.raises(NoSuchHead):
        empty.signer().cosign()
    empty.close()


def test_without_witnesses_a_head_stays_pending_and_may_be_cosigned_later(place: Place) -> None:
    signer = place.signer()
    head = signer.sign(alone=True).head
    assert not signer.final(head)
    assert signer.final(signer.cosign().head)


def test_without_enough_answers_nothing_is_signed(place: Place) -> None:
    place.signer().sign()
    place.grow("p4")
    place.witnesses[0].away = True
    assert list(place.signer().sign().missing) == ["witness.example/w0"]
    place.grow("p5")
    place.witnesses[1].away = True
    with pytest.raises(WitnessesMissing, match=r"w0: away; witness\.example/w1: away"):
        place.signer().sign()
    assert sizes(place) == [1, 3, 4]
    place.witnesses[0].away = False
    assert place.signer().sign().head.size == 5


# --- old backups and forks


def test_a_restored_database_beside_newer_keys_is_refused(place: Place, tmp_path: Path) -> None:
    place.close()
    shutil.copy(place.path / "ledger.db", tmp_path / "backup.db")
    place.grow("p4")
    place.signer().sign(alone=True)
    place.close()
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (place.path / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", place.path / "ledger.db")
    with pytest.raises(LogShortened, match=LAST_HEAD):
        place.signer().sign(alone=True)
    place.grow("another", "history")
    with pytest.raises(LogForked, match=LAST_HEAD):
        place.signer().sign(alone=True)
    assert sizes(place) == []


def test_a_restored_home_is_refused_by_what_its_witnesses_hold(
    place: Place, tmp_path: Path, elsewhere: list[Place]
) -> None:
    place.signer().sign()
    backup = place.copy(tmp_path / "backup")
    elsewhere.append(backup)
    place.grow("p4")
    place.signer().sign()
    with pytest.raises(LogShortened, match=r"witness\.example/w0"):
        backup.signer().sign()
    backup.grow("another", "history")
    with pytest.raises(LogShortened, match=r"witness\.example/w0"):
        backup.signer().sign()
    assert sizes(backup) == [1, 3]


def test_a_fork_that_signed_alone_is_found_out_by_the_next_witness(
    place: Place, tmp_path: Path, elsewhere: list[Place]
) -> None:
    place.signer().sign()
    fork = place.copy(tmp_path / "fork")
    elsewhere.append(fork)
    place.grow("p4")
    place.signer().sign()
    fork.grow("another", "history")
    fork.signer().sign(alone=True)
    with pytest.raises(LogForked, match=r"witness\.example/w0"):
        fork.signer().sign()


def test_a_home_that_never_signed_asks_with_the_smallest_head(
    place: Place, tmp_path: Path, elsewhere: list[Place]
) -> None:
    """A backup from before the first signature knows of no head; the witness does."""
    backup = place.copy(tmp_path / "backup")
    elsewhere.append(backup)
    place.signer().sign()
    backup.grow("another", "history")
    with pytest.raises(LogShortened, match=r"witness\.example/w0"):
        backup.signer().sign()
    assert sizes(backup) == [1]


def test_an_event_that_was_changed_below_the_last_head_is_a_fork(place: Place) -> None:
    """Whoever rewrites events and their tiles together still meets the head that was signed."""
    place.signer().sign()
    store = place.store()
    with store._writing() as c:
        c.execute("UPDATE tiles SET hashes = zeroblob(96)")
    with pytest.raises(LogForked):
        place.signer().sign(alone=True)


# --- killed and contested


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("at_step", ["file", "row", "commit", "signed", "cosigned"])
def test_broken_off_at_any_step_the_next_signer_goes_on(place: Place, at_step: str) -> None:
    """What is broken off here in the process is killed in tests/integration/test_witness.py."""
    place.signer().sign()
    place.grow("p4")

    def killed(step: str) -> None:
        if step == at_step:
            raise _Killed

    with pytest.raises(_Killed):
        place.signer(killed).sign()
    place.grow("p5")
    signed = place.signer().sign()
    assert signed.head.size == 5
    assert place.signer().final(signed.head)
    lost = at_step in ("file", "cosigned")
    assert sizes(place) == ([1, 3, 5] if lost else [1, 3, 4, 5])


@pytest.mark.parametrize("at_step", ["file", "signed", "cosigned"])
def test_of_two_signers_one_wins_and_the_other_takes_its_head(place: Place, at_step: str) -> None:
    """The second signs a longer log in the middle of the first's work."""
    place.signer().sign()
    place.grow("p4")
    seen = []

    def meanwhile(step: str) -> None:
        if step == at_step and not seen:
            seen.append(step)
            if step == "file":  # under the lock: whoever else comes has to wait
                beside = sqlite3.connect(place.path / "ledger.db", timeout=0)
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    beside.execute("BEGIN IMMEDIATE")
                beside.close()
            else:
                place.grow("p5")
                assert place.signer().sign().head.size == 5

    first = place.signer(meanwhile).sign().head
    assert seen
    assert first.size in (4, 5)
    assert place.signer().sign().head.size == (4 if at_step == "file" else 5)
    last = place.signer().sign().head
    assert place.signer().final(last)


# --- keys


def test_keys_are_for_their_owner_alone(place: Place) -> None:
    (file,) = (place.path / "keys").glob("*.key")
    assert file.stat().st_mode & 0o777 == 0o600
    assert (place.path / "keys").stat().st_mode & 0o777 == 0o700
    key = place.keys.load(place.adopted[0])
    assert "_seed" not in repr(key)
    assert key.written() not in repr(key)
    with pytest.raises(LogKeyExists):
        place.keys.write(key)
    os.chmod(file, 0o640)
    with pytest.raises(LogKeyExposed):
        place.signer().sign()
    os.chmod(file, 0o600)
    file.write_text("PRIVATE+KEY+" + "x" * 40)
    with pytest.raises(LogKeyInvalid):
        place.signer().sign()
    file.unlink()
    with pytest.raises(LogKeyMissing):
        place.signer().sign()


def test_a_signer_key_is_written_as_go_writes_it() -> None:
    """The key pair of golang.org/x/mod/sumdb/note's own tests."""
    line = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    key = SigningKey.parse(line)
    assert key.written() == line
    assert str(key.verifier) == (
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    )


def test_a_new_key_signs_beside_the_old_one_while_that_is_at_hand(place: Place) -> None:
    old = place.adopted[0]
    place.signer().sign()
    place.adopt()
    place.grow("p4")
    head = place.signer().sign().head
    for key in place.adopted:
        assert len(open_checkpoint(head.note, [key]).log_signatures) == 1
    (place.path / "keys" / f"{old.id.hex()}.key").unlink()
    place.grow("p5")
    head = place.signer().sign().head
    assert len(open_checkpoint(head.note, place.adopted).log_signatures) == 1
