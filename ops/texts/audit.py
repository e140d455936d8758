"""Of the audit and its findings."""

TEXTS = {
    "audit-no-vault": (
        "没有密钥库,{check}未比对密封信息",
        "there is no vault: {check} compared nothing sealed",
    ),
    "audited": (
        "前{position:,}个事件:{n:,}项待处理疑点,涉及{amount}元",
        "the first {position:,} events: {n:,} open {n:finding|findings}, {amount} yuan at stake",
    ),
    "auditing": ("审计", "auditing"),
    "finding-converted": (
        "疑点{finding}({check})已转为多发认定",
        "finding {finding} ({check}) is an overpayment now",
    ),
    "finding-dismissed": (
        "疑点{finding}({check})已排除",
        "finding {finding} ({check}) is dismissed",
    ),
    "findings-exported": (
        "已导出{n:,}项疑点:{file}",
        "{n:,} {n:finding|findings} exported: {file}",
    ),
}
