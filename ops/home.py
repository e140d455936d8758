"""The home: one directory with all that a ledger is, and the one place that wires it.

Events and views are in files of the directory or in a PostgreSQL database, as its ``home.toml``
says; vault and documents are always in the directory. This is the composition root: no other module
knows which store, feed or database is in use.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import sqlalchemy as sa

import ledger.commands  # noqa: F401 - registers the handlers
from ledger.application import Ledger, LedgerObserver
from ledger.catalog.loader import load_programs
from ledger.codec import SOURCE, decode
from ledger.documents import FolderDocuments
from ledger.domain.discard import Passed
from ledger.domain.errors import InvalidValue
from ledger.domain.log_key import LOG_KEYS, LOG_KEYS_ID
from ledger.domain.rules import ProgramDefinition
from ledger.log.cosigning import Witness
from ledger.log.errors import PolicyInvalid
from ledger.log.keys import KeyFolder
from ledger.log.merkle_log import Log
from ledger.log.signer import Signer
from ledger.log.store_feed import StoreFeed
from ledger.randomness import Clock, Randomness, SeededRandomness, SystemRandomness, system_clock
from ledger.store.errors import HomeMismatch, HomeNotSimulated, HomeSimulated, StoreDamaged
from ledger.store.sqlite import SQLiteStore
from ledger.store.store import Store
from ledger.vault import Vault
from ledger.verify.checkpoint import Policy
from ledger.verify.note import NoteRefused, VerifierKey
from ops.files import refused
from ops.home_file import FORMAT, HOME_FILE, HomeInfo, StoreKind, read_info, write_info
from projections.discards import discards_in
from projections.engine import Projector
from projections.standings import ViewStandings

if TYPE_CHECKING:
    from ops.settings import DatabaseLogin

POLICY = "policy"
"""The file that says which witnesses there are: C2SP tlog-policy."""


class Home:
    """An existing home. Stores are opened on first use and closed together."""

    def __init__(self, path: Path, info: HomeInfo, database_url: str | None = None) -> None:
        self.path = path
        self.info = info
        self._url = database_url
        self.observer: LedgerObserver | None = None
        """Told what every ledger of this home does, if it is set before the ledger is made."""
        self._store: Store | None = None
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
        store: StoreKind = "sqlite",
        database_url: str | None = None,
    ) -> "Home":
        """Make a home, or open the one that is there if it was made with the same settings.

        With ``store="postgres"`` the database gets the tables it lacks; ``database_url`` is its
        ``postgresql://`` URL (None: as :class:`~ops.settings.Settings` finds it). Raises
        :class:`HomeMismatch` when the home was made with other settings or the database holds
        another home's log, :class:`HomeNewer`, :class:`FileUnusable` where no folder can be made,
        and what a store and the settings raise.
        """
        made: dict[str, Any] = {
            "operator": operator,
            "seed": seed,
            "scale": scale,
            "year": year,
            "store": store,
        }
        wanted = HomeInfo(format=FORMAT, **made)
        if (path / HOME_FILE).exists():
            home = cls.open(path, database_url)
            home.require_made_with(**made)
            home._prepare()
            return home
        home = cls(path, wanted, database_url)
        home._prepare()
        try:
            path.mkdir(parents=True, exist_ok=True)
            Vault(path / "vault", home.randomness, create=True).close()
            home.store.close()
            home._store = None
            write_info(path, home.info)
        except OSError as error:
            raise refused(Path(error.filename or path), error) from error
        return home

    @classmethod
    def open(cls, path: Path, database_url: str | None = None) -> "Home":
        """Raises :class:`HomeMissing`, :class:`HomeNewer`, :class:`StoreDamaged`."""
        info = read_info(path)
        if info.store == "sqlite" and not (path / "ledger.db").exists():
            raise StoreDamaged(reason="ledger.db")
        return cls(path, info, database_url)

    def require_made_with(self, **made: Any) -> None:
        """Raises :class:`HomeMismatch` where a field of :class:`HomeInfo` is another one."""
        for field, given in made.items():
            found = getattr(self.info, field)
            if found != given:
                error = HomeMismatch
                if field == "seed" and given is None:
                    error = HomeSimulated
                elif field == "seed" and found is None:
                    error = HomeNotSimulated
                raise error(home=str(self.path), what=field, found=found, given=given)

    def _prepare(self) -> None:
        """See that a database has its tables, and that its log is this home's."""
        if self.info.store == "sqlite":
            return
        from ledger.store.migrations import claim, migrate

        url = self._database("admin")
        migrate(url)
        mine = self.info.log or str(uuid.uuid4())
        self._require(mine, claim(url, mine))
        self.info = msgspec.structs.replace(self.info, log=mine)

    def _require(self, mine: str | None, found: str) -> None:
        """Raises :class:`HomeMismatch`: keys and documents of one log don't fit another."""
        if found != mine:
            raise HomeMismatch(home=str(self.path), what="log", found=mine, given=found)

    def _database(self, login: "DatabaseLogin") -> str:
        """The URL of the database for one part of the system; it may hold a password.

        Raises :class:`~ops.settings.ServerNotConfigured`, :class:`~ops.settings.ServerDown`.
        """
        if self._url is not None:
            return self._url
        from ops.settings import Settings

        return Settings.load(self.path).database(login).get_secret_value()

    @property
    def randomness(self) -> Randomness:
        """The system's, or the seed's in a simulated city."""
        seed = self.info.seed
        return SystemRandomness() if seed is None else SeededRandomness(seed)

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = self._opened_store()
        return self._store

    def _opened_store(self) -> Store:
        if self.info.store == "sqlite":
            return SQLiteStore(self.path / "ledger.db")
        from ledger.store.postgres import PostgresStore

        store = PostgresStore(self._database("ledger"))
        try:
            self._require(self.info.log, store.home)
        except HomeMismatch:
            store.close()
            raise
        return store

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
    def log(self) -> Log:
        """The log with its Merkle tree, to prove from."""
        return Log(self.store)

    @property
    def keys(self) -> KeyFolder:
        """The secret keys that the log's heads are signed with."""
        from ops.settings import Settings

        return KeyFolder(Settings.load(self.path).keys or self.path / "keys")

    def log_keys(self) -> tuple[VerifierKey, ...]:
        """The public keys of the log as its events say, the one in use last."""
        state = LOG_KEYS.new(LOG_KEYS_ID)
        for raw in self.store.stream(LOG_KEYS_ID):
            LOG_KEYS.evolve(state, decode(raw))
        return state.verifiers

    @property
    def policy(self) -> Policy:
        """Which witnesses there are, as the home's file ``policy`` says; none without it.

        Raises :class:`PolicyInvalid`.
        """
        file = self.path / POLICY
        try:
            return Policy.parse(file.read_text("utf-8")) if file.exists() else Policy(0, ())
        except (NoteRefused, UnicodeDecodeError) as error:
            raise PolicyInvalid(reason=str(error)) from None
        except OSError as error:
            raise PolicyInvalid(reason=error.strerror) from error

    def signer(
        self, clock: Clock = system_clock, *, witnesses: Sequence[Witness] | None = None
    ) -> Signer:
        """Whoever signs the log's heads, and asks witnesses for cosignatures: those of the policy
        that have an address, or the ones given."""
        from ops.witness.client import witnesses_of

        policy = self.policy
        return Signer(
            self.store,
            origin=self.origin,
            adopted=self.log_keys,
            keys=self.keys,
            policy=policy,
            witnesses=witnesses_of(policy) if witnesses is None else witnesses,
            clock=clock,
        )

    def discarded(self) -> Passed:
        """The positions that views pass over, as officers have decided by now."""
        return discards_in(self.store).passed

    @property
    def projector(self) -> Projector:
        """All views."""
        if self._projector is None:
            self._projector = Projector(self.views_url, self.feed, discarded=self.discarded)
        return self._projector

    @property
    def views_url(self) -> str:
        """The database of all views, for SQLAlchemy; it may hold a password."""
        return self._views_url("views")

    @property
    def standings(self) -> ViewStandings:
        """What pay runs decide from: the few views it needs, always fed from the store itself.

        In a file they are beside the others; in a server they have a schema of their own, since
        the others may be written by someone who is fed otherwise.
        """
        if self._standings is None:
            url = self._views_url("decisions")
            self._standings = ViewStandings(url, self.feed, discarded=self.discarded)
        return self._standings

    def _views_url(self, schema: Literal["views", "decisions"]) -> str:
        """For SQLAlchemy; it may hold a password."""
        if self.info.store == "sqlite":
            return f"sqlite:///{self.path / 'views.db'}"
        login: DatabaseLogin = "projector" if schema == "views" else "ledger"
        return views_url(self._database(login), schema)

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
            observer=self.observer,
        )

    def close(self) -> None:
        for part in (self._standings, self._projector, self._vault, self._store):
            if part is not None:
                part.close()
        self._standings = self._projector = self._vault = self._store = None


def views_url(database_url: str, schema: Literal["views", "decisions"]) -> str:
    """SQLAlchemy's URL of a schema of views, for its owner. Raises :class:`InvalidValue`."""
    from ledger.store.connecting import SCHEMAS

    try:
        url = sa.make_url(database_url)
    except (sa.exc.ArgumentError, ValueError):
        raise InvalidValue(field="database_url", value="…") from None
    given = str(url.query.get("options", ""))
    options = (
        f"{given} -c lock_timeout=30s -c role={SCHEMAS[schema]} -c search_path={schema}".strip()
    )
    placed = url.set(drivername="postgresql+psycopg").update_query_dict({"options": options})
    return placed.render_as_string(hide_password=False)


@contextmanager
def opened(path: Path) -> Iterator[Home]:
    """An existing home, closed at the end."""
    home = Home.open(path)
    try:
        yield home
    finally:
        home.close()
