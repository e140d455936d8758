"""One hierarchy of errors, each with a stable code and a message in Chinese and English.

Codes are a contract: scripts and downstream systems match on them, so a code is never reused or
renamed; ``docs/operations.md`` lists them all. Fields carry the values a message is about and never
personal data; what they say in English is said in Chinese by ``words.py``.

Here are the root, and what is wrong with a value or a record whatever it is of. What the rules of
the domain refuse is in ``refusals.py``; every other package has its own ``errors.py``, and an error
that a single module raises is in that module.
"""

from typing import Any, ClassVar

from ledger.domain.words import in_chinese

UNUSABLE = 4
"""The exit status of errors that no input causes: a store is damaged, full or not to be used."""


class LedgerError(Exception):
    """The root. ``code`` is stable; ``fields`` are what the message is about.

    ``exit_code`` is what the command line ends with: 2 for input that was refused, 3 for a
    conflict with what is stored, 4 for a store that is damaged or unusable.
    """

    code: ClassVar[str] = "ledger-error"
    zh: ClassVar[str] = "账本错误"
    en: ClassVar[str] = "ledger error"
    exit_code: ClassVar[int] = 2

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        super().__init__(self.message("en"))

    def message(self, lang: str = "zh") -> str:
        """The sentence in ``zh`` or ``en``, with its fields filled in."""
        if lang == "en":
            return self.en.format_map(_Blank(self.fields))
        said = {name: in_chinese(name, value) for name, value in self.fields.items()}
        return self.zh.format_map(_Blank(said))

    def as_dict(self) -> dict[str, Any]:
        """For JSON output: code, both messages and the fields."""
        return {
            "code": self.code,
            "zh": self.message("zh"),
            "en": self.message("en"),
            "fields": {
                k: v if isinstance(v, (int, str)) else str(v) for k, v in self.fields.items()
            },
        }


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


# --- values


class InvalidAmount(LedgerError):
    code, zh, en = (
        "invalid-amount",
        "金额必须是以分为单位的正整数:{amount}",
        "an amount must be a whole positive number of fen: {amount}",
    )


class InvalidMonth(LedgerError):
    code, zh, en = ("invalid-month", "月份应写作YYYY-MM:{month}", "a month is YYYY-MM: {month}")


class InvalidDate(LedgerError):
    code, zh, en = ("invalid-date", "日期不成立:{value}", "not a valid date: {value}")


class InvalidIdentityNumber(LedgerError):
    code, zh, en = (
        "invalid-identity-number",
        "公民身份号码校验不通过({reason})",
        "the identity number fails its check ({reason})",
    )


class InvalidBirthDate(LedgerError):
    code, zh, en = (
        "invalid-birth-date",
        "出生日期不成立:{reason}",
        "the birth date is impossible: {reason}",
    )


class InvalidCertificate(LedgerError):
    code, zh, en = (
        "invalid-certificate",
        "残疾人证信息不成立:{reason}",
        "the certificate is not valid: {reason}",
    )


class InvalidValue(LedgerError):
    code, zh, en = ("invalid-value", "{field}的值不成立:{value}", "{field} cannot be {value}")


class UnknownDivision(LedgerError):
    code, zh, en = (
        "unknown-division",
        "没有这个行政区划:{division}",
        "no such division: {division}",
    )


class EventTooLarge(LedgerError):
    code, zh, en = (
        "event-too-large",
        "事件超过65535字节:{size}",
        "an event is at most 65535 bytes: {size}",
    )


class NotCanonical(LedgerError):
    code, zh, en = (
        "not-canonical",
        "内容不能写成规范字节:{reason}",
        "the content has no canonical form: {reason}",
    )


# --- records and their steps


class NotFound(LedgerError):
    code, zh, en = ("not-found", "没有找到:{what}", "not found: {what}")


class AlreadyExists(LedgerError):
    code, zh, en = ("already-exists", "已存在:{what}", "already exists: {what}")


class OutOfOrder(LedgerError):
    code, zh, en = (
        "out-of-order",
        "当前状态为{status},不能进行:{step}",
        "{step} is not possible in state {status}",
    )
