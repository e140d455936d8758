"""What the rules refuse: a step by the wrong officer, a program without a rule, money not there."""

from ledger.domain.errors import LedgerError

# --- authority


class OutsideDivision(LedgerError):
    code, zh, en = (
        "outside-division",
        "经办人辖区{officer_division}不含{division}",
        "the officer's division {officer_division} does not cover {division}",
    )


class FourEyes(LedgerError):
    code, zh, en = (
        "four-eyes",
        "经办、审批、发放须由不同人员:{actor}已参与",
        "submit, approve and disburse need different people: {actor} already took part",
    )


class KinMustRecuse(LedgerError):
    code, zh, en = (
        "kin-must-recuse",
        "审批人{actor}与申请人有亲属关系,须回避",
        "approver {actor} is declared kin and must recuse",
    )


# --- programs and their rules


class UnknownProgram(LedgerError):
    code, zh, en = ("unknown-program", "没有这个项目:{program}", "no such program: {program}")


class ProgramExists(LedgerError):
    code, zh, en = ("program-exists", "项目已存在:{program}", "the program exists: {program}")


class ProgramClosedError(LedgerError):
    code, zh, en = (
        "program-closed",
        "项目{program}已于{closed_on}关闭",
        "program {program} was closed on {closed_on}",
    )


class RuleOverlap(LedgerError):
    code, zh, en = (
        "rule-overlap",
        "项目{program}的规则期间重叠:{period}",
        "rules of program {program} overlap: {period}",
    )


class RuleChanged(LedgerError):
    code, zh, en = (
        "rule-changed",
        "项目{program}自{valid_from}起的规则已采用,其{fields}不能改动;变更须另立新起始日的规则",
        "the rule of program {program} from {valid_from} is adopted and its {fields} can't be "
        "changed: a changed rule needs a first day of its own",
    )
    exit_code = 3


class DefinitionDiffers(LedgerError):
    code, zh, en = (
        "definition-differs",
        "{what}已采用,目录中不同的{fields}未采用",
        "{what} is adopted; what differs in the catalog was not taken over: {fields}",
    )
    exit_code = 3


class NoRuleInForce(LedgerError):
    code, zh, en = (
        "no-rule-in-force",
        "项目{program}在{when}没有有效规则",
        "program {program} has no rule in force at {when}",
    )


class AmountAboveCap(LedgerError):
    code, zh, en = (
        "amount-above-cap",
        "金额{amount}分超过上限{cap}分",
        "an amount of {amount} fen is above the cap of {cap} fen",
    )


class WrongKind(LedgerError):
    code, zh, en = (
        "wrong-kind",
        "项目{program}的类型为{kind},不接受此操作",
        "program {program} is of kind {kind}, which has no such step",
    )


# --- persons and what they are granted


class NotEligible(LedgerError):
    code, zh, en = ("not-eligible", "不符合条件:{reason}", "not eligible: {reason}")


class Excluded(LedgerError):
    code, zh, en = ("excluded", "与{other}不可同时享受", "may not be held together with {other}")


class PersonDeceased(LedgerError):
    code, zh, en = ("person-deceased", "该人已登记死亡", "the person is recorded as deceased")


class MonthBeforeEnrollment(LedgerError):
    code, zh, en = (
        "month-before-enrollment",
        "{month}早于起始月{start_month}",
        "{month} precedes the start month {start_month}",
    )


class MonthAfterEnd(LedgerError):
    code, zh, en = (
        "month-after-end",
        "{month}晚于最后享受月{last_month}",
        "{month} is after the last payable month {last_month}",
    )


class AlreadyGranted(LedgerError):
    code, zh, en = (
        "already-granted",
        "{period}已发放",
        "{period} is already granted",
    )


class NoSuchGrant(LedgerError):
    code, zh, en = ("no-such-grant", "{month}没有可操作的发放", "no such grant for {month}")


class AboveGranted(LedgerError):
    code, zh, en = (
        "above-granted",
        "{month}多发{amount}分,超过实发且未认定的{granted}分",
        "{amount} fen of {month} is more than the {granted} fen paid and not found overpaid yet",
    )


class AboveOwed(LedgerError):
    code, zh, en = (
        "above-owed",
        "金额{amount}分超过应退{owed}分",
        "{amount} fen is more than the {owed} fen owed",
    )


class NoticeTooShort(LedgerError):
    code, zh, en = (
        "notice-too-short",
        "公示须满{days}天",
        "the public notice must last {days} days",
    )


class NoticeRunning(LedgerError):
    code, zh, en = (
        "notice-running",
        "公示至{until},次日起方可办理",
        "the notice runs until {until}; the next step is possible from the day after",
    )


class NoticeTooEarly(LedgerError):
    code, zh, en = (
        "notice-too-early",
        "公示内容{since}才形成,公示不得早于该日",
        "what is noticed was decided on {since}: the notice cannot begin before",
    )


class ObjectionOpen(LedgerError):
    code, zh, en = ("objection-open", "异议尚未处理", "an objection is still open")


class DeviceInService(LedgerError):
    code, zh, en = (
        "device-in-service",
        "{device_class}类辅具使用年限未满(至{until})",
        "a device of class {device_class} is within its service life (until {until})",
    )


# --- funds


class EarmarkDiffers(LedgerError):
    code, zh, en = (
        "earmark-differs",
        "资金{fund}已开立,目录中其专项范围多出{programs},未采用;扩大范围须依文件办理",
        "fund {fund} is open; the catalog's wider earmark was not taken over: {programs}. "
        "Widening it needs a document",
    )
    exit_code = 3


class FundOvercommitted(LedgerError):
    code, zh, en = (
        "fund-overcommitted",
        "资金{fund}可用{available}分,不足{amount}分",
        "fund {fund} has {available} fen available, less than {amount}",
    )


class FundEarmarked(LedgerError):
    code, zh, en = (
        "fund-earmarked",
        "资金{fund}不得用于项目{program}",
        "fund {fund} is not earmarked for program {program}",
    )


# --- pay runs


class LinesChanged(LedgerError):
    code, zh, en = (
        "lines-changed",
        "发放名单与公示不一致",
        "the lines are not those that were noticed",
    )
    exit_code = 3


# --- seals


class PeriodNotOver(LedgerError):
    code, zh, en = (
        "period-not-over",
        "{period}尚未结束(须在期末一小时之后),不能封存",
        "{period} cannot be sealed yet: an hour after its end at the earliest",
    )


class SealDiffers(LedgerError):
    """A period is sealed once. ``what`` is what the log yields now and did not then."""

    code, zh, en = (
        "seal-differs",
        "{period}已封存,内容不同:{what}",
        "{period} was sealed already, with another content: {what}",
    )
    exit_code = 3
