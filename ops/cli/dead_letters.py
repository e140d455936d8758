"""``dlq``: events that a view could not process, and what is done about them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from ledger.commands.discard import DiscardParkedEvent
from ledger.domain.errors import InvalidValue, NotCanonical
from ops.cli.officer import Officer, step
from ops.cli.session import Session, command
from ops.home import Home
from projections.discards import discards_in
from projections.places import Parked
from projections.views import ALL_VIEWS

if TYPE_CHECKING:
    from consumers.dead_letters import DeadLetters

app = typer.Typer(
    help="搁置的事件:查看、重试、作废 | Events that a view could not process", no_args_is_help=True
)

ROWS = 50
REASON = 120
"""Characters of a reason in a table; ``show`` has all of it."""

View = Annotated[str, typer.Argument(help="视图 | View")]
Position = Annotated[int, typer.Argument(min=0, help="位置 | Position in the log")]


@contextmanager
def _letters(home: Home) -> Iterator["DeadLetters"]:
    """The parked events of the home's views, which workers must feed."""
    from consumers.dead_letters import DeadLetters
    from ops.cli.working import shared_views

    database = shared_views(home)
    try:
        yield DeadLetters(database, {view.name: view for view in ALL_VIEWS}, home.discarded)
    finally:
        database.close()


@command(app, "list", help="列出停下的对象 | List the subjects that stand still")
def list_waiting(
    session: Session,
    view: Annotated[str | None, typer.Option(help="视图 | View")] = None,
    subject: Annotated[str | None, typer.Option(help="主体 | Subject")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="最多几行 | At most")] = ROWS,
) -> None:
    """One row a view and subject: the event that failed, and how many events wait with it."""
    with session.opened() as home, _letters(home) as letters:
        found = letters.waiting(view=view, subject=subject, limit=limit)
    if session.json:
        listed = [{**_told(w.event), "waiting": w.count} for w in found]
        session.out.document({"waiting": listed})
        return
    if not found:
        session.out.line(session.say("none-waiting"))
        return
    rows = [
        (
            w.event.view,
            w.event.position,
            w.event.subject,
            w.count,
            w.event.parked_at[:19],
            (w.event.reason or "")[:REASON],
        )
        for w in found
    ]
    columns = ("view", ">position", "subject", ">waiting", "parked-at", "reason")
    session.out.table(None, columns, rows)
    if len(found) == limit:
        session.out.note(session.say("more-rows", n=limit))


@command(app, "show", help="一个搁置的事件 | One parked event, with its bytes")
def show(session: Session, view: View, position: Position) -> None:
    """Personal data in it are sealed, as they are in the log."""
    with session.opened() as home, _letters(home) as letters:
        event = letters.event(view, position)
    told = {**_told(event), "previous": event.previous, "document": _document(event)}
    if session.json:
        session.out.document(told)
        return
    document = told.pop("document")
    session.out.table(None, ("what", "value"), [(k, _text(v)) for k, v in told.items()])
    session.out.line(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


@command(app, "retry", help="按现有程序重新处理 | Fold parked events again with the present code")
def retry(
    session: Session,
    view: View,
    subject: Annotated[str | None, typer.Option(help="主体 | Subject")] = None,
    every: Annotated[bool, typer.Option("--all", help="所有主体 | Every subject")] = False,
) -> int:
    """Exit status 1 when something fails again."""
    if (subject is None) is not every:
        raise InvalidValue(field="--subject | --all", value=subject or "-")
    with session.opened() as home, _letters(home) as letters:
        done = letters.retry(view, subject)
    left = [r for r in done if r.left]
    if session.json:
        sums = {n: sum(getattr(r, n) for r in done) for n in ("folded", "passed_over", "left")}
        session.out.document({"view": view, **sums, "subjects": done})
    elif not done:
        session.out.line(session.say("none-waiting"))
    else:
        shown = [*left, *(r for r in done if not r.left)][:ROWS]
        rows = [
            (r.subject, r.folded, r.passed_over, r.left, r.position, (r.reason or "")[:REASON])
            for r in shown
        ]
        columns = ("subject", ">folded", ">passed-over", ">waiting", ">position", "reason")
        session.out.table(None, columns, rows)
        if len(shown) < len(done):
            session.out.note(session.say("first-rows", n=ROWS, total=len(done)))
    return 1 if left else 0


@step(
    app,
    "discard",
    help="作废:该视图从此略过此事件 | Let a view do without an event",
    role="officer",
)
def discard(
    session: Session,
    officer: Officer,
    view: View,
    position: Position,
    reason: Annotated[str, typer.Option(help="原因 | The reason, which the log keeps")],
) -> None:
    """An event of the log, by the officer named: it holds in every rebuild and is final."""
    with session.opened() as home, _letters(home) as letters:

        def decide(event: str) -> bool:
            wanted = DiscardParkedEvent(view=view, position=position, event=event, reason=reason)
            context = officer.context(home)
            return home.ledger().execute(wanted, context, key=officer.key).repeated

        known = discards_in(home.store).events.get((view, position))
        if known is not None:
            repeated = decide(known)
        else:
            # Held meanwhile, so that nobody folds the event at the same time.
            with letters.held(view, position) as parked:
                repeated = decide(_told(parked)["event"])
    if repeated:
        session.out.note(session.say("repeated-key"))
    if session.json:
        session.out.document({"view": view, "position": position, "repeated": repeated})
    else:
        session.out.line(session.say("discarded", view=view, position=position))


def _told(event: Parked) -> dict[str, Any]:
    """What is said of a parked event; its bytes, which hold personal data sealed, apart."""
    from consumers.records import attributes

    try:
        own = attributes(event.value)
    except NotCanonical:
        id, type = "-", "-"
    else:
        id, type = own.id.decode(), own.type.decode()
    return {
        "view": event.view,
        "position": event.position,
        "subject": event.subject,
        "event": id,
        "type": type,
        "partition": event.partition,
        "offset": event.offset,
        "reason": event.reason,
        "parked_at": event.parked_at,
        "told": event.produced,
    }


def _document(event: Parked) -> Any:
    """The event as stored; bytes that are no JSON as hexadecimal."""
    try:
        return orjson.loads(event.value)
    except orjson.JSONDecodeError:
        return event.value.hex()


def _text(value: Any) -> str:
    return "" if value is None else str(value)
