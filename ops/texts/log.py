"""Of the log and its proofs: keys, heads, witnesses, seals, bundles, archives."""

TEXTS = {
    "archive-same": (
        "账本的前{events:,}个事件与归档逐一相符",
        "the first {events:,} events of the ledger are those archived",
    ),
    "archive-sound": (
        "归档完好:{segments}段,{events:,}个事件,树根{root}",
        "the archive is whole: {segments} {segments:segment|segments}, {events:,} "
        "{events:event|events}, root {root}",
    ),
    "archive-signed": (
        "前{size:,}个事件在已签名的检查点之下:{status};其后{beyond:,}个尚未签名",
        "the first {size:,} events are under a signed head: {status}; {beyond:,} after it are "
        "unsigned",
    ),
    "archive-unsigned": (
        "{status}:归档的事件尚无已签名的检查点",
        "{status}: no signed head is over what is archived",
    ),
    "archived": (
        "已归档至{path}:{segments}段,{events:,}个事件(新增{added:,}个),树根{root}",
        "archived to {path}: {segments} {segments:segment|segments}, {events:,} "
        "{events:event|events} ({added:,} of them new), root {root}",
    ),
    "archiving": ("归档", "archiving"),
    "bundle-of-nobody": (
        "日志中没有编号为{person}的人;请核对编号",
        "nobody of the id {person} is in the log; look whether it is the one you mean",
    ),
    "bundled": (
        "证据包已写入{path}:{events:,}个事件,{size:,}字节(仅所有者可读)",
        "bundle written to {path}: {events:,} {events:event|events}, {size:,} bytes "
        "(readable by its owner only)",
    ),
    "bundling": ("导出", "bundling"),
    "cosigned": ("已会签", "cosigned"),
    "engines-agree": (
        "两个引擎一致:位置{position:,},{rows:,}行逐项相符",
        "both engines agree at position {position:,}: {rows:,} {rows:row|rows}, cell by cell",
    ),
    "engines-differ": (
        "两个引擎不一致:位置{position:,},差异{n:,}处",
        "the engines differ at position {position:,}: {n:,} {n:cell|cells}",
    ),
    "final": ("最终(见证方已会签)", "final (cosigned by its witnesses)"),
    "head-was-signed": ("已签名:大小{size:,},{status}", "signed: size {size:,}, {status}"),
    "heads-published": (
        "已发布检查点{count}个",
        "published {count} {count:checkpoint|checkpoints}",
    ),
    "heads-signed": (
        "签名{count}次,最后大小{size:,}",
        "signed {count} {count:head|heads}, the last of size {size:,}",
    ),
    "log-bad": (
        "日志({size:,}个事件)有{n}处问题",
        "the log of {size:,} events has {n} {n:problem|problems}",
    ),
    "log-exported": (
        "已导出{size:,}个事件至{folder}(原有{before:,}个),写入{files:,}个文件",
        "{folder} has {size:,} {size:event|events} ({before:,} before), {files:,} "
        "{files:file|files} written",
    ),
    "log-good": (
        "{size:,}个事件逐个重算哈希,与树一致;树根{root}",
        "all {size:,} events hash to the tree; root {root}",
    ),
    "log-key-adopted": (
        "已启用签名密钥,公钥如下(私钥在{folder},请单独备份):\n{vkey}",
        "the key is in use; its public half follows (the secret one is in {folder}: back it up "
        "apart from the database)\n{vkey}",
    ),
    "log-unanchored": (
        "仅与账本自身的树比较;要证明未被整体改写,请用--checkpoint与自己留存的检查点比较",
        "compared with the home's own tree only: to exclude that all of it was rewritten, compare "
        "with a checkpoint that you keep (--checkpoint)",
    ),
    "pending": ("待见证", "pending"),
    "unsigned": ("未签名", "unsigned"),
    "pending-means": (
        "待见证:尚无足够的见证方会签,只是操作方自己的陈述",
        "pending: not enough witnesses cosigned it; so far it is the operator's word alone",
    ),
    "seal-signed": (
        "已签署大小为{size:,}的检查点,封存在内({status})",
        "a checkpoint of size {size:,} is signed, with the seals under it ({status})",
    ),
    "seal-unsigned": (
        "账本尚无签名密钥:封存已入账,但未签署检查点",
        "the log has no signing key yet: the seals are recorded, no checkpoint was signed",
    ),
    "sealing": ("封存", "sealing"),
    "seals-agree": (
        "{n}次封存与账本重算逐项相同",
        "{n} {n:seal is|seals are} what the log yields",
    ),
    "seals-differ": (
        "{n}次封存与账本重算不同",
        "{n} {n:seal is|seals are} not what the log yields",
    ),
    "stamp-asked": (
        "大小{size:,}的检查点的时间戳请求已写入{file}",
        "wrote the request for the head of size {size:,} to {file}",
    ),
    "stamp-kept": (
        "大小{size:,}的检查点:时间戳{time}(UTC)已核验并保存",
        "the head of size {size:,}: its time stamp {time} (UTC) verifies and is kept",
    ),
    "verifying": ("核验", "verifying"),
    "witness-away": ("见证方{name}未会签:{reason}", "the witness {name} did not cosign: {reason}"),
    "witness-distrusts": (
        "不再信任{origin}的密钥{id}",
        "the key {id} of {origin} is trusted no longer",
    ),
    "witness-made": (
        "见证方已建立于{folder},公钥如下(交给日志的操作方):\n{vkey}",
        "the witness is in {folder}; its public key, for the log's operator, follows\n{vkey}",
    ),
    "witness-serving": ("见证服务:{url}", "the witness serves at {url}"),
    "witness-trusts": (
        "将为{origin}作见证(密钥{id})",
        "{origin} is witnessed, by its key {id}",
    ),
}
