"""/openapi.json and /docs: the API's own description, for programs and for people."""

from functools import cache

from chalice.app import Response

from chalicelib.api.docs_page import docs_page
from chalicelib.api.openapi import openapi
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Routes

document = Routes(__name__)

HTML = "text/html"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@cache
def _page() -> str:
    return docs_page(openapi())


@document.route("GET", "/openapi.json", also=["application/json"])
def get_openapi(_: ApiRequest) -> Response:
    """The OpenAPI 3.1 document of this API."""
    return Response(openapi(), headers={"Content-Type": "application/json"})


@document.route("GET", "/docs", also=[HTML])
def get_docs(_: ApiRequest) -> Response:
    """This API on one readable page, without scripts."""
    headers: dict[str, str | list[str]] = {
        "Content-Type": f"{HTML}; charset=utf-8",
        "Content-Security-Policy": POLICY,
    }
    return Response(_page(), headers=headers)
