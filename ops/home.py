"""The home: one directory that holds a whole embedded ledger, and the one place that wires it.

``home.toml`` says what the directory is and is written last, so that a home either is complete or
can be made again by the same command. This is the composition root: no other module knows which
store, feed or database is in use.
"""

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import msgspec

import ledger.commands  # noqa: F401 - registers the handlers
from ledger.application import Ledger
from ledger.catalog.loader import load_programs
from ledger.codec import SOURCE
from ledger.documents import FolderDocuments
from ledger.domain.errors import HomeMismatch, HomeMissing, HomeNewer, StoreDamaged, StoreFull
from ledger.domain.rules import ProgramDefinition
from ledger.log.store_feed import StoreFeed
from ledger.randomness import Clock, Randomness, SeededRandomness, SystemRandomness, system_clock
from ledger.store.sqlite import SQLiteStore
from ledger.vault import Vault
from projections.engine import Projector
from projections.standings import STANDING_VIEWS, ViewStandings

FORMAT = 1
"""The layout of a home. A home of a higher format was made by a newer version of this program."""


class HomeInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What ``home.toml`` says. ``seed``, ``scale`` and ``year`` are set for a simulated city."""

    format: int
    operator: str
    seed: int | None = None
    scale: str | None = None
    year: int | None = None

    @property
    def share(self) -> Fraction:
        """The simulated city's share of the real one; 1 for a real home."""
        return Fraction(self.scale) if self.scale is not None else Fraction(1)


class Home:
    """An existing home. Stores are opened on first use and closed together."""

    def __init__(self, path: Path, info: HomeInfo) -> None:
        self.path = path
        self.info = info
        self._store: SQLiteStore | None = None
        self._vault: Vault | None = None
        self._projector: Projector | None = None
        self._standings: ViewStandings | None = None

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        operator: str = "220200",
        seed: int | None = None,
        scale: str | None = None,
        year: int | None = None,
    ) -> "Home":
        """Make a home, or open the one that is there if it was made with the same settings.

        Raises :class:`HomeMismatch` when it was made with others, :class:`HomeNewer`.
        """
        wanted = HomeInfo(format=FORMAT, operator=operator, seed=seed, scale=scale, year=year)
        if (path / "home.toml").exists():
            home = cls.open(path)
            for field in ("operator", "seed", "scale", "year"):
                found, given = getattr(home.info, field), getattr(wanted, field)
                if found != given:
                    raise HomeMismatch(home=str(path), what=field, found=found, given=given)
            return home
        try:
            path.mkdir(parents=True, exist_ok=True)
            home = cls(path, wanted)
            Vault(path / "vault", home.randomness, create=True).close()
            home.store.close()
            home._store = None
            _write(path / "home.toml", wanted)
        except OSError as error:
            raise StoreFull(reason=error.strerror) from error
        return home

    @classmethod
    def open(cls, path: Path) -> "Home":
        """Raises :class:`HomeMissing`, :class:`HomeNewer`, :class:`StoreDamaged`."""
        file = path / "home.toml"
        if not file.exists():
            raise HomeMissing(home=str(path))
        try:
            data = tomllib.loads(file.read_text())
            found = int(data["format"])
            if found > FORMAT:
                raise HomeNewer(home=str(path), found=found, known=FORMAT)
            info = msgspec.convert(data, HomeInfo)
        except (tomllib.TOMLDecodeError, KeyError, ValueError, msgspec.ValidationError) as error:
            raise StoreDamaged(reason=f"home.toml: {error}") from error
        if not (path / "ledger.db").exists():
            raise StoreDamaged(reason="ledger.db")
        return cls(path, info)

    @property
    def randomness(self) -> Randomness:
        """The system's, or the seed's in a simulated city."""
        seed = self.info.seed
        return SystemRandomness() if seed is None else SeededRandomness(seed)

    @property
    def store(self) -> SQLiteStore:
        if self._store is None:
            self._store = SQLiteStore(self.path / "ledger.db")
        return self._store

    @property
    def vault(self) -> Vault:
        if self._vault is None:
            self._vault = Vault(self.path / "vault", self.randomness)
        return self._vault

    @property
    def origin(self) -> str:
        """The log's name, wherever it goes: the source that its events state."""
        return SOURCE + self.info.operator

    @property
    def feed(self) -> StoreFeed:
        return StoreFeed(self.store)

    @property
    def projector(self) -> Projector:
        """All views, in ``views.db``."""
        if self._projector is None:
            self._projector = Projector(self._views_url, self.feed)
        return self._projector

    @property
    def standings(self) -> ViewStandings:
        """What pay runs decide from: the few views it needs, in ``views.db`` beside the others."""
        if self._standings is None:
            views = Projector(self._views_url, self.feed, STANDING_VIEWS)
            self._standings = ViewStandings(views)
        return self._standings

    @property
    def _views_url(self) -> str:
        return f"sqlite:///{self.path / 'views.db'}"

    @property
    def documents(self) -> FolderDocuments:
        return FolderDocuments(self.path / "documents")

    @property
    def programs(self) -> dict[str, ProgramDefinition]:
        """The packaged catalog and the files of the home's own ``catalog`` folder."""
        extra = self.path / "catalog"
        return load_programs(extra if extra.is_dir() else None)

    def ledger(self, clock: Clock = system_clock) -> Ledger:
        """The write side, deciding batches from this home's views."""
        return Ledger(
            self.store,
            self.vault,
            operator=self.info.operator,
            clock=clock,
            programs=self.programs,
            documents=self.documents,
            standings=self.standings,
        )

    def close(self) -> None:
        for part in (self._standings, self._projector, self._vault, self._store):
            if part is not None:
                part.close()
        self._standings = self._projector = self._vault = self._store = None


@contextmanager
def opened(path: Path) -> Iterator[Home]:
    """An existing home, closed at the end."""
    home = Home.open(path)
    try:
        yield home
    finally:
        home.close()


def _write(file: Path, info: HomeInfo) -> None:
    """Whole or not at all."""
    lines = ["# A benefits ledger's home: made by benefits-ledger, not to be edited."]
    for key, value in msgspec.to_builtins(info).items():
        lines.append(f"{key} = {value}" if isinstance(value, int) else f'{key} = "{value}"')
    partial = file.with_suffix(".partial")
    with partial.open("w") as out:
        out.write("\n".join(lines) + "\n")
        out.flush()
        os.fsync(out.fileno())
    partial.rename(file)
