"""``home.toml``: what a home says of itself.

It is written last, so that a home either is complete or can be made again by the same command.
"""

import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Literal

import msgspec

from ledger.store.errors import HomeMissing, HomeNewer, StoreDamaged
from ops.files import write_text

HOME_FILE = "home.toml"

FORMAT = 1
"""The layout of a home. A home of a higher format was made by a newer version of this program."""

StoreKind = Literal["sqlite", "postgres"]
"""Where a home keeps its events; said once, when it is made."""


class HomeInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What ``home.toml`` says. ``seed``, ``scale`` and ``year`` are set for a simulated city.

    ``log`` is the id under which a PostgreSQL database is this home's and no other's. Its address
    is not said here: it holds a password, and changes while the log stays.
    """

    format: int
    operator: str
    seed: int | None = None
    scale: str | None = None
    year: int | None = None
    store: StoreKind = "sqlite"
    log: str | None = None

    @property
    def share(self) -> Fraction:
        """The simulated city's share of the real one; 1 for a real home."""
        return Fraction(self.scale) if self.scale is not None else Fraction(1)


def read_info(home: Path) -> HomeInfo:
    """Raises :class:`HomeMissing`, :class:`HomeNewer`, :class:`StoreDamaged`."""
    file = home / HOME_FILE
    if not file.exists():
        raise HomeMissing(home=str(home))
    try:
        data = tomllib.loads(file.read_text("utf-8"))
        if "format" not in data:
            raise ValueError("no format")
        found = int(data["format"])
        if found > FORMAT:
            raise HomeNewer(home=str(home), found=found, known=FORMAT)
        info = msgspec.convert(data, HomeInfo)
        if info.share <= 0:
            raise ValueError(f"scale {info.scale}")
        return info
    except (ArithmeticError, TypeError, ValueError) as error:
        raise StoreDamaged(reason=f"{HOME_FILE}: {error}") from error
    except OSError as error:
        raise StoreDamaged(reason=f"{HOME_FILE}: {error.strerror}") from error


def write_info(home: Path, info: HomeInfo) -> None:
    """Whole or not at all."""
    lines = ["# A benefits ledger's home: made by benefits-ledger, not to be edited."]
    for key, value in msgspec.to_builtins(info).items():
        lines.append(f"{key} = {value}" if isinstance(value, int) else f'{key} = "{value}"')
    write_text(home / HOME_FILE, "\n".join(lines) + "\n")
