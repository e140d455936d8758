"""Wrong usage of the command line, in both languages: what the parser refuses before any command.

The parser's library says it in English only. Its sentences are known by their patterns; one that is
not stands in the Chinese message as it is.
"""

import re
from typing import Any

import typer

from ledger.domain.errors import InvalidValue, LedgerError
from ledger.verify.words import translated

_REASONS = (
    (r"Input should be a valid integer.*", "应为整数"),
    (r"Input should be a valid number.*", "应为数"),
    (r"Input should be a finite number", "应为有限的数"),
    (r"Input should be greater than or equal to (\S+)", r"不得小于\1"),
    (r"Input should be less than or equal to (\S+)", r"不得大于\1"),
    (r"Value error, ('.*') is not one of (.+)\.", r"\1不是其中之一:\2"),
)
_SENTENCES = (
    (r"No such option: (.+) \(Possible options: (.+)\)", r"没有选项\1(近似的:\2)"),
    (r"No such option: (.+)", r"没有选项\1"),
    (r"No such command '(.*)'\. Did you mean (.+)\?", r"没有命令\1(近似的:\2)"),
    (r"No such command '(.*)'\.", r"没有命令\1"),
    (r"Missing command\.", "缺少命令"),
    (r"Missing argument '(.+?)'\.", r"缺少参数\1"),
    (r"Missing option '(.+?)'\..*", r"缺少选项\1"),
    (r"Got unexpected extra argument\(s\) \((.*)\)", r"多余的参数:\1"),
    (r"Option '(.+?)' requires an argument\.", r"选项\1后缺少值"),
    (r"Option '(.+?)' requires (\d+) arguments\.", r"选项\1后应有\2个值"),
    (r"Option '(.+?)' does not take a value\.", r"选项\1不带值"),
)
QUOTE = "'"
_INVALID = re.compile(r"Invalid value for (.+?): (.*)", re.DOTALL)


class WrongUsage(LedgerError):
    """An option or a command that there is not, or not so."""

    code, zh, en = ("wrong-usage", "{problem}(用法见 {help})", "{problem} (see {help})")

    def __init__(self, problem: str, help: str) -> None:
        self._problem = problem
        super().__init__(problem=problem, help=help)

    def message(self, lang: str = "zh") -> str:
        problem = self._problem.rstrip(".") if lang == "en" else in_chinese(self._problem)
        template = self.en if lang == "en" else self.zh
        return template.format(problem=problem, help=self.fields["help"])


class OptionNeeded(InvalidValue):
    """An option, or a command, means nothing without another one: ``field`` without ``value``."""

    zh, en = ("{field}须与{value}一同给出", "{field} needs {value}")


def wrong_usage(error: typer.TyperException) -> WrongUsage:
    """What the parser refused, and how to see what it takes."""
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "benefits-ledger"
    return WrongUsage(" ".join(error.format_message().split()), f"{command} --help")


def in_chinese(sentence: str) -> str:
    """A sentence of the parser's in Chinese; itself where it is not known."""
    if invalid := _INVALID.fullmatch(sentence):
        reason = _translated(_REASONS, invalid[2])
        return f"{invalid[1].replace(QUOTE, '')}的值不成立:{reason}"
    return _translated(_SENTENCES, sentence)


def _translated(known: tuple[tuple[str, str], ...], sentence: str) -> str:
    return translated(known, sentence).replace("' / '", " / ")
