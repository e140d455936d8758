"""What a broker says before it hangs up: given to the client, which would throw it away.

A broker answers a wrong password and closes the connection. Where both have arrived before
kafka-python looks, as on a busy machine, it takes in the end and drops the answer, and a refused
login looks like a broker that is away. This stands behind a door that is not public, so it is used
with the one version of the library that it was written against.
"""

from functools import cache
from typing import Any


@cache
def listen() -> None:
    """From now on an answer is read before the end that follows it. Harmless to repeat."""
    from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport

    from consumers.values import DIRECT

    if not DIRECT:
        return
    for transport in (KafkaTCPTransport, KafkaSSLTransport):
        transport._sock_recv = _answers_first(transport._sock_recv)


def _answers_first(received: Any) -> Any:
    def answers_first(transport: Any) -> tuple[bytes, Exception | None]:
        data, error = received(transport)
        # The end is found again by the next reading, which has nothing else to find.
        return (data, None) if data else (data, error)

    return answers_first
