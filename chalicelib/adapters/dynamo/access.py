"""Tokens and cameras in DynamoDB. Only the SHA-256 of a token is stored: 256 random bits need no slow hash."""

from datetime import datetime
from hashlib import sha256

from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import CAMERA, CameraRecord, TokenRecord
from chalicelib.adapters.dynamo.transactions import Transaction
from chalicelib.domain.access import Caller, Camera, Role
from chalicelib.domain.errors import CameraNotFound
from chalicelib.services.ports import Page


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
        transaction = Transaction()
        transaction.put(
            CameraRecord(
                id=f"camera#{camera.camera_id}",
                created_at=camera.created_at,
                name=camera.name,
                course_ids=set(camera.course_ids),
                token_id=_token_id(token),
            )
        )
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
