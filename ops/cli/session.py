"""What every command shares: where the home is, which language and format, and how a command ends.

``--home``, ``--lang`` and ``--format`` are understood before and after a command's name; the later
one wins, then BENEFITS_HOME and BENEFITS_LANG. Errors of the ledger end here, as one line on
standard error and an exit status; a traceback is shown only when BENEFITS_TRACEBACK is set.
"""

import functools
import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.models import ArgumentInfo

from ledger.domain.errors import UNUSABLE, InvalidValue, LedgerError
from ledger.log.errors import OutsideLog
from ledger.store.errors import NO_ROOM, StoreDamaged
from ops import home as homes
from ops.cli.moments import bound_by
from ops.cli.output import Output, nowhere, progress
from ops.home import Home
from ops.texts import filled, label
from projections.engine import Projector

Lang = Literal["zh", "en"]
Format = Literal["table", "json"]

_LOST = re.compile("[\ud800-\udfff]")
"""Half a character, which stands for a byte that is none."""

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="账本目录(环境变量 BENEFITS_HOME)| The home directory"),
]
LangOption = Annotated[
    Lang | None, typer.Option("--lang", help="语言(环境变量 BENEFITS_LANG)| Language")
]
FormatOption = Annotated[Format | None, typer.Option("--format", help="输出格式 | Output format")]


@dataclass(frozen=True, slots=True)
class Session:
    """The settings of one call."""

    home: Path
    lang: Lang
    format: str

    @property
    def out(self) -> Output:
        return Output(self.lang, self.format)

    @property
    def json(self) -> bool:
        return self.format == "json"

    def say(self, key: str, **values: Any) -> str:
        """A text of the screen, in the session's language."""
        return filled(label(key, self.lang), **values)

    def pick(self, zh: str, en: str) -> str:
        """The one of two texts that the session speaks."""
        return en if self.lang == "en" else zh

    def word(self, words: Mapping[str, str], code: str) -> str:
        """A code in Chinese words; in English, or where there are none, the code itself."""
        return code if self.lang == "en" else words.get(code, code)

    def half(self, text: str | None) -> str:
        """A catalog's note has a Chinese line and then an English one."""
        lines = (text or "").strip().splitlines() or [""]
        return lines[-1] if self.lang == "en" else lines[0]

    @contextmanager
    def opened(self) -> Iterator[Home]:
        """The home, which must exist and be whole."""
        must_be_whole(self.home)
        with homes.opened(self.home) as home:
            yield home

    def caught_up(self, home: Home) -> Projector:
        """The live views, brought up to the log; those of workers as far as they have come."""
        with progress(self.say("projecting"), self.lang) as report:
            position = home.projector.catch_up(report)
        if home.projector.shared and position < (end := home.feed.end()):
            self.out.note(self.say("views-behind", position=position, end=end))
        return home.projector

    @contextmanager
    def looking(
        self,
        home: Home,
        position: int | None = None,
        known_on: str | None = None,
        effective_on: str | None = None,
        *,
        views: tuple[str, ...],
        subjects: list[str] | None = None,
    ) -> Iterator[Projector]:
        """The live views brought up to date, or those of the past in a temporary database.

        Raises :class:`OutsideLog` for a position that the log has not come to.
        """
        if position is None and known_on is None and effective_on is None:
            yield self.caught_up(home)
            return
        bound = bound_by(position, known_on, effective_on)
        if position is not None and position > (end := home.feed.end()):
            raise OutsideLog(size=end, asked=position)
        with progress(self.say("projecting"), self.lang) as report:
            past = home.projector.as_of(
                bound.position,
                bound.recorded,
                bound.effective,
                subjects,
                views=views,
                progress=report,
            )
        try:
            yield past
        finally:
            past.close()


def settle(ctx: typer.Context, home: Path | None, lang: Lang | None, format: str | None) -> Session:
    """The settings given here, over those given before the command's name, over the defaults."""
    root = ctx.find_root()
    before: Session = root.obj if isinstance(root.obj, Session) else defaults()
    return replace(
        before,
        home=home or before.home,
        lang=lang or before.lang,
        format=format or before.format,
    )


def defaults() -> Session:
    """The environment's settings."""
    lang: Lang = "en" if os.environ.get("BENEFITS_LANG", "").lower().startswith("en") else "zh"
    return Session(Path(os.environ.get("BENEFITS_HOME") or "benefits-home"), lang, "table")


