"""Tokens, identities and cameras in DynamoDB.

Only the SHA-256 of a token is stored: 256 random bits need no slow hash.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import (
    ADMIN,
    CAMERA,
    IDENTITY,
    PERSON,
    CameraRecord,
    IdempotencyKeyRecord,
    IdentityRecord,
    OwnIdentityRecord,
    PersonRecord,
    TokenRecord,
)
from chalicelib.adapters.dynamo.transactions import Transaction, conditional
from chalicelib.domain.access import Account, Caller, Camera, Identity, Role
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import (
    CameraNotFound,
    Contention,
    IdempotencyKeyReused,
    IdentityNotFound,
    IdentityTaken,
    PersonNotFound,
)
from chalicelib.services.ports import Page
from chalicelib.settings import COUNTER_DAYS

KEY_LIFE = timedelta(days=COUNTER_DAYS)


class DynamoAccess:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def caller(self, token: str) -> Caller | None:
        try:
            record = TokenRecord.get(_token_id(token), consistent_read=True)
        except TokenRecord.DoesNotExist:
            return None
        if not self._is_good(record):
            return None
        role = Role(record.role)
        return Caller(record.subject, role, token_id=record.id if role is Role.CAMERA else None)

    def add_token(
        self, token: str, caller: Caller, created_at: datetime, expires_at: datetime | None
    ) -> None:
        kind = ADMIN if caller.role is Role.ADMIN else None
        TokenRecord(
            _token_id(token),
            subject=caller.subject,
            role=caller.role.value,
            kind=kind,
            created_at=created_at,
            expires_at=expires_at,
        ).save()

    def has_admin(self) -> bool:
        return any(self._is_good(record) for record in TokenRecord.by_kind.query(ADMIN))

    def add_camera(self, camera: Camera, token: str) -> None:
        record = CameraRecord(
            id=f"camera#{camera.camera_id}",
            created_at=camera.created_at,
            name=camera.name,
            course_ids=set(camera.course_ids) or None,
            rooms=set(camera.rooms) or None,
            token_id=_token_id(token),
        )
        transaction = Transaction()
        transaction.put(record, CameraRecord.id.does_not_exist(), _AddedError())
        transaction.put(_camera_token(camera.camera_id, token))
        try:
            transaction.commit()
        except _AddedError:
            self.replace_camera_token(camera.camera_id, token)

    def camera(self, camera_id: str) -> Camera:
        return _camera(self._record(camera_id))

    def cameras(self, limit: int, cursor: str | None) -> Page[Camera]:
        keys = ("kind", "created_at", "id")
        return read_page(CameraRecord.by_kind.query, CAMERA, _camera, limit, cursor, keys=keys)

    def revoke_camera(self, camera_id: str, at: datetime) -> None:
        record = self._record(camera_id)
        transaction = Transaction()
        transaction.delete(TokenRecord(record.token_id))
        first = CameraRecord.revoked_at.set(CameraRecord.revoked_at | at)
        same = CameraRecord.token_id == record.token_id  # a token issued meanwhile would live on
        transaction.update(CameraRecord(record.id), [first], same, _changed(camera_id))
        transaction.commit()

    def replace_camera_token(self, camera_id: str, token: str) -> None:
        record = self._record(camera_id)
        if record.revoked_at is not None:
            raise CameraNotFound(f"The camera {camera_id} was revoked.")
        transaction = Transaction()
        transaction.delete(TokenRecord(record.token_id))
        transaction.put(_camera_token(camera_id, token))
        same = (CameraRecord.token_id == record.token_id) & CameraRecord.revoked_at.does_not_exist()
        renewed = [CameraRecord.token_id.set(_token_id(token))]
        transaction.update(CameraRecord(record.id), renewed, same, _changed(camera_id))
        transaction.commit()

    def identified(self, account: Account) -> Caller | None:
        try:
            record = IdentityRecord.get(f"{IDENTITY}{account.identity_id}", consistent_read=True)
            person = PersonRecord.get(record.subject, PERSON, consistent_read=True)
        except (IdentityRecord.DoesNotExist, PersonRecord.DoesNotExist):
            return None
        return None if person.archived_at else Caller(record.subject, Role(record.role))

    def link_identity(self, identity: Identity) -> None:
        transaction = Transaction()
        missing = PersonNotFound(f"There is no person {identity.person_id}.")
        transaction.check(
            PersonRecord, (identity.person_id, PERSON), PersonRecord.person_id.exists(), missing
        )
        record = IdentityRecord(
            f"{IDENTITY}{identity.identity_id}",
            subject=identity.person_id,
            role=identity.role.value,
            kind=ADMIN if identity.role is Role.ADMIN else None,
            created_at=identity.linked_at,
        )
        free = IdentityRecord.id.does_not_exist() | (IdentityRecord.subject == identity.person_id)
        transaction.put(record, free, IdentityTaken("This account belongs to another person."))
        transaction.put(
            OwnIdentityRecord(
                identity.person_id,
                f"{IDENTITY}{identity.identity_id}",
                issuer=identity.account.issuer,
                subject=identity.account.subject,
                role=identity.role.value,
                linked_at=identity.linked_at,
            )
        )
        transaction.commit()

    def unlink_identity(self, person_id: str, identity_id: str) -> None:
        key = f"{IDENTITY}{identity_id}"
        missing = IdentityNotFound(f"{person_id} has no identity {identity_id}.")
        transaction = Transaction()
        transaction.delete(IdentityRecord(key), IdentityRecord.subject == person_id, missing)
        transaction.delete(OwnIdentityRecord(person_id, key))
        transaction.commit()

    def identities_of(self, person_id: str) -> tuple[Identity, ...]:
        found = OwnIdentityRecord.query(
            person_id, OwnIdentityRecord.sk.startswith(IDENTITY), consistent_read=True
        )
        return tuple(map(_identity, found))

    def _is_good(self, record: TokenRecord) -> bool:
        """DynamoDB deletes what has expired when it likes."""
        return record.expires_at is None or self._clock() < record.expires_at

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


class _AddedError(Exception):
    """The camera is there already."""


def _token_id(token: str) -> str:
    return f"token#{sha256(token.encode()).hexdigest()}"


def _camera_token(camera_id: str, token: str) -> TokenRecord:
    return TokenRecord(_token_id(token), subject=camera_id, role=Role.CAMERA.value)


def _changed(camera_id: str) -> Contention:
    return Contention(f"{camera_id} was changed by another writer.")


def _camera(record: CameraRecord) -> Camera:
    return Camera(
        camera_id=record.id.removeprefix("camera#"),
        name=record.name,
        course_ids=frozenset(record.course_ids or ()),
        created_at=record.created_at,
        revoked_at=record.revoked_at,
        rooms=frozenset(record.rooms or ()),
        token_id=record.token_id,
    )


def _identity(record: OwnIdentityRecord) -> Identity:
    return Identity(
        account=Account(record.issuer, record.subject),
        person_id=record.person_id,
        role=Role(record.role),
        linked_at=record.linked_at,
    )
