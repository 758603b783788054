"""The code of each session in DynamoDB, beside the session: a new one takes the place of the one before."""

from dataclasses import asdict
from datetime import timedelta

from chalicelib.adapters.dynamo.records import CODE, CodeRecord
from chalicelib.domain.codes import Code
from chalicelib.settings import CODE_DAYS

KEPT = timedelta(days=CODE_DAYS)  # once it is no good any more, well after any clock's idea of that


class DynamoCodes:
    def put(self, code: Code) -> None:
        CodeRecord(**asdict(code), kept_until=code.expires_at + KEPT).save()

    def get(self, session_id: str) -> Code | None:
        try:
            record = CodeRecord.get(session_id, CODE, consistent_read=True)
        except CodeRecord.DoesNotExist:
            return None
        return Code(
            session_id=record.session_id,
            salt=record.salt,
            digest=record.digest,
            issued_by=record.issued_by,
            issued_at=record.issued_at,
            expires_at=record.expires_at,
        )
