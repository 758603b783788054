"""/v1/health: whether the API answers at all. It touches nothing behind it."""

from chalicelib.api.routes import PUBLIC, ApiRequest, Routes

health = Routes(__name__)


@health.route("/v1/health", methods=["GET"], roles=PUBLIC)
def get_health(_: ApiRequest) -> dict[str, str]:
    return {"status": "ok"}
