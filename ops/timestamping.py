"""RFC 3161 time stamps over signed heads: what one gives to an authority, and checks of its answer.

A time stamp says that a head existed at a time, in the words of somebody who knows neither the log
nor its witnesses. Requests and answers are files: this program talks to no authority itself. What
is stamped is the note with the log's own signatures, which no cosignature changes later. There is
no nonce: the answer may come weeks after the question, and no two heads have the same imprint.
"""

from datetime import UTC, datetime

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from ledger.domain.errors import InvalidValue, LedgerError


class TimestampRefused(LedgerError):
    code, zh, en = (
        "timestamp-refused",
        "时间戳未通过核验:{reason}",
        "the time stamp does not verify: {reason}",
    )


def request(note: bytes) -> bytes:
    """A TimeStampReq, DER, of the note's SHA-256, asking for the authority's certificates."""
    builder = TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256)
    asked = builder.nonce(nonce=False).cert_request(cert_request=True).build()
    return asked.as_bytes()


def verified(response: bytes, note: bytes, roots: bytes) -> datetime:
    """The time that the authority states for the note.

    ``response`` is a TimeStampResp, DER; ``roots`` are the certificates, PEM, of those who are
    trusted to vouch for time-stamping authorities. Raises :class:`TimestampRefused`.
    """
    try:
        trusted = x509.load_pem_x509_certificates(roots)
    except ValueError:
        raise InvalidValue(field="--root", value="PEM") from None
    builder = VerifierBuilder()
    for certificate in trusted:
        builder = builder.add_root_certificate(certificate)
    decoded = _decoded(response)
    try:
        builder.build().verify_message(decoded, note)
    except (VerificationError, ValueError) as error:
        raise TimestampRefused(reason=str(error)) from None
    return _utc(decoded.tst_info.gen_time)


def stated(response: bytes) -> datetime:
    """The time of an answer that was verified when it was added. Raises :class:`TimestampRefused`.

    Who does not trust this program verifies the answer anew, as with ``openssl ts -verify``.
    """
    return _utc(_decoded(response).tst_info.gen_time)


def _decoded(response: bytes) -> TimeStampResponse:
    try:
        return decode_timestamp_response(response)
    except ValueError as error:
        raise TimestampRefused(reason=f"not a TimeStampResp: {error}") from None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
