"""A relay before a PostgreSQL server that breaks connections at a chosen moment of a commit."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

Moment = Literal["before the commit", "after the commit"]


class CuttingRelay:
    """Passes bytes both ways between clients and a server on loopback, each until it is cut."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts: list[Moment] = []
        self.cut = 0
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=10)
            assert not thread.is_alive()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                thread = threading.Thread(target=self._pass_on, args=(client, server))
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as ready, client, server:
            ready.register(client, selectors.EVENT_READ)
            ready.register(server, selectors.EVENT_READ)
            with suppress(OSError):
                while True:
                    for key, _ in ready.select():
                        source, to = (client, server) if key.fileobj is client else (server, client)
                        data = source.recv(1 << 20)
                        if not data:
                            return
                        if to is server and b"COMMIT" in data and self.cuts:
                            self.cut += 1
                            if self.cuts.pop(0) == "after the commit":
                                server.sendall(data)
                                self._await_answer(server)
                            return
                        to.sendall(data)

    def _await_answer(self, server: socket.socket) -> None:
        """Until the server has said that the commit is done; nobody else will hear it."""
        answer = b""
        while b"COMMIT\x00" not in answer:
            answer += server.recv(1 << 20)


@contextmanager
def cutting_relay(port: int) -> Iterator[CuttingRelay]:
    relay = CuttingRelay(port)
    try:
        yield relay
    finally:
        relay.close()
