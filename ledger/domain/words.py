"""In Chinese, what the fields of an error say: states, steps, kinds and reasons.

In English a code is its own word. What has no word stands in a Chinese message as it is: ids, names
of files and settings, and what other programs said.
"""

import errno
import os
from collections.abc import Mapping
from typing import Any

from ledger.domain.sentences import FACTS, SENTENCES
from ledger.verify.words import REASONS as PROVING
from ledger.verify.words import translated

STATES = {
    "applied": "已申请",
    "approved": "已批准",
    "assessed": "已审核",
    "assigned": "已分办",
    "awarded": "已奖励",
    "cancelled": "已取消",
    "closed": "已结案",
    "computed": "已核算",
    "confirmed": "已认可",
    "converted": "已转为多发认定",
    "dismissed": "已排除",
    "ended": "已终止",
    "exited": "已退出",
    "expired": "已到期",
    "frozen": "已冻结",
    "head": "户主",
    "in-pay-run": "批次尚未回盘",
    "issued": "已下达",
    "merged": "已并入",
    "none": "尚未开始",
    "not-payable": "当月不应发放",
    "notice-closed": "公示期满",
    "noticed": "公示中",
    "objected": "已提出",
    "open": "待处理",
    "opened": "已开立",
    "overpaid": "已全部认定多发",
    "proposed": "已提出退出",
    "received": "已受理",
    "recognized": "已认定",
    "registered": "已建档",
    "rejected": "未批准",
    "reopened": "已重新办理",
    "resolved": "已办结",
    "settled": "已回盘",
    "suspended": "已停发",
    "valid": "有效",
    "verified": "已核实",
    "works-accepted": "改造已验收",
    "works-approved": "改造已批准",
}
"""Where a pay run, an enrollment, a household, a case, a certificate or a finding is."""

STEPS = {
    "accept-works": "验收改造",
    "approve": "批准",
    "approve-works": "批准改造",
    "assess": "审核",
    "assess-device": "评估辅具需求",
    "assign": "分办",
    "bank-file": "生成银行文件",
    "cancel": "取消",
    "cancel-overpayment": "撤销多发认定",
    "close": "结案",
    "close-notice": "结束公示",
    "complete-surgery": "登记手术完成",
    "complete-training": "登记培训结业",
    "compute": "核算",
    "confirm-exit": "贫困户认可",
    "convert": "转为多发认定",
    "decide-exit": "批准退出",
    "declare-headcount": "申报职工人数",
    "deliver-service": "登记服务",
    "dismiss": "排除",
    "distribute-goods": "发放物资",
    "end": "终止",
    "fit-device": "适配辅具",
    "issue": "下达",
    "issue-pass": "发卡",
    "merge": "合并登记",
    "notice": "公示",
    "notice-exit": "退出公示",
    "object": "提出异议",
    "object-to-exit": "对退出提出异议",
    "open": "开立批次",
    "propose-exit": "提出退出",
    "read-result": "读取银行回盘",
    "recharge-pass": "充值",
    "record-relapse": "登记返贫",
    "register-poverty": "建档立卡",
    "reject": "不予批准",
    "remove-member": "移出家庭成员",
    "reopen": "重新办理",
    "repair-device": "维修辅具",
    "resolve": "办结",
    "resume": "恢复发放",
    "return": "退回",
    "revoke-exit": "撤销退出",
    "settle": "登记到账",
    "start-employment": "登记就业",
    "submit": "申请",
    "suspend": "停发",
    "use": "办理",
    "verify-employment": "核实就业",
    "verify-exit": "入户核实",
}
"""What an officer does."""

STANDINGS = {"cancelled": "注销残疾人证", "expired": "登记到期", "frozen": "冻结残疾人证"}
"""What may become of a certificate."""

KINDS = {
    "activity": "活动",
    "case": "个案",
    "contribution": "代缴保费",
    "device": "辅助器具",
    "donation": "捐赠",
    "employment": "就业",
    "entitlement-in-kind": "实物待遇",
    "one-off-cash": "一次性现金",
    "periodic-cash": "定期现金",
    "policy": "政策文件",
    "poverty": "脱贫",
    "service": "服务",
    "training": "培训",
    "works": "工程",
}
"""What a program gives."""

