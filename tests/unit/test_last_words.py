"""An answer that arrives together with the end of its connection is an answer."""

import socket

from kafka.errors import KafkaConnectionError
from kafka.net.transport import KafkaTCPTransport

from consumers import last_words


def test_what_a_broker_says_before_it_hangs_up_is_heard() -> None:
    last_words.listen()
    last_words.listen()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.sendall(b"no")
    theirs.close()
    transport = KafkaTCPTransport(None, ours)
    assert transport._sock_recv() == (b"no", None)
    data, error = transport._sock_recv()
    assert (data, type(error)) == (b"", KafkaConnectionError)
    ours.close()
