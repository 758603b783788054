"""Verify what Rollcall has signed: `python -m infra.verify receipt FILE`, and the public key to keep."""

import base64
from typing import Any

from chalicelib.domain.signing import Signature, Signed, signed_bytes


def verified(signed: Signed, kms: Any) -> bool:
    """Whether the document is as the key's owner signed it. The key's public half is asked for."""
    return verified_by(signed, kms.get_public_key(KeyId=signed.signature.key_id)["PublicKey"])


def verified_by(signed: Signed, public_key: bytes) -> bool:
    """`public_key`: DER or PEM."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

    load = load_pem_public_key if public_key.startswith(b"-----") else load_der_public_key
    key = load(public_key)
    if not isinstance(key, EllipticCurvePublicKey):
        raise ValueError("The key is none of an elliptic curve.")  # noqa: TRY004
    try:
        key.verify(base64.b64decode(signed.signature.value), signed_bytes(signed.document), ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def signed_of(stored: Any) -> Signed:
    """From JSON as the API answers it."""
    return Signed(stored["document"], Signature(**stored["signature"]))
