"""The vault: keys that open sealed personal data, kept apart from the log.

Each person has a key of 256 bits, wrapped (RFC 3394) under a master key that lives in a file of
its own. Person ids and account references are keyed hashes under a secret of the vault, so that
the same person or account is recognized again by the operator and by nobody else. Destroying a
person's key leaves every byte of the log as it was and makes the person's data unreadable.
"""

import base64
import hashlib
import hmac
import os
import sqlite3
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap,
    aes_key_wrap,
)

from ledger.domain.events.envelope import Sealed
from ledger.randomness import Randomness
from ledger.store.errors import SealBroken, VaultKeyMissing
from ledger.store.making import making
from ledger.store.sqlite import translated
from ledger.store.store import Conflict

KEY_BYTES = 32
NONCE_BYTES = 12
_SECRET = "identity-secret"
_MASTER = "master.key"


class Vault:
    """Seals, opens and recognizes. New keys are durable only after :meth:`flush`.

    The order that keeps data readable: draw keys, flush, and only then store the events sealed
    under them. A key whose event was never stored is found again by the next attempt.
    """

    def __init__(self, folder: Path, randomness: Randomness, *, create: bool = False) -> None:
        self._randomness = randomness
        self._path = folder / "vault.db"
        if not create and not self._path.exists():
            raise VaultKeyMissing(what=self._path.name)  # nothing but a backup brings it back
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._keys: dict[str, bytes] = {}
        self._unflushed: dict[str, bytes] = {}
        with making(folder) if create else nullcontext():
            if not create:
                self._master = _master_key(folder)
            with translated(self._path):
                self._db = sqlite3.connect(self._path, isolation_level=None, timeout=30)
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
                self._db.execute(
                    "CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, "
                    "wrapped BLOB NOT NULL) WITHOUT ROWID"
                )
            if create:
                self._master = self._first_keys(folder)
        self._secret = self._key(_SECRET, create=False)

    def _first_keys(self, folder: Path) -> bytes:
        """The master key, with the secret under it; both drawn where there are none.

        While nobody else makes the vault: each would put its own master key in the place of the
        one that wraps the secret. Raises :class:`VaultKeyMissing` where a secret is and no master
        key: nothing makes that anew.
        """
        with translated(self._path):
            found = self._db.execute("SELECT 1 FROM keys WHERE name=?", (_SECRET,)).fetchone()
            if found is None:
                _draw_master_key(folder, self._randomness)
            master = _master_key(folder)
            if found is None:
                secret = self._randomness.draw(KEY_BYTES, f"key {_SECRET}")
                row = _SECRET, aes_key_wrap(master, secret)
                self._db.execute("INSERT INTO keys VALUES (?,?)", row)
        return master

    def person_id(self, id_number: str) -> str:
        """The person's stream id: ``person-`` and 32 hexadecimal digits of a keyed hash."""
        return "person-" + self.keyed_digest("person", id_number)[:32]

    def account_ref(self, account: str) -> str:
        """A reference that is equal for equal account numbers."""
        return "account-" + self.keyed_digest("account", account)[:16]

    def keyed_digest(self, purpose: str, text: str | bytes) -> str:
        """HMAC-SHA256 in hexadecimal under the vault's secret, apart for each purpose."""
        content = text.encode() if isinstance(text, str) else text
        return hmac.digest(self._secret, purpose.encode() + b"\0" + content, "sha256").hex()

    def seal(self, key: str, event_id: str, fields: dict[str, Any]) -> Sealed:
        """Seal ``fields`` under the key named ``key`` (a person's or case's id) for one event."""
        nonce = self._randomness.draw(NONCE_BYTES, f"nonce {key} {event_id}")
        text = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
        box = nonce + AESGCM(self._key(key, create=True)).encrypt(nonce, text, event_id.encode())
        return Sealed(box=base64.b64encode(box).decode(), key=key)

    def open(self, sealed: Sealed, event_id: str) -> dict[str, Any]:
        """The fields; VaultKeyMissing after erasure, SealBroken if the event was altered."""
        box = base64.b64decode(sealed.box)
        try:
            text = AESGCM(self._key(sealed.key, create=False)).decrypt(
                box[:NONCE_BYTES], box[NONCE_BYTES:], event_id.encode()
            )
        except InvalidTag as error:
            raise SealBroken(what=event_id) from error
        fields: dict[str, Any] = orjson.loads(text)
        return fields

    def matches(self, sealed: Sealed, event_id: str, **fields: str) -> bool:
        """Whether the sealed fields are those the caller already holds.

        Recognizing, as for person ids and accounts: the answer is yes or no and nothing sealed
        leaves the vault. Raises as :meth:`open` does.
        """
        found = self.open(sealed, event_id)
        return all(found.get(name) == text for name, text in fields.items())

    def flush(self) -> None:
        """Make the keys drawn since the last flush durable, all in one transaction.

        Raises Conflict when another process was faster to draw one of them: what was sealed under
        ours can't be stored.
        """
        if not self._unflushed:
            return
        rows = [(n, aes_key_wrap(self._master, k)) for n, k in self._unflushed.items()]
        with translated(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT INTO keys VALUES (?,?)", rows)
                self._db.execute("COMMIT")
            except sqlite3.IntegrityError as error:  # another process drew one of these keys
                self._roll_back()
                raise Conflict([]) from error
            except sqlite3.Error:
                self._roll_back()
                raise
        self._unflushed.clear()

    def _roll_back(self) -> None:
        """Leave the transaction, unless SQLite did so itself, and forget the keys drawn."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self.discard()

    def discard(self) -> None:
        """Forget the keys drawn since the last flush: nothing sealed under them is kept."""
        for name in self._unflushed:
            self._keys.pop(name, None)
        self._unflushed.clear()

    def _key(self, name: str, *, create: bool) -> bytes:
        key = self._keys.get(name)
        if key is not None:
            return key
        with translated(self._path):
            row = self._db.execute("SELECT wrapped FROM keys WHERE name=?", (name,)).fetchone()
        if row is not None:
            try:
                key = aes_key_unwrap(self._master, row[0])
            except InvalidUnwrap as error:
                raise VaultKeyMissing(what=_MASTER) from error
        elif create:
            key = self._randomness.draw(KEY_BYTES, f"key {name}")
            self._unflushed[name] = key
        else:
            raise VaultKeyMissing(what=name)
        if len(self._keys) > 200_000:
            self._keys = dict(self._unflushed)
        self._keys[name] = key
        return key

    def close(self) -> None:
        self._db.close()


def _draw_master_key(folder: Path, randomness: Randomness) -> None:
    """The master key's file, if it is not there: 64 hexadecimal digits and their check, readable
    by its owner only."""
    path = folder / _MASTER
    if path.exists():
        return
    key = randomness.draw(KEY_BYTES, "master key")
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{key.hex()} {hashlib.sha256(key).hexdigest()[:8]}\n")
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)


def _master_key(folder: Path) -> bytes:
    """Raises :class:`VaultKeyMissing` without the file, or where it is not as it was written."""
    try:
        parts = (folder / _MASTER).read_text("ascii").split()
        key = bytes.fromhex(parts[0])
        intact = hashlib.sha256(key).hexdigest()[:8] == parts[1] and len(key) == KEY_BYTES
    except (OSError, ValueError, IndexError):
        intact = False
    if not intact:
        raise VaultKeyMissing(what=_MASTER)
    return key
