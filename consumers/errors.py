"""What can go wrong between a client and the brokers."""

from ledger.domain.errors import UNUSABLE, LedgerError


class KafkaUnreachable(LedgerError):
    code, zh, en = (
        "kafka-unreachable",
        "无法连接Kafka({bootstrap}):{reason}",
        "Kafka ({bootstrap}) cannot be reached: {reason}",
    )
    exit_code = UNUSABLE


class KafkaNotTrusted(KafkaUnreachable):
    """Of a wrong authority or for another host, or there is nothing to hold it to."""

    code, zh, en = (
        "kafka-not-trusted",
        "无法核验Kafka({bootstrap})的证书:{reason}",
        "the certificate of Kafka ({bootstrap}) cannot be verified: {reason}",
    )


class KafkaSecurityMismatch(KafkaUnreachable):
    """TLS or a login is expected by one side and not by the other."""

    code, zh, en = (
        "kafka-security-mismatch",
        "Kafka({bootstrap})不接受设置的连接方式{security}:{reason}",
        "Kafka ({bootstrap}) does not take connections of kind {security}: {reason}",
    )


class KafkaAuthenticationFailed(LedgerError):
    code, zh, en = (
        "kafka-authentication-failed",
        "Kafka({bootstrap})拒绝用户{username}登录:{reason}",
        "Kafka ({bootstrap}) does not let user {username} in: {reason}",
    )
    exit_code = UNUSABLE


class KafkaNotAuthorized(LedgerError):
    code, zh, en = (
        "kafka-not-authorized",
        "用户{username}无权:{what}",
        "user {username} may not {what}",
    )
    exit_code = UNUSABLE


class KafkaTopicMissing(LedgerError):
    code, zh, en = (
        "kafka-topic-missing",
        "Kafka中没有主题{topics}",
        "Kafka has no topic {topics}",
    )
    exit_code = UNUSABLE


class ChecksumsMissing(LedgerError):
    """Without the C code every batch is checked in Python: seven times slower, so not at all."""

    code, zh, en = (
        "crc32c-missing",
        "缺少Python包crc32c,不能读写Kafka",
        "the Python package crc32c is missing: Kafka is not used without it",
    )
    exit_code = UNUSABLE


class KafkaRefused(LedgerError):
    code, zh, en = (
        "kafka-refused",
        "Kafka拒绝了操作({what}):{reason}",
        "Kafka refused to {what}: {reason}",
    )
    exit_code = UNUSABLE


# --- topics


class TopicPartitionsFixed(LedgerError):
    """With another number a subject's later events would be in another partition."""

    code, zh, en = (
        "topic-partitions-fixed",
        "主题{topic}有{found}个分区,不能改为{given}个",
        "topic {topic} has {found} partitions, which can never become {given}",
    )
    exit_code = 3


class TopicsUnsafe(LedgerError):
    code, zh, en = (
        "topics-unsafe",
        "主题设置会丢失或泄露日志:{problems}",
        "topics are set to lose or expose the log: {problems}",
    )
    exit_code = UNUSABLE


# --- what a topic holds


class TopicGap(LedgerError):
    """Something between two records of a partition, or the records before a position, is gone."""

    code, zh, en = (
        "topic-gap",
        "主题{topic}分区{partition}在位移{offset}处缺少记录:{previous}之后应有的位置不见了(得到{found})",
        "topic {topic} partition {partition} lacks records at offset {offset}: "
        "what follows position {previous} is missing (found {found})",
    )
    exit_code = UNUSABLE


class TopicDuplicate(LedgerError):
    code, zh, en = (
        "topic-duplicate",
        "主题{topic}分区{partition}的位移{offset}重复了位置{found}",
        "topic {topic} partition {partition} repeats position {found} at offset {offset}",
    )
    exit_code = UNUSABLE


class TopicDisorder(LedgerError):
    code, zh, en = (
        "topic-disorder",
        "主题{topic}分区{partition}在位移{offset}处次序颠倒:位置{found}在{previous}之后",
        "topic {topic} partition {partition} is out of order at offset {offset}: "
        "position {found} after {previous}",
    )
    exit_code = UNUSABLE


class TopicForeignRecord(LedgerError):
    """A record that the relay did not write."""

    code, zh, en = (
        "topic-foreign-record",
        "主题{topic}分区{partition}的位移{offset}不是转发程序写入的记录",
        "topic {topic} partition {partition} holds at offset {offset} a record of no relay's",
    )
    exit_code = UNUSABLE