BENEFICIARIES = {"household": "家庭", "none": "无", "organization": "机构", "person": "个人"}
"""To whom a program gives."""

REASONS: dict[str, tuple[str, str]] = {
    "not-approved": ("尚未批准", "not approved yet"),
    "ended": ("已停止享受", "ended"),
    "suspended": ("暂停享受", "suspended"),
    "before-start": ("未到起始月", "before the start month"),
    "already-granted": ("本期已发放", "already granted for this period"),
    "objection-open": ("异议尚未处理", "an objection is open"),
    "no-account": ("没有收款账户", "no bank account"),
    "cap-reached": ("已达年度上限", "the yearly cap is reached"),
    "no-amount": ("尚未核定金额", "no amount was decided"),
    "not-delivered": ("服务尚未完成", "the service was not delivered yet"),
    "not-applied": ("符合条件但未申请", "eligible by the facts, has not applied"),
    "objection-upheld": ("异议成立", "an objection was upheld"),
    "not-due": ("尚未到该月", "the month has not come yet"),
    "certificate-expired": ("残疾人证已到期", "the certificate has expired"),
    "age": ("年龄不再符合", "no longer of the age"),
    "not-this-year": ("本年度不再符合条件", "the conditions are not met this year"),
    "not-when-applied": (
        "申请当日不符合条件",
        "the conditions were not met on the day of application",
    ),
    "moved-on": ("情况已变化", "the record moved on"),
}
"""Why a month is not paid: a stable code, in words in Chinese and English."""

_SYSTEM = {
    os.strerror(number): chinese
    for number, chinese in (
        (errno.EACCES, "没有权限"),
        (errno.EPERM, "不允许的操作"),
        (errno.ENOENT, "没有这个文件或目录"),
        (errno.EEXIST, "已存在"),
        (errno.EISDIR, "是目录"),
        (errno.ENOTDIR, "不是目录"),
        (errno.ENAMETOOLONG, "名称过长"),
        (errno.EROFS, "只读文件系统"),
        (errno.ENOSPC, "磁盘已满"),
        (errno.EDQUOT, "超出磁盘配额"),
        (errno.EFBIG, "文件过大"),
        (errno.EIO, "读写出错"),
        (errno.ENOTEMPTY, "目录不是空的"),
        (errno.EADDRINUSE, "已被占用"),
        (errno.EADDRNOTAVAIL, "没有这个地址"),
        (errno.ELOOP, "符号链接层数过多"),
    )
}
"""What the system says."""

_PLAIN: Mapping[str, Mapping[str, str]] = {
    "status": STATES | FACTS,
    "step": STEPS | STANDINGS | FACTS,
    "kind": KINDS | BENEFICIARIES,
    "reason": {code: chinese for code, (chinese, _) in REASONS.items()} | _SYSTEM,
    "reasons": _SYSTEM,
    "what": _SYSTEM,
}
"""The fields that say something, with the words that only they have."""


def in_chinese(field: str, value: Any) -> Any:
    """What an error's field is shown as in Chinese: an error within an error says it itself."""
    if hasattr(value, "message"):
        return value.message("zh")
    plain = _PLAIN.get(field)
    if plain is None or not isinstance(value, str):
        return value
    if field == "kind":
        return "/".join(plain.get(part, part) for part in value.split("/"))
    if field == "reasons":
        return ";".join(_said(plain, part) for part in value.split("; "))
    said = [_said(plain, part) for part in value.split(", ")]
    if len(said) > 1 and not set(said) & set(value.split(", ")):
        return "、".join(said)
    return _said(plain, value)


def _said(plain: Mapping[str, str], text: str) -> str:
    """A text, or what stands in it behind the name of what it is about."""
    if text in plain:
        return plain[text]
    if (known := translated((*SENTENCES, *PROVING), text)) != text:
        return known
    about, colon, rest = text.partition(": ")
    said = _said(plain, rest) if colon else rest
    return text if said == rest else f"{about}:{said}"
