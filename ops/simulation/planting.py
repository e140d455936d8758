"""Planting: findings that are known beforehand, so that an audit can be held to them.

After the ordinary year's course a legacy import brings a known number of each finding, on people
and households of its own. What was planted is written beside the log, never into it, as is the
register of officers that an inspection office would keep. Deterministic, and done once.
"""

import hashlib
from pathlib import Path

import msgspec

from ledger.store.store import CommandRecord
from ops.home import Home
from ops.simulation.plants import THEMES, Legacy, Planted

KEY = "planting"


def plant(home: Home) -> list[Planted]:
    """Write the import, unless it was written before; what an audit must find of it."""
    assert home.info.year is not None
    told = Legacy(home, home.info.year + 1, dict(home.programs))
    for theme in THEMES:
        theme(told)
    if home.store.command(KEY) is None:
        events = told.events()
        digest = hashlib.sha256(b"".join(e.state for e in events)).hexdigest()
        home.vault.flush()
        home.store.append(events, expected={}, command=CommandRecord(KEY, digest, b"[]"))
    planted = sorted(told.planted, key=lambda f: (f.code, f.subject, f.program or "", f.months))
    folder = audit_folder(home)
    folder.mkdir(exist_ok=True)
    raw = msgspec.json.format(msgspec.json.encode(planted), indent=1)
    (folder / "planted.json").write_bytes(raw + b"\n")
    (folder / "officers.toml").write_text(_register(told), "utf-8")
    return planted


def audit_folder(home: Home) -> Path:
    """Where a home keeps what an audit rests on beside the log."""
    return home.path / "audit"


def _register(told: Legacy) -> str:
    """The register of officers, as TOML."""
    lines = ["# Officers' accounts and kin, as an inspection office keeps them. Synthetic."]
    for table, entries in (("accounts", told.accounts), ("kin", told.kin)):
        for entry in entries:
            lines += ["", f"[[{table}]]"]
            for name, value in entry.items():
                lines.append(f"{name} = {value}" if name == "valid_from" else f'{name} = "{value}"')
    return "\n".join(lines) + "\n"
