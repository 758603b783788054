"""Verify what Rollcall has signed.

python -m infra.verify receipt FILE        a receipt, or the whole answer of the API that it came in
python -m infra.verify audit [--day DAY]   the audit log against its sealed digests: one day, or all
python -m infra.verify key                 the public key, to be kept elsewhere and given as --key FILE

The audit log and the key are those of the deployment that ROLLCALL_* and AWS's own settings point at. Exits with 1 for
what is not as it was signed, and with 2 for what cannot be read.
"""

import argparse
import base64
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError

from chalicelib import wiring
from chalicelib.domain.audit import SealedDay, differences, root_of
from chalicelib.domain.canonical import sha256_of
from chalicelib.domain.errors import DigestNotFound
from chalicelib.domain.signing import Signature, Signed, signed_bytes

UNREADABLE = 2


def public_key(kms: Any, key_id: str) -> bytes:
    key: bytes = kms.get_public_key(KeyId=key_id)["PublicKey"]
    return key


def verified(signed: Signed, key: bytes) -> bool:
    """Whether the document is as the key's owner signed it. `key`: the public half, DER or PEM."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

    load = load_pem_public_key if key.startswith(b"-----") else load_der_public_key
    loaded = load(key)
    if not isinstance(loaded, EllipticCurvePublicKey):
        raise ValueError("The key is none of an elliptic curve.")  # noqa: TRY004  # it is what was given, not its type
    try:
        loaded.verify(
            base64.b64decode(signed.signature.value), signed_bytes(signed.document), ECDSA(SHA256())
        )
    except InvalidSignature:
        return False
    return True


def signed_of(stored: Any) -> Signed:
    """From JSON as the API answers it. Raises KeyError, TypeError for what is no receipt."""
    receipt = stored.get("receipt") or stored
    return Signed(receipt["document"], Signature(**receipt["signature"]))


def audit_faults(key: bytes, only: date | None = None) -> Iterator[str]:
    """What is wrong with the audit log, day by day; nothing if all of it is as it was sealed."""
    days = wiring.seals().days()
    if only is not None and only not in days:
        yield f"{only}: not sealed"
    previous: Signed | None = None
    for day in days:
        sealed = _sealed(day)
        if only in (None, day):
            yield from (f"{day}: {fault}" for fault in _faults(day, sealed, previous, key))
        previous = wiring.seals().digest(day)


def _sealed(day: date) -> SealedDay | None:
    try:
        return wiring.seals().get(day)
    except DigestNotFound:
        return None


def _faults(day: date, sealed: SealedDay | None, previous: Signed | None, key: bytes) -> Iterator[str]:
    digest = wiring.seals().digest(day)
    document = digest.document
    if not verified(digest, key):
        yield "the digest's signature is not the key's"
    if document["day"] != day.isoformat():
        yield f"the digest is that of {document['day']}"
    if previous is not None and document["previous"] != sha256_of(previous.document):
        yield "the digest does not follow on the one before: a day was replaced or is missing"
    if sealed is None:
        yield "the object with its lines is missing"
        return
    if sealed.digest.document != document or root_of(sealed.lines) != document["root"]:
        yield "the lines are not those of the digest"
        return
    yield from differences(sealed.lines, [entry.line for entry in wiring.audit().of_day(day)])


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return _verify(options)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"cannot be read: {type(error).__name__}: {error}", file=sys.stderr)
    except BotoCoreError as error:
        print(f"the deployment's key cannot be had ({error}); give it as --key FILE", file=sys.stderr)
    return UNREADABLE


def _verify(options: argparse.Namespace) -> int:
    if options.what == "receipt":
        signed = signed_of(json.loads(options.file.read_text(encoding="utf-8")))
        key = _key(options, signed.signature.key_id)
        good = verified(signed, key)
        print("OK" if good else "NOT as it was signed", signed.document["person_id"])
        return 0 if good else 1
    key = _key(options, wiring.settings().signing_key)
    if options.what == "key":
        print(_pem(key))
        return 0
    faults = list(audit_faults(key, options.day))
    print("\n".join(faults) or "OK")
    return 1 if faults else 0


def _key(options: argparse.Namespace, key_id: str) -> bytes:
    if options.key is not None:
        given: bytes = options.key.read_bytes()
        return given
    import boto3

    return public_key(boto3.session.Session().client("kms"), key_id)


def _pem(key: bytes) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

    pem = load_der_public_key(key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode().strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Verify what Rollcall has signed.")
    parser.add_argument("--key", type=Path, help="a public key that was kept, instead of the deployment's")
    what = parser.add_subparsers(dest="what", required=True)
    receipt = what.add_parser("receipt", help="a receipt of an erasure")
    receipt.add_argument("file", type=Path)
    audit = what.add_parser("audit", help="the audit log against its digests")
    audit.add_argument("--day", type=date.fromisoformat)
    what.add_parser("key", help="print the public key")
    return parser


if __name__ == "__main__":
    sys.exit(main())
