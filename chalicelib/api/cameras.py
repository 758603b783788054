"""/v1/cameras: devices with a token of their own, shown once."""

from typing import Any

from chalice.app import Response

from chalicelib import wiring
from chalicelib.api.routes import ADMIN, ApiRequest, Routes
from chalicelib.api.schemas import CameraIn, PageQuery, page_out, time_out
from chalicelib.domain.access import Camera
from chalicelib.domain.clock import utc_now
from chalicelib.services.register_camera import register_camera
from chalicelib.services.revoke_camera import revoke_camera

cameras = Routes(__name__)


@cameras.route("/v1/cameras", methods=["POST"], roles=ADMIN)
def post_camera(request: ApiRequest) -> Response:
    body = request.json(CameraIn)
    camera, token = register_camera(
        body.name, body.course_ids, access=wiring.access(), courses=wiring.courses(), clock=utc_now
    )
    return Response(_camera_out(camera) | {"token": token}, status_code=201)


@cameras.route("/v1/cameras", methods=["GET"], roles=ADMIN)
def list_cameras(request: ApiRequest) -> dict[str, Any]:
    query = request.query(PageQuery)
    return page_out(wiring.access().cameras(query.limit, query.cursor), _camera_out)


@cameras.route("/v1/cameras/{camera_id}", methods=["DELETE"], roles=ADMIN)
def delete_camera(_: ApiRequest, camera_id: str) -> dict[str, Any]:
    return _camera_out(revoke_camera(camera_id, access=wiring.access(), clock=utc_now))


def _camera_out(camera: Camera) -> dict[str, Any]:
    return {
        "id": camera.camera_id,
        "name": camera.name,
        "course_ids": sorted(camera.course_ids),
        "created_at": time_out(camera.created_at),
        "revoked_at": time_out(camera.revoked_at),
    }
