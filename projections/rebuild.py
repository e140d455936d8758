"""Building views anew beside the live ones, comparing them, and switching.

A build starts from position 0 in tables of its own while the live rows go on serving and moving.
When both are at the same position their content digests are compared, and one transaction makes
the new generation live and drops the old one. A build that dies leaves tables that serve no one;
the next one drops them.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from ledger.domain.discard import Passed
from ledger.store.errors import StoreBusy
from projections.database import Generation, ViewDatabase
from projections.digest import ViewDigest, digest_of
from projections.fold import Fold, Moved
from projections.view import View

Views = Mapping[str, type[View]]
Digests = Mapping[str, ViewDigest]


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
    """Digests of the built generations, beside the live ones' where they can be compared.

    The database makes both at once: each is one look at it, and threads do no more than wait.
    """

    def digests(chosen: Callable[[Sequence[Generation]], list[Generation]]) -> Digests:
        with database.read() as connection:
            some = chosen(database.generations(connection))
            return {g.view: digest_of(database, connection, views[g.view], g) for g in some}

    def comparable(every: Sequence[Generation]) -> list[Generation]:
        wanted = {(m.view, views[m.view].version, fold.position) for m in fold.members}
        return [g for g in every if g.live and (g.view, g.version, g.position) in wanted]

    with ThreadPoolExecutor(1, thread_name_prefix="digests") as thread:
        before = thread.submit(digests, comparable)
        after = digests(partial(_built, fold=fold))
        return {
            view: Rebuilt(view, before.result().get(view), built) for view, built in after.items()
        }


def switch(database: ViewDatabase, fold: Fold, compared: Mapping[str, Rebuilt]) -> bool:
    """Make the built generations live and drop the others; False if the live ones moved on."""
    with database.write() as connection:
        if database.positions(connection, fold.members) != {fold.position}:
            raise Moved
        live = database.live(connection)
        current = [live[view] for view in compared if view in live]
        if any(g.position > fold.position for g in current):
            return False
        for old in current:
            database.drop(connection, old)
        for built in _built(database.generations(connection), fold):
            database.make_live(connection, built)
            database.keep_digest(connection, built, compared[built.view].after.digest)
    return True


def _built(every: Sequence[Generation], fold: Fold) -> list[Generation]:
    """The stored state of a fold's generations."""
    mine = {(m.view, m.generation) for m in fold.members}
    return [g for g in every if (g.view, g.generation) in mine]
