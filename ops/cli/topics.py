"""``topics``: making the log's topics, and checking that they can neither lose nor expose it.

What they need of Kafka is imported when one of these commands runs, and not before.
"""

from typing import Annotated

import typer

from ops.cli.session import Session, command

app = typer.Typer(help="Kafka主题:建立、检查 | The log's topics on Kafka", no_args_is_help=True)


@command(app, "create", help="建立缺少的主题 | Make the topics that are missing")
def create(
    session: Session,
    partitions: Annotated[
        int | None,
        typer.Option(min=1, max=1_000, help="事件主题的分区数,此后不可改 | Fixed from then on"),
    ] = None,
) -> None:
    """Safe to run again; topics that are there stay as they are."""
    from consumers.topics import create_topics
    from ops.settings import Settings

    made = create_topics(Settings.load(session.home).kafka("admin"), partitions=partitions)
    if session.json:
        session.out.document({"created": made})
    else:
        session.out.line(session.say("topics-created", topics=", ".join(made) or "-"))


@command(app, "check", help="检查主题设置是否会丢失或泄露日志 | Check that nothing can be lost")
def check(session: Session) -> int:
    """Exit status 1 when anything is wrong."""
    from consumers.topic_check import check_topics
    from ops.settings import Settings

    with session.opened() as home:
        problems = check_topics(Settings.load(session.home).kafka("admin"), origin=home.origin)
    if session.json:
        session.out.document({"problems": problems})
    elif problems:
        rows = [(p.where, p.setting, p.found, p.wanted) for p in problems]
        session.out.table(None, ("topic", "setting", "value", "wanted"), rows)
    else:
        session.out.line(session.say("topics-sound"))
    return 1 if problems else 0
