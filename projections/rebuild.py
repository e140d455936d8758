"""Building views anew beside the live ones, comparing them, and switching.

A build starts from position 0 in tables of its own while the live rows go on serving and moving.
When both are at the same position their content digests are compared, and one transaction puts the
new generation in the old one's place; then the old one's tables are dropped. A build that dies
leaves tables that serve no one; the next one drops them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ledger.domain.discard import Passed
from ledger.store.errors import StoreBusy
from projections.database import ViewDatabase
from projections.digest import ViewDigest, digest_of
from projections.fold import Fold, Moved
from projections.generations import Generation
from projections.view import View

Views = Mapping[str, type[View]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One view rebuilt: ``before`` is the replaced rows' digest, None if of another version."""

    view: str
    before: ViewDigest | None
    after: ViewDigest

    @property
    def same(self) -> bool | None:
        """Whether the rebuilt rows are those they replaced; None where there is no comparison."""
        return None if self.before is None else self.before.digest == self.after.digest


def rebuild(
    database: ViewDatabase, views: Views, run: Callable[[Fold], object], passed: Passed
) -> list[Rebuilt]:
    """Build, compare, switch; ``run`` brings a fold to where the live rows are now.

    ``passed`` are the positions that views pass over.
    Raises :class:`StoreBusy` when another rebuild of these views took over.
    """
    fold = begin(database, views, passed)
    while True:
        try:
            run(fold)
            compared = compare(database, views, fold)
            if switch(database, fold, compared):
                return list(compared.values())
        except Moved as error:
            raise StoreBusy(reason="another rebuild took over") from error


def begin(database: ViewDatabase, views: Views, passed: Passed) -> Fold:
    """New generations beside the live ones; what earlier builds left is dropped."""
    with database.write() as connection:
        for old in database.generations(connection):
            if old.view in views and not old.live:
                database.drop(connection, old)
        members = [
            database.create(connection, view.name, view.version, view.tables, live=False)
            for view in views.values()
        ]
    return Fold(database, views, members, passed)


def compare(database: ViewDatabase, views: Views, fold: Fold) -> dict[str, Rebuilt]:
    """Digests of the built generations, beside the live ones' where they can be compared."""
    comparable = {(m.view, views[m.view].version, fold.position) for m in fold.members}

    def digests(
        connection: sa.Connection, chosen: Sequence[Generation]
    ) -> Mapping[str, ViewDigest]:
        return {g.view: digest_of(database, connection, views[g.view], g) for g in chosen}

    def live(connection: sa.Connection) -> Mapping[str, ViewDigest]:
        every = database.live(connection).values()
        return digests(
            connection, [g for g in every if (g.view, g.version, g.position) in comparable]
        )

    def built(connection: sa.Connection) -> Mapping[str, ViewDigest]:
        return digests(connection, _built(database.generations(connection), fold))

    before, after = database.looks(live, built)
    return {view: Rebuilt(view, before.get(view), digest) for view, digest in after.items()}


def switch(database: ViewDatabase, fold: Fold, compared: Mapping[str, Rebuilt]) -> bool:
    """Make the built generations live, then drop the others; False if the live ones moved on."""
    with database.write() as connection:
        if database.positions(connection, fold.members) != {fold.position}:
            raise Moved
        live = database.live(connection)
        current = [live[view] for view in compared if view in live]
        if any(g.position > fold.position for g in current):
            return False
        for old in current:
            database.retire(connection, old)
        for made in _built(database.generations(connection), fold):
            database.make_live(connection, made)
            database.keep_digest(connection, made, compared[made.view].after.digest)
    database.clear(current)
    return True


def _built(every: Sequence[Generation], fold: Fold) -> list[Generation]:
    """The stored state of a fold's generations."""
    mine = {(m.view, m.generation) for m in fold.members}
    return [g for g in every if (g.view, g.generation) in mine]
