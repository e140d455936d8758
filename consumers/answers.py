"""When the brokers were last asked of a partition and answered, and where it ended then.

kafka-python keeps the end that an answer told, and not when: a reader that is cut off from the
brokers would be at the end for ever. In a fetch session an answer leaves out partitions of which
there is nothing new, so it is the question that says which an answer is about. Like
:mod:`consumers.values` this stands behind a door that is not public, and is used with the one
version of the library that it was written against.
"""

from collections.abc import Mapping
from typing import Any


class Answers:
    """The answers to a consumer's questions. For the consumer's own thread."""

    def __init__(self, consumer: Any) -> None:
        self.asked_at: dict[Any, float] = {}
        """By partition, on the monotonic clock: when the last question was sent that was answered.
        What is said of the partition is no older than that."""
        self.ends: dict[Any, int] = {}
        """By partition: its end, by the last answer that told one."""
        fetcher = consumer._fetcher
        handle = fetcher._handle_fetch_response

        def handled(node: Any, asked: Mapping[Any, int], sent_at: float, response: Any) -> None:
            handle(node, asked, sent_at, response)
            self._take(asked, sent_at, response)

        fetcher._handle_fetch_response = handled

    def _take(self, asked: Mapping[Any, int], sent_at: float, response: Any) -> None:
        """Of a partition that is not in the answer there is nothing new; one in error says none."""
        if response.error_code:
            return
        told = {
            (topic.topic, one.partition_index): one
            for topic in response.responses
            for one in topic.partitions
        }
        for part in asked:
            one = told.get((part.topic, part.partition))
            if one is not None and one.error_code:
                continue
            if one is not None and one.high_watermark >= 0:
                self.ends[part] = one.high_watermark
            self.asked_at[part] = sent_at
