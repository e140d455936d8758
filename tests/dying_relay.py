"""A relay that is killed in the middle of a transaction: run as a process of its own.

Arguments: bootstrap, name of the log, number of events, which commit, and when: ``before`` any of
its records is sent, ``sent`` when all are, ``ended`` when the transaction has been committed.
"""

import os
import signal
import sys

import consumers.relay
from consumers.connection import KafkaSettings
from consumers.transactions import Step
from tests.kafka_logs import KafkaLog, told


def dying_step(commit: int, when: str) -> type[Step]:
    """A step that kills this process at the given commit, counted from 1."""
    left = commit

    class DyingStep(Step):
        def __init__(self, work, name: str) -> None:  # type: ignore[no-untyped-def]
            nonlocal left
            left -= 1
            if left == 0 and when != "ended":
                if when == "sent":
                    work.__self__.flush(timeout=20)
                os.kill(os.getpid(), signal.SIGKILL)
            super().__init__(work, name)

        def result(self, *timeout: float) -> None:
            super().result(*timeout)
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return DyingStep


def main() -> None:
    bootstrap, name, events, commit, when = sys.argv[1:]
    consumers.relay.Step = dying_step(int(commit), when)  # type: ignore[misc]
    log = KafkaLog(KafkaSettings((bootstrap,)), name)
    log.relay_once(told(int(events)).feed())


if __name__ == "__main__":
    main()
