"""/v1/health: whether the API answers at all. It touches nothing behind it."""

from typing import Literal

from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Routes
from chalicelib.api.schemas import Out

health = Routes(__name__)


class HealthOut(Out):
    status: Literal["ok"] = "ok"


@health.route("GET", "/v1/health")
def get_health(_: ApiRequest) -> HealthOut:
    """Whether the API answers at all."""
    return HealthOut()
