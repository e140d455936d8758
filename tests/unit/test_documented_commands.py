"""Every command that README.md and docs/ show is one that the command line takes as it stands."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from ops.cli.main import app
from ops.cli.usage import wrong_usage
from tests.links import FENCE, ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CALL = re.compile(r"(?<![\w/])benefits-ledger (?=[a-z-])")
INLINE = re.compile(r"`([^`]+)`")
TARGET = re.compile(r"(?:`|^(?:\$ )?(?:[A-Z_]+=\S+ )*)make ([a-z-]+)(?=`| +[A-Z#]|$)", re.MULTILINE)
NUMBERS = {"POSITION", "SIZE", "COUNT", "N"}
"""What stands for a number in an example."""
ENDS = {"|", ">", ">>", "&&", ";", "<"}


class Shown(NamedTuple):
    """A call as a page shows it, with where; in a sentence its arguments may be left out."""

    page: str
    line: int
    words: list[str]
    whole: bool


def calls(page: Path) -> Iterator[Shown]:
    """The calls in a page's fenced blocks, and those in its text that are whole commands."""
    fence, text = "", ""
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        mark = FENCE.match(line)
        if mark:
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
            continue
        pieces = [text + line] if fence else INLINE.findall(line)
        text = ""
        if fence and line.endswith("\\"):
            text = line[:-1]
            continue
        for piece in pieces:
            for found in CALL.finditer(piece):
                call = words(piece[found.end() :])
                yield Shown(str(page.relative_to(ROOT)), number, call, bool(fence))


def words(call: str) -> list[str]:
    """The words up to a comment or the end of the command."""
    lexer = shlex.shlex(call, posix=True, punctuation_chars="|>&;<")
    lexer.whitespace_split = True
    found: list[str] = []
    for word in lexer:
        if word in ENDS:
            break
        found.append("1" if word in NUMBERS else word.rstrip(".,:)"))
    return found


PROGRAM: Any = typer.main.get_command(app)


def refusal(given: list[str], *, whole: bool = True) -> str:
    """What the command line would refuse of a call; nothing runs."""
    command, context = PROGRAM, None
    rest, path = given, "benefits-ledger"
    try:
        while True:
            context = command.make_context(
                path, list(rest), parent=context, resilient_parsing=not whole
            )
            left = [*context._protected_args, *context.args]
            if not getattr(command, "commands", None) or not left:
                return ""
            path, command, rest = command.resolve_command(context, left)
    except typer.TyperException as error:
        return wrong_usage(error).message("en")


ALL = [shown for page in PAGES for shown in calls(page)]


def test_the_pages_show_commands() -> None:
    assert len(ALL) > 100
    assert {shown.page for shown in ALL} > {"README.md", "docs/operations.md"}


@pytest.mark.parametrize("shown", ALL, ids=lambda s: f"{s.page}:{s.line}")
def test_a_command_that_is_shown_is_taken(shown: Shown) -> None:
    assert refusal(shown.words, whole=shown.whole) == ""


def test_the_targets_of_make_that_are_shown_are_there() -> None:
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    shown = {target for page in PAGES for target in TARGET.findall(page.read_text("utf-8"))}
    assert {"demo", "demo-kafka", "test", "verifier"} <= shown <= there


def test_a_command_that_there_is_not_would_be_found() -> None:
    assert "No such option" in refusal(["report", "--nope"])
    assert "No such command" in refusal(["nope"])
    assert "Missing argument" in refusal(["balance"])
