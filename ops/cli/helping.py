"""Help in one language: the commands' own texts, and the library's words around them."""

from typing import Any

_CHINESE = {
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "DEFAULT_STRING": "[默认:{}]",
    "REQUIRED_LONG_STRING": "[必填]",
    "ENVVAR_STRING": "[环境变量:{}]",
    "DEPRECATED_STRING": "(已停用)",
}
"""The library's names for its words, which it has in English; they are read when help is shown."""


def localize(program: Any, lang: str) -> None:
    """Keep the Chinese or the English half of every help text."""
    for part in (program, *program.params):
        for name in ("help", "epilog", "short_help"):
            text = getattr(part, name, None)
            if isinstance(text, str) and "|" in text:
                zh, _, en = text.partition("|")
                setattr(part, name, (en if lang == "en" else zh).strip())
    if lang != "en":
        _around_in_chinese(program)
    for child in getattr(program, "commands", {}).values():
        localize(child, lang)


def _around_in_chinese(command: Any) -> None:
    """Have a command's help shown with Chinese words around its texts."""
    show = command.format_help

    def format_help(context: Any, formatter: Any) -> None:
        from typer import rich_utils

        option = command.get_help_option(context)
        if option is not None:
            option.help = "显示本说明"
        english = {name: getattr(rich_utils, name) for name in _CHINESE}
        try:
            for name, words in _CHINESE.items():
                setattr(rich_utils, name, words)
            show(context, formatter)
        finally:
            for name, words in english.items():
                setattr(rich_utils, name, words)

    command.format_help = format_help
