"""One hierarchy of errors, each with a stable code and a message in Chinese and English.

Codes are a contract: scripts and downstream systems match on them, so a code is never reused or
renamed. Fields carry the values a message is about and never personal data.
"""

import errno
from typing import Any, ClassVar

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says when nothing more can be written: the disk, a quota, a limit of size."""

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
        template = self.en if lang == "en" else self.zh
        return template.format_map(_Blank(self.fields))

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


# --- catalog, programs, rules


class CatalogInvalid(LedgerError):
    code, zh, en = (
        "catalog-invalid",
        "项目目录有误:{problems}",
        "the catalog has problems: {problems}",
    )


class UnknownProgram(LedgerError):
    code, zh, en = ("unknown-program", "没有这个项目:{program}", "no such program: {program}")


class UnknownCheck(LedgerError):
    code, zh, en = (
        "unknown-check",
        "没有这项检查:{check}(现有:{known})",
        "no such check: {check} (there are: {known})",
    )


class EvidenceMissing(LedgerError):
    """What is to prove a finding is not in the log, or not in its order yet."""

    code, zh, en = (
        "evidence-missing",
        "位置{position}没有事件",
        "there is no event at position {position}",
    )


class EvidenceDiffers(LedgerError):
    code, zh, en = (
        "evidence-differs",
        "位置{position}的事件是{found},不是{event}",
        "the event at position {position} is {found}, not {event}",
    )


class EvidenceUnrelated(LedgerError):
    """None of the events that are to prove a finding is about what was found."""

    code, zh, en = (
        "evidence-unrelated",
        "所列证据与{what}无关",
        "the events given as evidence say nothing about {what}",
    )


class NotConvertible(LedgerError):
    """Nothing of what was found is to come back from one beneficiary, month by month."""

    code, zh, en = (
        "not-convertible",
        "疑点{finding}({check})不涉及某人应退回的月份金额,不能转为多发认定",
        "finding {finding} ({check}) has no month's money to come back: no overpayment can be made",
    )


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


class EarmarkDiffers(LedgerError):
    code, zh, en = (
        "earmark-differs",
        "资金{fund}已开立,目录中其专项范围多出{programs},未采用;扩大范围须依文件办理",
        "fund {fund} is open; the catalog's wider earmark was not taken over: {programs}. "
        "Widening it needs a document",
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


# --- streams and steps


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


class ObjectionOpen(LedgerError):
    code, zh, en = ("objection-open", "异议尚未处理", "an objection is still open")


class DeviceInService(LedgerError):
    code, zh, en = (
        "device-in-service",
        "{device_class}类辅具使用年限未满(至{until})",
        "a device of class {device_class} is within its service life (until {until})",
    )


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


class LinesChanged(LedgerError):
    code, zh, en = (
        "lines-changed",
        "发放名单与公示不一致",
        "the lines are not those that were noticed",
    )
    exit_code = 3


# --- the store


class StaleVersion(LedgerError):
    code, zh, en = (
        "stale-version",
        "记录{stream}已被他人更新,请重试",
        "stream {stream} has moved on; decide again",
    )
    exit_code = 3


class IdempotencyConflict(LedgerError):
    code, zh, en = (
        "idempotency-conflict",
        "幂等键{key}已用于不同内容",
        "idempotency key {key} was used with other content",
    )
    exit_code = 3


class StoreDamaged(LedgerError):
    code, zh, en = (
        "store-damaged",
        "数据库损坏或不完整:{reason}",
        "the database is damaged or truncated: {reason}",
    )
    exit_code = UNUSABLE


class OutsideLog(LedgerError):
    """A position or a size that the log does not have; an empty log has none."""

    code, zh, en = (
        "outside-log",
        "日志共{size}个事件,{asked}不在其中",
        "the log has {size} events: {asked} is outside it",
    )


class StoreFull(LedgerError):
    """No room: the disk's, a quota's or a limit's; or a write that the disk failed."""

    code, zh, en = (
        "store-full",
        "磁盘已满或无法写入({reason}),本次操作未写入",
        "the disk is full or cannot be written ({reason}); nothing of this operation was stored",
    )
    exit_code = UNUSABLE


class StoreBusy(LedgerError):
    code, zh, en = (
        "store-busy",
        "数据库正被占用:{reason}",
        "the database is in use: {reason}",
    )
    exit_code = UNUSABLE


class StoreUnreachable(LedgerError):
    """No connection to the server, or it broke. What was under way is resolved by its key."""

    code, zh, en = (
        "store-unreachable",
        "数据库无法连接:{reason}",
        "the database cannot be reached: {reason}",
    )
    exit_code = UNUSABLE


class StoreDenied(LedgerError):
    """The server refuses the login, the role or the statement."""

    code, zh, en = (
        "store-denied",
        "数据库拒绝了此操作(权限):{reason}",
        "the database refuses this: {reason}",
    )
    exit_code = UNUSABLE


class StoreNewer(LedgerError):
    code, zh, en = (
        "store-newer",
        "数据库由更新的版本(第{found}次迁移)建立,本版本只认识到第{known}次",
        "the database is at migration {found}, newer than the {known} this version knows",
    )
    exit_code = UNUSABLE


