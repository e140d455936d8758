"""Vaults being made: by several at once, again after a kill, never anew over what is lost."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from ledger.randomness import SystemRandomness
from ledger.store.errors import VaultKeyMissing
from ledger.vault import Vault

MAKERS = 4


def made(folder: Path, *, create: bool = True) -> str:
    """What a vault makes of a text: equal for equal secrets."""
    with closing(Vault(folder, SystemRandomness(), create=create)) as vault:
        return vault.keyed_digest("test", "text")


@pytest.mark.parametrize("attempt", range(8))
def test_several_that_make_a_vault_at_once_make_the_same(tmp_path: Path, attempt: int) -> None:
    together = Barrier(MAKERS)

    def maker(_: int) -> str:
        together.wait()
        return made(tmp_path)

    with ThreadPoolExecutor(MAKERS) as threads:
        found = set(threads.map(maker, range(MAKERS)))
    assert found == {made(tmp_path, create=False)}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["master.key", "vault.db"]


def test_a_vault_whose_maker_died_before_its_secret_is_made_by_the_next(tmp_path: Path) -> None:
    made(tmp_path)
    with closing(sqlite3.connect(tmp_path / "vault.db", isolation_level=None)) as keys:
        keys.execute("DELETE FROM keys")
    master = (tmp_path / "master.key").read_bytes()
    assert made(tmp_path) == made(tmp_path, create=False)
    assert (tmp_path / "master.key").read_bytes() == master


def test_no_other_master_key_is_drawn_for_a_secret_that_is_there(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "master.key").unlink()
    for create in (True, False):
        with pytest.raises(VaultKeyMissing):
            made(tmp_path, create=create)
    assert not (tmp_path / "master.key").exists()
