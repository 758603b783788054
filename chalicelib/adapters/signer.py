"""Signatures by a key that never leaves AWS KMS."""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.signing import Signature, Signed, signed_bytes

if TYPE_CHECKING:
    from botocore.client import BaseClient

ALGORITHM = "ECDSA_SHA_256"


class KmsSigner:
    def __init__(self, kms: "BaseClient", key: str) -> None:
        self._kms: Any = kms
        self._key = key

    def sign(self, document: Mapping[str, Any]) -> Signed:
        answer = self._kms.sign(
            KeyId=self._key,
            Message=signed_bytes(document),
            MessageType="RAW",
            SigningAlgorithm=ALGORITHM,
        )
        value = base64.b64encode(answer["Signature"]).decode()
        return Signed(document, Signature(answer["KeyId"], ALGORITHM, value))