class StoreOutdated(LedgerError):
    code, zh, en = (
        "store-outdated",
        "数据库只到第{found}次迁移,需要第{known}次;请运行 init",
        "the database is at migration {found} and needs {known}; run init",
    )
    exit_code = UNUSABLE


class MigrationChanged(LedgerError):
    """What was once applied reads otherwise now: the layout of the tables can't be relied on."""

    code, zh, en = (
        "migration-changed",
        "第{number}次迁移的内容与数据库所记录的不同",
        "migration {number} is not the one that was applied to the database",
    )
    exit_code = UNUSABLE


class HomeMissing(LedgerError):
    code, zh, en = (
        "home-missing",
        "目录{home}中没有账本,请先运行 init 或 simulate",
        "there is no ledger in {home}; run init or simulate first",
    )


class HomeNewer(LedgerError):
    code, zh, en = (
        "home-newer",
        "目录{home}由更新的版本(格式{found})建立,本版本只认识格式{known}",
        "home {home} has format {found}, newer than the {known} this version knows",
    )
    exit_code = UNUSABLE


class HomeMismatch(LedgerError):
    code, zh, en = (
        "home-mismatch",
        "目录{home}的{what}为{found},与所给的{given}不同",
        "home {home} has {what} {found}, not the given {given}",
    )
    exit_code = 3


class VaultKeyMissing(LedgerError):
    code, zh, en = (
        "vault-key-missing",
        "密钥库中没有所需的密钥:{what}",
        "the vault has no key for {what}",
    )
    exit_code = UNUSABLE


class SealBroken(LedgerError):
    code, zh, en = (
        "seal-broken",
        "密封内容无法打开:{what}",
        "the sealed content cannot be opened: {what}",
    )
    exit_code = UNUSABLE


# --- the views


class ProjectionGap(LedgerError):
    code, zh, en = (
        "projection-gap",
        "事件流在位置{expected}处中断,得到{found}",
        "the feed breaks off at position {expected}: found {found}",
    )
    exit_code = UNUSABLE


class ProjectionFailed(LedgerError):
    code, zh, en = (
        "projection-failed",
        "位置{position}的事件{type}无法折叠:{reason}",
        "the event {type} at position {position} cannot be folded: {reason}",
    )
    exit_code = UNUSABLE


class ViewUnreadable(LedgerError):
    code, zh, en = (
        "view-unreadable",
        "视图库无法读取:{reason}",
        "the view database cannot be read: {reason}",
    )
    exit_code = UNUSABLE


class ViewsShared(LedgerError):
    code, zh, en = (
        "views-shared",
        "视图由Kafka工作进程更新;请运行 rebuild --from kafka",
        "the views are fed by workers from Kafka; run rebuild --from kafka",
    )
    exit_code = UNUSABLE


class ViewsNotShared(LedgerError):
    code, zh, en = (
        "views-not-shared",
        "视图在本目录的SQLite文件中,只能有一个写入者;多进程更新请用 init --store postgres",
        "the views are in a file of the home, which has one writer; "
        "for workers make a home with --store postgres",
    )
    exit_code = UNUSABLE


class ViewHoldsDiscarded(LedgerError):
    """An event was discarded that was not waiting: only a rebuild takes it out."""

    code, zh, en = (
        "view-holds-discarded",
        "视图{view}已计入位置{position}的事件,而该事件已被作废;请运行 rebuild",
        "the view {view} has taken in the event at {position}, which was discarded; run rebuild",
    )
    exit_code = UNUSABLE


class ViewUnknown(LedgerError):
    code, zh, en = ("view-unknown", "没有这个视图或表:{name}", "no such view or table: {name}")


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


class NothingToSeal(LedgerError):
    code, zh, en = (
        "nothing-to-seal",
        "{period}结束之前没有任何事件",
        "no event was recorded before the end of {period}",
    )


# --- bundles


class BundleForeign(LedgerError):
    code, zh, en = (
        "bundle-foreign",
        "大小为{size}的检查点不是本账本的:账本与当时签署的不同,或检查点来自别处",
        "the checkpoint of size {size} is not of this log: the log is not the one that was signed, "
        "or the checkpoint comes from elsewhere",
    )
    exit_code = 3


class CheckpointMissing(LedgerError):
    code, zh, en = (
        "checkpoint-missing",
        "尚无已签检查点;请先运行 checkpoint sign,或用 --checkpoint 给出",
        "no checkpoint was signed yet; run checkpoint sign first, or give one by --checkpoint",
    )


class NothingSealed(LedgerError):
    code, zh, en = (
        "nothing-sealed",
        "检查点之前尚无封存,无法证明一个人的事件齐全;请先运行 seal 并签署检查点",
        "nothing is sealed before the checkpoint, so nobody's events can be proven complete; "
        "run seal, and sign a checkpoint after it",
    )


# --- pay runs


class ResultIncomplete(LedgerError):
    code, zh, en = (
        "result-incomplete",
        "银行回盘与发放名单不一致:应有{expected},实有{found}",
        "the bank's result does not match the lines issued: {expected} expected, {found} found",
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
