"""/v1/cameras: devices with a token of their own, shown once."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from chalicelib import wiring
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Routes
from chalicelib.api.schemas import Id, In, Out, PageOut, PageQuery, Text, Time
from chalicelib.domain.access import Camera
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import CourseNotFound, TooManyRequests
from chalicelib.services.register_camera import register_camera
from chalicelib.services.revoke_camera import revoke_camera
from chalicelib.services.rotate_camera_token import rotate_camera_token

cameras = Routes(__name__)


class CameraIn(In):
    """For courses, wherever they meet, or for whatever meets in rooms; at least one of both."""

    name: Text
    rooms: Annotated[frozenset[Text], Field(max_length=100)] = frozenset()
    course_ids: Annotated[frozenset[Id], Field(max_length=100, validate_default=True)] = frozenset()

    @field_validator("course_ids")
    @classmethod
    def _somewhere(cls, course_ids: frozenset[str], others: ValidationInfo) -> frozenset[str]:
        if not course_ids and not others.data.get("rooms", "those that are wrong"):
            raise ValueError("a camera needs a course or a room")
        return course_ids


class CameraOut(Out):
    id: str
    name: str
    course_ids: tuple[str, ...]
    rooms: tuple[str, ...]
    created_at: Time
    revoked_at: Time | None

    @classmethod
    def of(cls, camera: Camera) -> "CameraOut":
        return cls(
            id=camera.camera_id,
            name=camera.name,
            course_ids=tuple(sorted(camera.course_ids)),
            rooms=tuple(sorted(camera.rooms)),
            created_at=camera.created_at,
            revoked_at=camera.revoked_at,
        )


class NewCameraOut(CameraOut):
    """`token` is shown this once."""

    token: str

    @classmethod
    def shown(cls, camera: Camera, token: str) -> "NewCameraOut":
        return cls(**dict(CameraOut.of(camera)), token=token)


@cameras.route("POST", "/v1/cameras", status=201, errors=[CourseNotFound, TooManyRequests])
def post_camera(request: ApiRequest, body: CameraIn) -> NewCameraOut:
    """Register a camera. Its token is shown once; asked again with the same Idempotency-Key, it is replaced."""
    camera, token = register_camera(
        body.name,
        body.course_ids,
        body.rooms,
        by=request.caller.subject,
        access=wiring.access(),
        courses=wiring.courses(),
        limits=wiring.rate_limits(),
        clock=utc_now,
        new_id=request.new_id,
    )
    return NewCameraOut.shown(camera, token)


@cameras.route("GET", "/v1/cameras")
def list_cameras(_: ApiRequest, query: PageQuery) -> PageOut[CameraOut]:
    """List cameras, in the order in which they were registered."""
    page = wiring.access().cameras(query.limit, query.cursor)
    return PageOut(items=tuple(map(CameraOut.of, page.items)), next_cursor=page.cursor)


@cameras.route("POST", "/v1/cameras/{camera_id}/token", status=201, errors=[TooManyRequests])
def post_camera_token(request: ApiRequest, camera_id: str) -> NewCameraOut:
    """Give a camera a new token, shown once. The old one ends at once."""
    camera, token = rotate_camera_token(
        camera_id, by=request.caller.subject, access=wiring.access(), limits=wiring.rate_limits()
    )
    return NewCameraOut.shown(camera, token)


@cameras.route("DELETE", "/v1/cameras/{camera_id}")
def delete_camera(_: ApiRequest, camera_id: str) -> CameraOut:
    """Revoke a camera: its next post is refused."""
    return CameraOut.of(revoke_camera(camera_id, access=wiring.access(), clock=utc_now))
