"""Why something is not accepted: a stable code, and a sentence in Chinese and English."""

from ledger.verify.words import in_chinese

LONGEST = 500
"""Characters that are told of a name or a reason."""
_IN_WORDS = frozenset({"reason", "what"})
"""Fields that say something, and do not only name it."""

MESSAGES: dict[str, tuple[str, str]] = {
    "unreadable": ("无法读取{what}:{reason}", "{what} cannot be read: {reason}"),
    "unwritten": ("结果无法写出:{reason}", "what was found cannot be written: {reason}"),
    "empty": ("{what}是空的", "{what} is empty"),
    "not-a-bundle": ("不是证据包:{reason}", "this is no bundle: {reason}"),
    "too-large": ("{what}超过上限{limit}字节", "{what} is larger than {limit} bytes"),
    "newer-format": (
        "证据包格式{found}不是本程序所知的{known}",
        "the bundle has the format {found}, this verifier knows {known}",
    ),
    "part-missing": ("证据包缺少{part}", "the bundle lacks {part}"),
    "part-unknown": (
        "证据包中有清单之外或不应有的{part}",
        "the bundle has {part}, which is not listed or does not belong there",
    ),
    "part-altered": (
        "{part}与清单所记的大小或SHA-256不符",
        "{part} has not the size or SHA-256 that the manifest states",
    ),
    "part-malformed": ("{part}的内容不合格式:{reason}", "{part} is malformed: {reason}"),
    "positions": ("事件的位置不合格式:{reason}", "the positions of the events: {reason}"),
    "event-altered": (
        "位置{position}的事件不是日志中的那一个(此前的都是)",
        "the event at position {position} is not the one in the log (those before it are)",
    ),
    "proof-altered": (
        "位置{first}至{last}之间的证明不通向检查点",
        "the proof for positions {first} to {last} does not lead to the checkpoint",
    ),
    "log-altered": (
        "位置{first}至{last}之间有事件不是日志中的那一个",
        "among positions {first} to {last} there is an event that is not the one in the log",
    ),
    "hints-altered": (
        "事件与日志相符,但所附的提示不符(位置{position})",
        "the events are those of the log, but the hints with them are not (position {position})",
    ),
    "event-malformed": (
        "位置{position}的内容不是事件:{reason}",
        "what is at position {position} is no event: {reason}",
    ),
    "out-of-scope": (
        "位置{position}的事件不属于此证据包所述的范围",
        "the event at position {position} is outside what the bundle says it is about",
    ),
    "note": ("检查点的签名:{reason}", "the checkpoint's signatures: {reason}"),
    "kept-note": (
        "留存的检查点无法使用:{reason}",
        "the checkpoint you kept cannot be used: {reason}",
    ),
    "origin": (
        "检查点属于{found},不是{wanted}",
        "the checkpoint is of {found}, not of {wanted}",
    ),
    "no-log-key": (
        "没有给出日志的公钥(--key 或 --policy)",
        "no key of the log was given (--key or --policy)",
    ),
    "key": ("公钥无法使用:{reason}", "a key cannot be used: {reason}"),
    "witnesses-twice": (
        "见证人的公钥应由 --key 或 --policy 之一给出",
        "keys of witnesses come by --key or by --policy, not by both",
    ),
    "not-final": (
        "大小为{size}的检查点未达到见证要求",
        "the checkpoint of size {size} has not the cosignatures that the policy asks for",
    ),
    "stale": (
        "证据包只到{found}个事件,而留存的检查点已有{held}个:请索取更新的证据包",
        "the bundle ends at {found} events, but the checkpoint you hold has {held}: "
        "ask for a newer bundle",
    ),
    "no-consistency": (
        "证据包没有从留存的检查点(大小{held})到{found}的证明:索取时请出示该检查点(--since)",
        "the bundle has no proof from the checkpoint you hold (size {held}) to {found}: "
        "show that checkpoint when you ask for one (--since)",
    ),
    "inconsistent": (
        "大小{old}与{new}的两个检查点不是同一日志:{reason}",
        "the checkpoints of sizes {old} and {new} are not of one log: {reason}",
    ),
    "index-leaf": ("主体{subject}的索引项不合格式", "the index has a malformed leaf of {subject}"),
    "index-proof": (
        "主体{subject}的索引证明不成立:{reason}",
        "the index's proof for {subject} fails: {reason}",
    ),
    "incomplete": (
        "主体{subject}的事件不齐全:封存{period}之前有{found}个,与索引不符",
        "events of {subject} are missing or added: {found} before the seal of {period}, "
        "which is not what the index says",
    ),
    "no-completeness": (
        "没有证明主体{subject}的事件齐全(尚无封存时可用 --unsealed 查验其余部分)",
        "nothing proves that the events of {subject} are complete "
        "(where nothing was sealed yet, --unsealed checks the rest)",
    ),
    "not-absent": (
        "未能证明主体{subject}在封存{period}时没有事件",
        "it is not proven that {subject} had no event when {period} was sealed",
    ),
    "seal-wrong": (
        "位置{event}的封存({period})所记的索引与日志不符",
        "the seal of {period} at position {event} states another index than the log yields",
    ),
    "claim-left-out": (
        "所称金额未计入位置{position}的事件,而证据包中没有视图{view}可略过它的决定",
        "the claims leave out the event at position {position}, but no decision in the bundle "
        "lets the view {view} pass over it",
    ),
    "claim-differs": (
        "所称{what}为{claimed},由事件算得{found}",
        "{what} is claimed to be {claimed}, the events yield {found}",
    ),
}


class Refused(Exception):
    """Something does not prove what it is for."""

    def __init__(self, code: str, **fields: object) -> None:
        self.code = code
        self.fields = fields
        super().__init__(f"{code}: {self.message('en')}")

    def message(self, lang: str = "zh") -> str:
        """The sentence in ``zh`` or ``en``."""
        said = {name: printable(str(value)[:LONGEST]) for name, value in self.fields.items()}
        if lang != "en":
            said |= {name: in_chinese(said[name]) for name in _IN_WORDS & said.keys()}
        return MESSAGES[self.code][lang == "en"].format(**said)


def printable(text: str) -> str:
    """The text with an escape for whatever a screen would act on and not show.

    Names and reasons come from files that nobody signed: they could clear the screen, write
    ``VERIFIED`` on a line of their own, or turn the direction of what follows.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
