"""RFC 3161 time stamps of a head, by an authority that OpenSSL plays."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ops.home import opened
from ops.timestamping import TimestampRefused, request, verified
from tests.integration.cli import ok, run

JSON = ("--format", "json")
EN = ("--lang", "en")
NOW = datetime.now(UTC)
CONFIG = """
[tsa]
default_tsa = local
[local]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


def certificate(
    name: str, key: rsa.RSAPrivateKey, issuer: str, signer: rsa.RSAPrivateKey, *, root: bool
) -> bytes:
    """A root's or a time-stamping authority's, PEM."""

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    stamping = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING])
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(not root, False, False, False, False, root, root, False, False),
            critical=True,
        )
    )
    if not root:
        builder = builder.add_extension(stamping, critical=True)
    made = builder.sign(signer, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a root certificate, and an authority that it vouches for."""
    folder = tmp_path_factory.mktemp("authority")
    root, tsa = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    (folder / "root.pem").write_bytes(certificate("root", root, "root", root, root=True))
    (folder / "tsa.pem").write_bytes(certificate("tsa", tsa, "root", root, root=False))
    (folder / "tsa.key").write_bytes(
        tsa.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / "config").write_text(CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    return folder


def stamp(openssl: Path, authority: Path, asked: Path, answer: Path) -> None:
    reply = (openssl, "ts", "-reply", "-config", authority / "config", "-section", "local")
    subprocess.run(
        [*reply, "-queryfile", asked, "-out", answer],
        check=True,
        capture_output=True,
    )


def test_a_head_is_stamped_and_the_stamp_shown(
    tmp_path: Path, openssl: Path, authority: Path
) -> None:
    home, asked, answer = tmp_path / "home", tmp_path / "asked", tmp_path / "answer"
    ok(home, "init")
    ok(home, "key", "generate", "--as", "officer-1")
    size = ok(home, "checkpoint", "sign", *JSON).json["size"]
    ok(home, "checkpoint", "timestamp-request", str(asked))
    stamp(openssl, authority, asked, answer)
    root = ("--root", str(authority / "root.pem"))

    ok(home, "key", "rotate", "--as", "officer-1")
    ok(home, "checkpoint", "sign")
    wrong = run(home, "checkpoint", "timestamp-add", str(answer), *root, *EN)
    assert wrong.status == 2
    assert "timestamp-refused" in wrong.err
    assert ok(home, "checkpoint", "show", *JSON).json["timestamp"] is None

    at = ("--size", str(size))
    kept = ok(home, "checkpoint", "timestamp-add", str(answer), *root, *at, *JSON).json
    shown = ok(home, "checkpoint", "show", str(size), *JSON).json["timestamp"]
    assert shown["time"] == kept["time"]
    assert abs(datetime.fromisoformat(kept["time"]) - NOW) < timedelta(hours=1)
    assert "time stamp" in ok(home, "checkpoint", "show", str(size), *EN).text
    with opened(home) as found:
        note = found.signer().head(size).note
    assert verified(answer.read_bytes(), note, (authority / "root.pem").read_bytes())


def test_another_root_another_text_and_a_changed_answer_are_refused(
    tmp_path: Path, openssl: Path, authority: Path
) -> None:
    (tmp_path / "asked").write_bytes(request(b"a note"))
    stamp(openssl, authority, tmp_path / "asked", tmp_path / "answer")
    answer, root = (tmp_path / "answer").read_bytes(), (authority / "root.pem").read_bytes()
    verified(answer, b"a note", root)
    other = rsa.generate_private_key(65537, 2048)
    stranger = certificate("root", other, "root", other, root=True)
    with pytest.raises(TimestampRefused):
        verified(answer, b"a note", stranger)
    with pytest.raises(TimestampRefused, match="Mismatch"):
        verified(answer, b"another note", root)
    with pytest.raises(TimestampRefused):
        verified(answer[:-1] + bytes([answer[-1] ^ 1]), b"a note", root)
    with pytest.raises(TimestampRefused, match="not a TimeStampResp"):
        verified(b"nonsense", b"a note", root)
