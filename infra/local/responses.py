"""API Gateway's own answers (no token, no such route, too large …), rendered from infra/resources/gateway.yaml."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from infra.local.messages import HttpAnswer

# What API Gateway answers unless a GatewayResponse sets another status.
STATUS_BY_KIND = {
    "ACCESS_DENIED": HTTPStatus.FORBIDDEN,
    "API_CONFIGURATION_ERROR": HTTPStatus.INTERNAL_SERVER_ERROR,
    "AUTHORIZER_CONFIGURATION_ERROR": HTTPStatus.INTERNAL_SERVER_ERROR,
    "AUTHORIZER_FAILURE": HTTPStatus.INTERNAL_SERVER_ERROR,
    "DEFAULT_4XX": HTTPStatus.BAD_REQUEST,
    "DEFAULT_5XX": HTTPStatus.BAD_GATEWAY,  # a Lambda that failed, or whose answer is none
    "INTEGRATION_TIMEOUT": HTTPStatus.GATEWAY_TIMEOUT,
    "MISSING_AUTHENTICATION_TOKEN": HTTPStatus.FORBIDDEN,
    "REQUEST_TOO_LARGE": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "UNAUTHORIZED": HTTPStatus.UNAUTHORIZED,
}
HEADER = "gatewayresponse.header."
AUTHORIZER_VALUE = re.compile(r"\$context\.authorizer\.(\w+)")
NO_CONTEXT: Mapping[str, str] = {}


class GatewayResponses:
    """The GatewayResponse resources of a template, by response type."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        declared = [
            resource["Properties"]
            for resource in template["Resources"].values()
            if resource["Type"] == "AWS::ApiGateway::GatewayResponse"
        ]
        self._by_kind = {properties["ResponseType"]: properties for properties in declared}

    def render(
        self,
        kind: str,
        message: str,
        *,
        request_id: str = "",
        status: int | None = None,
        authorizer: Mapping[str, str] = NO_CONTEXT,
    ) -> HttpAnswer:
        """The answer to an error of this kind. `status` is what AWS would say if the template does not."""
        usual = status or STATUS_BY_KIND[kind]
        default = "DEFAULT_4XX" if usual < HTTPStatus.INTERNAL_SERVER_ERROR else "DEFAULT_5XX"
        response = self._by_kind.get(kind) or self._by_kind.get(default) or {}
        body = response.get("ResponseTemplates", {}).get(
            "application/json", '{"message":$context.error.messageString}'
        )
        return HttpAnswer(
            status=int(response.get("StatusCode", usual)),
            headers=_headers(response.get("ResponseParameters", {})),
            body=_filled(body, kind, message, request_id, authorizer).encode(),
        )


def _headers(parameters: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Static values stand in single quotes; ours are all static."""
    given = {name.removeprefix(HEADER): value.strip("'") for name, value in parameters.items()}
    return tuple({"Content-Type": "application/json", **given}.items())


def _filled(body: str, kind: str, message: str, request_id: str, authorizer: Mapping[str, str]) -> str:
    """Values go in as they are, quoted or not: API Gateway does no more."""
    variables = {
        "$context.error.messageString": json.dumps(message),  # longer names first: they begin alike
        "$context.error.message": message,
        "$context.error.responseType": kind,
        "$context.requestId": request_id,
    }
    for name, value in variables.items():
        body = body.replace(name, value)
    return AUTHORIZER_VALUE.sub(lambda found: authorizer.get(found[1], ""), body)
