"""In Chinese, the reasons that this package gives in English: one table of patterns.

A reason travels as the text of an exception, often within another message, so it is known by what
it says. One that is not in the table, such as Python's own, stands in a Chinese message as it is.
"""

import re

REASONS: tuple[tuple[str, str], ...] = (
    # --- keys, signatures and notes
    (r"a public key has (.+) bytes, not (.+)", r"公钥应为\1字节,现为\2字节"),
    (r"the public key is not the canonical encoding of a point", "公钥不是曲线点的规范编码"),
    (
        r"the public key is of low order: its signatures would fit many texts",
        "公钥的阶过小:其签名可与多个文本相符",
    ),
    (r"signatures of type (.+) are not known", r"不认识类型为\1的签名"),
    (r"a verifier key is (<.+>)", r"公钥应写作\1"),
    (r"the verifier key is empty", "公钥是空的"),
    (r"the id of this key is (.+), not (.+)", r"此密钥的编号是\1,不是\2"),
    (r"the cosignature of (.+) has an impossible time", r"\1的会签时间不成立"),
    (r"the signature of (.+) does not verify", r"\1的签名不成立"),
    (r"the signature of (.+) is too short", r"\1的签名过短"),
    (r"two known keys have the name and id (.+)", r"两个已知密钥的名称与编号同为\1"),
    (r"the note is signed by none of the known keys", "没有任何已知密钥的签名"),
    (r"a note has at most (.+) bytes", r"检查点不得超过\1字节"),
    (r"a note has at most (.+) signatures", r"检查点不得超过\1个签名"),
    (r"the note is not UTF-8", "检查点不是UTF-8文本"),
    (r"the note has a control character", "检查点含有控制字符"),
    (r"the note has no signatures below an empty line", "检查点的空行之下没有签名"),
    (r"the note does not end with a signature line", "检查点未以签名行结尾"),
    (r"the signature lines are not UTF-8", "签名行不是UTF-8文本"),
    (r"a signature line begins with an em dash and a space", "签名行应以破折号和空格开头"),
    (
        r"a key's name is not empty and has neither spaces nor a plus sign",
        "密钥名称不得为空,不得含空格或加号",
    ),
    (r"not base64", "不是base64"),
    (r"not the canonical base64 of what it says", "不是规范的base64"),
    (r"not a signer key", "不是签名私钥"),
    (r"a signer key has (.+) bytes", r"签名私钥应为\1字节"),
    (r"the id is that of another key", "编号属于另一密钥"),
    # --- checkpoints and policies
    (r"the checkpoint is not UTF-8", "检查点不是UTF-8文本"),
    (
        r"a checkpoint is three or more lines, none of them empty",
        "检查点应为三行或更多,且没有空行",
    ),
    (r"the root of a checkpoint has (.+) bytes", r"检查点的树根应为\1字节"),
    (r"a size is a decimal number without leading zeros", "大小应为不以零开头的十进制数"),
    (r"the checkpoint is that of an empty log", "检查点属于空日志"),
    (
        r"the checkpoint is not signed by a known key of its log",
        "检查点没有该日志已知密钥的签名",
    ),
    (
        r"the checkpoint of (.+) is signed in another log's name",
        r"\1的检查点是以另一日志的名义签名的",
    ),
    (r"(.+) is not a key of this kind", r"\1不是此类密钥"),
    (r"a policy names the same key twice", "同一密钥在策略中出现两次"),
    (r"a log is named as its own witness", "日志不能作自己的见证方"),
    (r"(.+) of (.+) witnesses cannot be a quorum", r"见证方共\2家,不能要求\1家"),
    (r"policy, line (.+?): (.+)", r"策略第\1行:\2"),
    (r"not understood: (.+)", r"无法识别:\1"),
    (r"the policy has no quorum", "策略没有法定数(quorum)"),
    (
        r"the policy has witnesses outside the one group of its quorum",
        "策略中有见证方不在法定数所指的组内",
    ),
    (r"the name (.+) is taken", r"名称\1已被占用"),
    (r"(.+) is not a witness named above", r"\1不是上文列出的见证方"),
    (r"a group names a witness twice", "同一见证方在组内出现两次"),
    (r"a group of (.+) witnesses has no (.+)", r"组内有\1家见证方,不能要求\2"),
    (
        r"(.+) is neither a witness nor a group named above",
        r"\1既不是上文列出的见证方,也不是组",
    ),
    # --- trees and proofs
    (r"(.+) subtrees are not those of (.+) leaves", r"\1个子树与\2个叶不符"),
    (r"an empty tree has no head to compare", "空树没有可比较的树根"),
    (r"an empty tree has no head and no proofs", "空树没有树根和证明"),
    (r"index (.+) is outside a tree of (.+) leaves", r"序号\1不在有\2个叶的树内"),
    (r"the inclusion proof is too long", "包含证明过长"),
    (r"the inclusion proof is too short", "包含证明过短"),
    (r"the inclusion proof of index (.+) leads to another head", r"序号\1的包含证明通向另一树根"),
    (r"sizes (.+) and (.+): there is no such proof", r"大小\1与\2之间没有这样的证明"),
    (r"a tree is its own prefix: the proof must be empty", "两树相同:证明应为空"),
    (r"two heads of the same (.+) leaves", r"同样\1个叶而有两个树根"),
    (r"the consistency proof is empty", "一致性证明是空的"),
    (r"the consistency proof is too long", "一致性证明过长"),
    (r"the consistency proof is too short", "一致性证明过短"),
    (
        r"the proof leads to another old head of (.+) leaves",
        r"证明通向另一个旧树根(\1个叶)",
    ),
    (
        r"the proof leads to another new head of (.+) leaves",
        r"证明通向另一个新树根(\1个叶)",
    ),
    (r"a hash is not 32 bytes long", "哈希不是32字节"),
    # --- bundles and files
    (r"root", "树根不同"),
    (r"not a file", "不是文件"),
    (r"bundle", "证据包"),
    (r"checkpoint", "检查点"),
    (r"it does not end as a zip file does", "末尾不是ZIP文件的末尾"),
    (r"duplicate names", "有重名的部分"),
    (r"comment", "压缩文件带有注释"),
    (r"size (\d+)", r"大小\1"),
    (r"byte (\d+)", r"第\1字节"),
    (r"a name is there twice", "同一名称出现两次"),
    (r"(.+) is no number", r"\1不是数字"),
    (r"File is not a zip file", "不是ZIP文件"),
    (r"\[Errno \d+\] No such file or directory: (.+)", r"没有这个文件或目录(\1)"),
    (r"\[Errno \d+\] Permission denied: (.+)", r"没有权限(\1)"),
    (r"\[Errno \d+\] Is a directory: (.+)", r"是目录(\1)"),
    (r"\[Errno \d+\] No space left on device", "磁盘已满"),
)


def in_chinese(reason: str) -> str:
    """A reason in Chinese, with what is given as a reason within it; itself if it is not known."""
    return translated(REASONS, reason)


def translated(known: tuple[tuple[str, str], ...], sentence: str) -> str:
    """A sentence by the first pattern that is all of it; itself where there is none."""
    for pattern, chinese in known:
        if found := re.fullmatch(pattern, sentence, re.DOTALL):
            return _filled(chinese, [translated(known, part) for part in found.groups()])
    return sentence


def _filled(chinese: str, parts: list[str]) -> str:
    return re.sub(r"\\(\d)", lambda at: parts[int(at[1]) - 1], chinese)
