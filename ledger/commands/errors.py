"""What a command finds wrong once it has compared its input with several streams or a document."""

from ledger.domain.errors import LedgerError


class ResultIncomplete(LedgerError):
    code, zh, en = (
        "result-incomplete",
        "银行回盘与发放名单不一致:应有{expected},实有{found}",
        "the bank's result does not match the lines issued: {expected} expected, {found} found",
    )


class NotConvertible(LedgerError):
    """What was found is not whole payments of months to one beneficiary."""

    code, zh, en = (
        "not-convertible",
        "疑点{finding}({check})不是某人整月的发放,不能转为多发认定",
        "finding {finding} ({check}) is not of whole months paid: it cannot become an overpayment",
    )


# --- rosters

_FACTS = {
    "account": ("银行账号", "bank account"),
    "applied_on": ("申请日期", "day of application"),
    "category": ("残疾类别", "category"),
    "division": ("行政区划", "division"),
    "expires_on": ("有效期", "expiry"),
    "extreme-poverty": ("特困", "extreme poverty"),
    "grade": ("残疾等级", "grade"),
    "low-income": ("低保", "low income"),
    "name": ("姓名", "name"),
    "needs_care": ("需要护理", "need of care"),
    "status": ("残疾人证状态", "certificate's standing"),
    "urban": ("城镇户籍", "urban registration"),
}
_VALUES = {"+": ("是", "yes"), "-": ("否或无", "no or none")}


class DiffersFromLedger(LedgerError):
    """``facts`` maps each fact to what the ledger has; empty where that is sealed."""

    code, zh, en = (
        "differs-from-ledger",
        "与账本不一致:{what}",
        "differs from the ledger: {what}",
    )

    def message(self, lang: str = "zh") -> str:
        """The facts in words, with the ledger's value where events carry it in the clear."""
        at = 1 if lang == "en" else 0
        facts: dict[str, str] = self.fields["facts"]
        shown = "{} ({} in the ledger)" if at else "{}(账本为{})"
        said = []
        for fact, value in facts.items():
            name, held = _FACTS[fact][at], _VALUES.get(value, (value, value))[at]
            said.append(shown.format(name, held) if value else name)
        template = self.en if at else self.zh
        return template.format(what=(", " if at else "、").join(said))


class NotRegistered(LedgerError):
    code, zh, en = (
        "not-registered",
        "账本中没有此人,请先登记或导入人员名册",
        "nobody of this number is registered; import the persons first",
    )