def command(
    app: typer.Typer, name: str, *, help: str, format_option: Any = FormatOption
) -> Callable[[Callable[..., int | None]], Callable[..., None]]:
    """Register a command: a function of a :class:`Session` and its own parameters.

    It returns its exit status, None for 0. ``help`` has a Chinese and an English text around ``|``.
    """

    def register(run: Callable[..., int | None]) -> Callable[..., None]:
        own = list(inspect.signature(run, eval_str=True).parameters.values())[1:]
        keyword = inspect.Parameter.KEYWORD_ONLY
        shared = (("home", HomeOption), ("lang", LangOption), ("format", format_option))

        @functools.wraps(run)
        def wrapped(
            ctx: typer.Context,
            *,
            home: Path | None,
            lang: Lang | None,
            format: str | None,
            **own: Any,
        ) -> None:
            session = settle(ctx, home, lang, format)

            def asked() -> int | None:
                must_be_said(parameters, own)
                return run(session, **own)

            status = guarded(session, asked)
            if status:
                raise typer.Exit(status)

        parameters = [
            inspect.Parameter(
                "ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
            ),
            *(p.replace(kind=keyword) for p in own),
            *(inspect.Parameter(n, keyword, default=None, annotation=a) for n, a in shared),
        ]
        wrapped.__dict__["__signature__"] = inspect.Signature(parameters)
        wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
        app.command(name, help=help)(wrapped)
        return wrapped

    return register


def must_be_said(parameters: Sequence[inspect.Parameter], given: Mapping[str, Any]) -> None:
    """Refuse an empty text, as a shell gives it for a variable that is not set, and bytes that are
    no text in UTF-8. Raises :class:`InvalidValue`.
    """
    for parameter in parameters:
        value = given.get(parameter.name)
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(each, str) and (not each or _LOST.search(each)):
                raise InvalidValue(field=_name_of(parameter), value=repr(each))


def _name_of(parameter: inspect.Parameter) -> str:
    """What the caller knows a parameter by."""
    for declared in getattr(parameter.annotation, "__metadata__", ()):
        if isinstance(declared, ArgumentInfo):
            return declared.metavar or parameter.name.upper()
        # Within Annotated the first name is where a default would be otherwise.
        for name in (declared.default, *(declared.param_decls or ())):
            if isinstance(name, str):
                return name
    return f"--{parameter.name.replace('_', '-')}"


def guarded(session: Session, run: Callable[[], int | None]) -> int:
    """The command's exit status, whatever happens: no traceback, nothing half said."""
    try:
        status = run() or 0
        sys.stdout.flush()
        return status
    except LedgerError as error:
        complain(session, error)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        nowhere(sys.stdout)  # whoever read has gone
        return 0
    except (typer.Exit, typer.TyperException):
        raise
    except OSError as error:
        if error.errno not in NO_ROOM:
            return _unexpected(session, error)
        complain(session, OutputFailed(reason=error.strerror))
        return OutputFailed.exit_code
    except Exception as error:
        return _unexpected(session, error)


def _unexpected(session: Session, error: Exception) -> int:
    if os.environ.get("BENEFITS_TRACEBACK"):
        raise error
    complain(session, Unexpected(kind=type(error).__name__, reason=str(error)))
    return Unexpected.exit_code


class Unexpected(LedgerError):
    """A defect of ours: nothing that the caller did."""

    code, zh, en = (
        "unexpected",
        "意外错误{kind}:{reason}(设置BENEFITS_TRACEBACK=1可见详情)",
        "unexpected {kind}: {reason} (set BENEFITS_TRACEBACK=1 for details)",
    )
    exit_code = 1


class OutputFailed(LedgerError):
    """There is no room for the answer; what the command stored stays stored."""

    code, zh, en = (
        "output-failed",
        "结果无法写出:{reason};已入账的内容不受影响",
        "the answer cannot be written: {reason}; what was stored stays stored",
    )
    exit_code = UNUSABLE


def complain(session: Session, error: LedgerError) -> None:
    """One line on standard error, or one JSON document there.

    Where standard error takes nothing either, the exit status alone has to say it.
    """
    if session.json:
        text = json.dumps({"error": error.as_dict()}, ensure_ascii=False)
    else:
        text = f"{session.say('error')} {error.code}: {error.message(session.lang)}"
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        nowhere(sys.stderr)


def must_be_whole(path: Path, *names: str) -> None:
    """Refuse a database file that is shorter than its own header says, before SQLite mends it:
    each of a home's that matter, or those of these names.

    An empty file would be taken for a new database. Where a write-ahead log waits to be taken in,
    the header may be older than the file; then SQLite itself finds out.
    """
    for name in names or ("ledger.db", "vault/vault.db"):
        file = path / name
        wal = file.with_name(f"{file.name}-wal")
        if not (path / "home.toml").exists() or not file.exists():
            continue
        try:
            with file.open("rb") as f:
                header = f.read(100)
        except OSError as error:
            raise StoreDamaged(reason=f"{name}: {error.strerror}") from error
        size = file.stat().st_size
        waiting = wal.exists() and wal.stat().st_size > 0
        if waiting and size in (0, len(header)):
            continue
        page = int.from_bytes(header[16:18], "big")
        pages = int.from_bytes(header[28:32], "big")
        whole = header[:15] == b"SQLite format 3" and page > 0
        if not whole or (not waiting and size < pages * (65_536 if page == 1 else page)):
            raise StoreDamaged(reason=f"{name}: {size} bytes")


def year_of(home: Home, given: int | None) -> int:
    """The fiscal year asked about: as given, else a simulated city's, else the published one."""
    if given is not None:
        return given
    return home.info.year if home.info.year is not None else 2017
