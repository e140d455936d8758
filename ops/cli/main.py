"""``benefits-ledger``: the commands put together, and their help in the language asked for.

What a command does is in the module of its group; how it ends is in :mod:`ops.cli.session`.
"""

import codecs
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, TextIO

import typer

from ops.cli import (
    archiving,
    audit,
    audit_sql,
    bank,
    bundling,
    catalog,
    checkpoints,
    comparing,
    dead_letters,
    demo,
    demo_kafka,
    doctor,
    events,
    explaining,
    exporting,
    importing,
    keys,
    log,
    making,
    payruns,
    projecting,
    queries,
    relaying,
    sealing,
    servers,
    timestamps,
    topics,
    witnessing,
)
from ops.cli.helping import localize
from ops.cli.session import (
    FormatOption,
    HomeOption,
    LangOption,
    Session,
    defaults,
    guarded,
    settle,
)
from ops.cli.usage import WrongUsage, wrong_usage

EPILOG = (
    "退出码:0 正常;1 报告不一致、检查发现问题或意外错误;2 输入被拒绝;3 与已存内容冲突;"
    "4 存储损坏或不可用;5 名册部分行被退回;130 被中断 | "
    "Exit status: 0 fine; 1 a report that does not match, a check that failed, or a defect; "
    "2 input refused; 3 conflict with what is stored; 4 store damaged or unusable; "
    "5 rows of a roster rejected, the others applied; 130 interrupted"
)

app = typer.Typer(
    help="残疾人补贴账本 | An event-sourced ledger of disability benefits",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (
    making,
    projecting,
    demo,
    demo_kafka,
    queries,
    comparing,
    explaining,
    events,
    doctor,
    relaying,
    sealing,
    bundling,
):
    app.add_typer(part.app)
payruns.app.add_typer(bank.app)
audit.app.add_typer(audit_sql.app)
audit.app.add_typer(sealing.audit)
app.add_typer(archiving.app, name="archive")
app.add_typer(payruns.app, name="payrun")
app.add_typer(log.app, name="log")
app.add_typer(keys.app, name="key")
checkpoints.app.add_typer(timestamps.app)
app.add_typer(checkpoints.app, name="checkpoint")
app.add_typer(witnessing.app, name="witness")
app.add_typer(importing.app, name="import")
app.add_typer(audit.app, name="audit")
app.add_typer(exporting.app, name="export")
app.add_typer(catalog.app, name="catalog")
app.add_typer(servers.kafka, name="kafka")
app.add_typer(topics.app, name="topics")
app.add_typer(dead_letters.app, name="dlq")
app.add_typer(servers.postgres, name="postgres")


@app.callback()
def shared(
    ctx: typer.Context,
    home: HomeOption = None,
    lang: LangOption = None,
    format: FormatOption = None,
) -> None:
    """Options that every command takes, here or after its name."""
    ctx.obj = settle(ctx, home, lang, format)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script. Always ends with SystemExit."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller: nobody wants to hear
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - until the process ends
        sayable(getattr(sys, name))
    given = list(sys.argv[1:] if arguments is None else arguments)
    session = spoken(given)
    sys.exit(guarded(session, lambda: parsed(command_line(session.lang), given)))


@cache
def command_line(lang: str) -> Any:
    """The commands with their help in a language, put together once a process."""
    program: Any = typer.main.get_command(app)
    localize(program, lang)
    return program


def parsed(program: Any, given: Sequence[str]) -> int:
    """The status of the command that was asked for. Raises :class:`WrongUsage`."""
    try:
        return program.main(list(given), prog_name="benefits-ledger", standalone_mode=False) or 0
    except typer.TyperException as error:
        if not error.format_message():  # a group without a command: its help is printed
            return WrongUsage.exit_code
        raise wrong_usage(error) from error
    except SystemExit:  # how a printer of help ends when whoever read has gone
        raise BrokenPipeError from None


def sayable(stream: TextIO) -> None:
    """Let a stream take any text: Chinese where the locale knows only ASCII, and names of files
    that are no text."""
    if isinstance(stream, io.TextIOWrapper):
        plain = codecs.lookup(stream.encoding).name in ("ascii", "iso8859-1")
        stream.reconfigure(
            encoding="utf-8" if plain else stream.encoding, errors="backslashreplace"
        )


def spoken(arguments: Sequence[str]) -> Session:
    """The language and the format, which are needed before anything is parsed."""
    session = defaults()
    for i, argument in enumerate(arguments):
        name, found, value = argument.partition("=")
        if not found:
            value = arguments[i + 1] if i + 1 < len(arguments) else ""
        if name == "--lang" and value in ("zh", "en"):
            session = replace(session, lang="en" if value == "en" else "zh")
        elif name == "--format":
            session = replace(session, format=value)
    return session


if __name__ == "__main__":
    main()
