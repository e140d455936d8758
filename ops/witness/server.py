"""The witness over HTTP, on a loopback address: a proxy in front of it, if any, is the office's."""

import ipaddress
import logging
import threading
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledger.domain.errors import LedgerError
from ops.witness.errors import NotLoopback
from ops.witness.office import TEXT_TYPE, Witness

MAX_BODY_BYTES = 128 * 1024
"""Of a request: a proof of 63 lines and a note with many signatures fit well."""
_KEEP_ALIVE_S = 30
_CONNECTIONS = 100
_STOP_S = 5


def application(witness: Witness, answered: Callable[[int], None] | None = None) -> Starlette:
    """``POST /add-checkpoint``; ``answered`` is told the status of each answer."""

    async def add_checkpoint(request: Request) -> Response:
        response = await answer(request)
        if answered is not None:
            await run_in_threadpool(answered, response.status_code)
        return response

    async def answer(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY_BYTES:
                return Response("the request is too large\n", 413, media_type=TEXT_TYPE)
        try:
            given = await run_in_threadpool(witness.add_checkpoint, bytes(body))
        except LedgerError as error:
            logging.getLogger(__name__).error("%s: %s", error.code, error)
            return Response(f"{error.code}\n", 500, media_type=TEXT_TYPE)
        return Response(given.body, given.status, {"content-type": given.type})

    return Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])])


class WitnessServer:
    """A server in a thread of its own, from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        witness: Witness,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        answered: Callable[[int], None] | None = None,
    ) -> None:
        """With port 0 any free one. Raises :class:`NotLoopback`."""
        if not _is_loopback(host):
            raise NotLoopback(host=host)
        self._host, self._port = host, port
        config = uvicorn.Config(
            application(witness, answered),
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_STOP_S,
        )
        self._server = uvicorn.Server(config)
        self._socket = config.bind_socket()
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="witness", daemon=True
        )

    @property
    def port(self) -> int:
        found: int = self._socket.getsockname()[1]
        return found

    @property
    def url(self) -> str:
        """The submission prefix."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Requests under way are answered first."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(2 * _STOP_S)
        self._socket.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