class TopicUnreadable(LedgerError):
    code, zh, en = (
        "topic-unreadable",
        "主题{topic}无法读取:{reason}",
        "topic {topic} cannot be read: {reason}",
    )
    exit_code = UNUSABLE


class TopicOffsetGone(TopicUnreadable):
    """The log's topics keep everything, so whoever meets this has met a loss, or another topic."""

    code, zh, en = (
        "topic-offset-gone",
        "主题{topic}已没有所需的位移,记录已被删除,或主题已重建:{reason}",
        "topic {topic} no longer has an offset that is needed: records were deleted, or the topic "
        "was made anew: {reason}",
    )


class TopicStalled(LedgerError):
    """What is known to be there does not arrive."""

    code, zh, en = (
        "topic-stalled",
        "主题{topic}在{seconds}秒内没有送达位置{position}",
        "topic {topic} did not deliver position {position} within {seconds} s",
    )
    exit_code = UNUSABLE


# --- the relay


class RelayAhead(LedgerError):
    """The store is older than what was relayed: a backup was restored, or it is another's store."""

    code, zh, en = (
        "relay-ahead",
        "Kafka已到位置{position},而账本只有{end}个事件:账本可能由旧备份恢复",
        "Kafka has position {position} and the store only {end} events: "
        "was an old backup restored?",
    )
    exit_code = UNUSABLE


class RelayStateMismatch(LedgerError):
    code, zh, en = (
        "relay-state-mismatch",
        "转发状态与主题{topic}不符:{reason}",
        "the relay's state and topic {topic} disagree: {reason}",
    )
    exit_code = UNUSABLE


class RelayFenced(LedgerError):
    code, zh, en = (
        "relay-fenced",
        "另一个转发进程({successor})已接管{origin},本进程停止",
        "another relay ({successor}) has taken over {origin}; this one stops",
    )
    exit_code = 3


class RelayInterrupted(LedgerError):
    """What may pass by itself: the relay begins again from what is committed."""

    code, zh, en = (
        "relay-interrupted",
        "转发中断:{reason}",
        "relaying was interrupted: {reason}",
    )
    exit_code = UNUSABLE


# --- workers


class WorkerInterrupted(LedgerError):
    """What may pass by itself: the worker begins again from what is stored."""

    code, zh, en = (
        "worker-interrupted",
        "处理中断:{reason}",
        "the worker was interrupted: {reason}",
    )
    exit_code = UNUSABLE


class ViewsFedOtherwise(LedgerError):
    code, zh, en = (
        "views-fed-otherwise",
        "视图{view}由另一来源更新;请运行 rebuild --from kafka",
        "the view {view} is fed from elsewhere; run rebuild --from kafka",
    )
    exit_code = UNUSABLE


class ViewsOutdated(LedgerError):
    code, zh, en = (
        "views-outdated",
        "视图{view}是第{found}版,程序为第{known}版;请运行 rebuild --from kafka",
        "the view {view} is of version {found}, this program has {known}; run rebuild --from kafka",
    )
    exit_code = UNUSABLE


class ParkedBehind(LedgerError):
    """Only the event that failed can be discarded: those behind it may well be processed then."""

    code, zh, en = (
        "parked-behind",
        "位置{position}的事件只是排在位置{first}的事件之后;请先处理后者",
        "the event at {position} only waits behind the one at {first}; deal with that one",
    )


# --- downstream systems


class CheckpointMoved(LedgerError):
    """The batch was counted already, or the partition is another process's now."""

    code, zh, en = (
        "checkpoint-moved",
        "消费者{consumer}在分区{partition}的位移{offset}已被推进,本批不再写入",
        "{consumer} is no longer at offset {offset} of partition {partition}: "
        "this batch is not to be written",
    )
    exit_code = 3


class CheckpointInvalid(LedgerError):
    code, zh, en = (
        "checkpoint-invalid",
        "消费位置无法识别:{reason}",
        "not a checkpoint of a consumer's: {reason}",
    )


class StartInvalid(LedgerError):
    code, zh, en = (
        "start-invalid",
        "不能从此处开始读取:{reason}",
        "reading cannot begin so: {reason}",
    )


class EventTypeUnknown(LedgerError):
    code, zh, en = (
        "event-type-unknown",
        "事件类型应写作 benefits.名称.v1:{type}",
        "an event type is benefits.Name.v1: {type}",
    )
