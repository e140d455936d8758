"""Verification of Ed25519 against RFC 8032's vectors, another implementation, and hostile keys."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.verify.ed25519 import KeyRefused, require_key, verifies

ORDER = 2**252 + 27742317777372353535851937790883648493

RFC_8032 = [  # section 7.1: public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
        "f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f76098"
        "4dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]

LOW_ORDER = [  # orders 1, 2, 4, 4, 8, 8, 8, 8
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]

NOT_CANONICAL = [  # the same points as some above, with y of p or more, or with a negative zero
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]

KEYS = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(3)]


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_the_vectors_of_rfc_8032(public: str, message: str, signature: str) -> None:
    key, text, signed = map(bytes.fromhex, (public, message, signature))
    Ed25519PublicKey.from_public_bytes(key).verify(signed, text)
    assert verifies(key, text, signed)
    assert not verifies(key, text + b"x", signed)


@pytest.mark.parametrize("public", LOW_ORDER)
def test_a_key_of_low_order_is_refused(public: str) -> None:
    with pytest.raises(KeyRefused, match="low order"):
        require_key(bytes.fromhex(public))


@pytest.mark.parametrize("public", LOW_ORDER[:1])
def test_what_such_a_key_would_let_through(public: str) -> None:
    """R = A = the neutral point and S = 0 satisfy the equation for every text."""
    key = bytes.fromhex(public)
    with pytest.raises(KeyRefused):
        verifies(key, b"any text", key + bytes(32))


@pytest.mark.parametrize("public", [*NOT_CANONICAL, "02" + "00" * 31, "01" * 31])
def test_what_is_not_the_canonical_encoding_of_a_point_is_refused(public: str) -> None:
    with pytest.raises(KeyRefused):
        require_key(bytes.fromhex(public))


@given(st.sampled_from(KEYS), st.binary(max_size=200))
def test_a_genuine_signature_verifies_and_its_twin_does_not(
    key: Ed25519PrivateKey, text: bytes
) -> None:
    """S and S + the group's order satisfy the same equation; only the first is a signature."""
    signature, public = key.sign(text), key.public_key().public_bytes_raw()
    assert verifies(public, text, signature)
    s = int.from_bytes(signature[32:], "little") + ORDER
    assert not verifies(public, text, signature[:32] + s.to_bytes(32, "little"))
    assert not verifies(public, text, signature[:-1])
    assert not verifies(public, text, signature + b"\0")


@given(
    st.sampled_from(KEYS),
    st.binary(min_size=1, max_size=40),
    st.integers(min_value=0),
    st.integers(1, 255),
)
def test_any_changed_byte_is_judged_as_openssl_judges_it(
    key: Ed25519PrivateKey, text: bytes, at: int, change: int
) -> None:
    public = key.public_key().public_bytes_raw()
    whole = bytearray(public + key.sign(text) + text)
    whole[at % len(whole)] ^= change
    changed, signed, told = bytes(whole[:32]), bytes(whole[32:96]), bytes(whole[96:])
    try:
        Ed25519PublicKey.from_public_bytes(changed).verify(signed, told)
        accepted = True
    except (InvalidSignature, ValueError):
        accepted = False
    try:
        assert verifies(changed, told, signed) == accepted
    except KeyRefused:
        assert not accepted
