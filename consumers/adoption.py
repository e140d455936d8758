"""Generations of views that partitions feed, made where there are none yet."""

from collections.abc import Mapping

from consumers.errors import ViewsFedOtherwise, ViewsOutdated
from projections.database import ViewDatabase
from projections.view import View


def adopt(database: ViewDatabase, views: Mapping[str, type[View]], partitions: int) -> None:
    """See that every view has a live generation that this many partitions feed.

    Raises :class:`ViewsFedOtherwise` when rows are there that came from the whole log or from
    another number of partitions, :class:`ViewsOutdated` when they are of another version.
    """
    with database.write() as connection:
        live = database.live(connection)
        for name, view in views.items():
            now = live.get(name)
            if now is not None and now.partitions is None and now.position == 0:
                database.drop(connection, now)
                now = None
            if now is None:
                database.create(
                    connection, name, view.version, view.tables, live=True, partitions=partitions
                )
            elif now.partitions != partitions:
                raise ViewsFedOtherwise(view=name)
            elif now.version != view.version:
                raise ViewsOutdated(view=name, found=now.version, known=view.version)
