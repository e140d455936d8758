"""A ledger's side of the witness protocol: one request over HTTP, and what its answer means."""

from collections.abc import Sequence
from functools import cache
from queue import Empty, Queue
from ssl import SSLContext
from threading import Thread

import httpx

from ledger.log.cosigning import WitnessDoubts, WitnessHolds, WitnessUnavailable
from ledger.verify.checkpoint import Policy, parse_size
from ledger.verify.note import NoteRefused, VerifierKey
from ops.witness.office import SIZE_TYPE, written_request

TIMEOUT_S = 10.0
"""Between one byte and the next, and for the whole answer: see :data:`STEPS`."""
STEPS = 3
"""To connect, to ask and to be answered takes so many times that, at most."""
MAX_ANSWER_BYTES = 64 * 1024

Answer = tuple[int, str, bytes]
"""Status, content type and body."""


class HttpWitness:
    """A witness at a URL, its submission prefix."""

    def __init__(self, key: VerifierKey, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._key, self._url, self._timeout_s = key, url.rstrip("/"), timeout_s

    @property
    def key(self) -> VerifierKey:
        return self._key

    def add_checkpoint(self, old: int, proof: Sequence[bytes], note: bytes) -> bytes:
        """See :class:`~ledger.log.cosigning.Witness`."""
        status, kind, body = self._answer(written_request(old, proof, note))
        if status == 200:
            return body
        if status == 409 and kind == SIZE_TYPE:
            raise WitnessHolds(_size(body))
        if status in (409, 422):
            raise WitnessDoubts
        told = body.decode("utf-8", "replace").strip()[:200]
        raise WitnessUnavailable(f"HTTP {status} {told}".strip())

    def _answer(self, request: bytes) -> Answer:
        """Whatever comes within the time: a witness that sends a byte now and then would keep the
        ledger from signing for hours, and httpx only counts the time from one byte to the next."""
        answers: Queue[Answer | WitnessUnavailable] = Queue()

        def ask() -> None:
            try:
                answers.put(self._asked(request))
            except WitnessUnavailable as error:
                answers.put(error)

        Thread(target=ask, daemon=True).start()
        within_s = STEPS * self._timeout_s
        try:
            found = answers.get(timeout=within_s)
        except Empty:
            raise WitnessUnavailable(f"no whole answer within {within_s:g} s") from None
        if isinstance(found, WitnessUnavailable):
            raise found
        return found

    def _asked(self, request: bytes) -> Answer:
        body = bytearray()
        try:
            with httpx.stream(
                "POST",
                f"{self._url}/add-checkpoint",
                content=request,
                headers={"content-type": "text/plain; charset=utf-8"},
                timeout=self._timeout_s,
                verify=_tls(),
                trust_env=False,
            ) as response:
                for part in response.iter_bytes():
                    body += part
                    if len(body) > MAX_ANSWER_BYTES:
                        raise WitnessUnavailable("its answer is too long")
                kind = response.headers.get("content-type", "").partition(";")[0].strip()
                return response.status_code, kind, bytes(body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise WitnessUnavailable(f"{type(error).__name__}: {error}".strip(": ")) from error


def witnesses_of(policy: Policy) -> list[HttpWitness]:
    """The policy's witnesses that have an address; the others sign elsewhere."""
    found = []
    for key in policy.witnesses:
        url = policy.url(key)
        if url is not None:
            found.append(HttpWitness(key, url))
    return found


@cache
def _tls() -> SSLContext:
    """Made once: reading the trusted certificates takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)


def _size(body: bytes) -> int:
    try:
        return parse_size(body.decode("ascii").removesuffix("\n"))
    except (NoteRefused, UnicodeDecodeError):
        raise WitnessUnavailable("its answer is no size") from None
