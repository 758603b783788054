"""Tokens and cameras in DynamoDB. Only the SHA-256 of a token is stored: 256 random bits need no slow hash."""

from datetime import datetime, timedelta
from hashlib import sha256

from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import CAMERA, CameraRecord, IdempotencyKeyRecord, TokenRecord
from chalicelib.adapters.dynamo.transactions import Transaction, conditional
from chalicelib.domain.access import Caller, Camera, Role
from chalicelib.domain.errors import CameraNotFound, IdempotencyKeyReused
from chalicelib.services.ports import Page

KEY_LIFE = timedelta(days=1)


class DynamoAccess:
    def caller(self, token: str) -> Caller | None:
        try:
            record = TokenRecord.get(_token_id(token), consistent_read=True)
        except TokenRecord.DoesNotExist:
            return None
        return Caller(subject=record.subject, role=Role(record.role))

    def add_token(self, token: str, caller: Caller) -> None:
        TokenRecord(_token_id(token), subject=caller.subject, role=caller.role.value).save()

    def add_camera(self, camera: Camera, token: str) -> None:
        record = CameraRecord(
            id=f"camera#{camera.camera_id}",
            created_at=camera.created_at,
            name=camera.name,
            course_ids=set(camera.course_ids),
            token_id=_token_id(token),
        )
        transaction = Transaction()
        try:
            before = CameraRecord.get(record.id, consistent_read=True)
        except CameraRecord.DoesNotExist:
            transaction.put(record, CameraRecord.id.does_not_exist())
        else:
            transaction.delete(TokenRecord(before.token_id))
            transaction.put(record, CameraRecord.token_id == before.token_id)
        transaction.put(TokenRecord(_token_id(token), subject=camera.camera_id, role=Role.CAMERA.value))
        transaction.commit()

    def camera(self, camera_id: str) -> Camera:
        return _camera(self._record(camera_id))

    def cameras(self, limit: int, cursor: str | None) -> Page[Camera]:
        keys = ("kind", "created_at", "id")
        return read_page(CameraRecord.by_kind.query, CAMERA, _camera, limit, cursor, keys=keys)

    def revoke_camera(self, camera_id: str, at: datetime) -> None:
        record = self._record(camera_id)
        missing = CameraNotFound(f"There is no camera {camera_id}.")
        transaction = Transaction()
        transaction.delete(TokenRecord(record.token_id))
        first = CameraRecord.revoked_at.set(CameraRecord.revoked_at | at)
        transaction.update(CameraRecord(record.id), [first], CameraRecord.id.exists(), missing)
        transaction.commit()

    def claim_key(self, seed: str, fingerprint: str, now: datetime) -> None:
        record = IdempotencyKeyRecord(
            f"idempotency#{seed}", fingerprint=fingerprint, expires_at=now + KEY_LIFE
        )
        free = (
            IdempotencyKeyRecord.id.does_not_exist()
            | (IdempotencyKeyRecord.expires_at < now)
            | (IdempotencyKeyRecord.fingerprint == fingerprint)
        )
        conditional(
            lambda: record.save(condition=free),
            IdempotencyKeyReused("This Idempotency-Key was used for another request within the last day."),
        )

    def _record(self, camera_id: str) -> CameraRecord:
        try:
            return CameraRecord.get(f"camera#{camera_id}", consistent_read=True)
        except CameraRecord.DoesNotExist as error:
            raise CameraNotFound(f"There is no camera {camera_id}.") from error


def _token_id(token: str) -> str:
    return f"token#{sha256(token.encode()).hexdigest()}"


def _camera(record: CameraRecord) -> Camera:
    return Camera(
        camera_id=record.id.removeprefix("camera#"),
        name=record.name,
        course_ids=frozenset(record.course_ids),
        created_at=record.created_at,
        revoked_at=record.revoked_at,
    )
