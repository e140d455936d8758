"""What can go wrong between a client and the brokers."""

from ledger.domain.errors import LedgerError


class KafkaUnreachable(LedgerError):
    code, zh, en = (
        "kafka-unreachable",
        "无法连接Kafka({bootstrap}):{reason}",
        "Kafka ({bootstrap}) cannot be reached: {reason}",
    )
    exit_code = 4


class KafkaAuthenticationFailed(LedgerError):
    code, zh, en = (
        "kafka-authentication-failed",
        "Kafka({bootstrap})拒绝用户{username}登录:{reason}",
        "Kafka ({bootstrap}) does not let user {username} in: {reason}",
    )
    exit_code = 4


class KafkaNotAuthorized(LedgerError):
    code, zh, en = (
        "kafka-not-authorized",
        "用户{username}无权:{what}",
        "user {username} may not {what}",
    )
    exit_code = 4


class KafkaTopicMissing(LedgerError):
    code, zh, en = (
        "kafka-topic-missing",
        "Kafka中没有主题{topics}",
        "Kafka has no topic {topics}",
    )
    exit_code = 4


class ChecksumsMissing(LedgerError):
    """Without the C code every batch is checked in Python: seven times slower, so not at all."""

    code, zh, en = (
        "crc32c-missing",
        "缺少Python包crc32c,不能读写Kafka",
        "the Python package crc32c is missing: Kafka is not used without it",
    )
    exit_code = 4
