"""The OpenAPI document: valid, committed as it is made, and readable on a page of its own."""

import json
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from chalicelib.api.docs_page import docs_page
from chalicelib.api.openapi import openapi
from chalicelib.api.permissions import PERMISSIONS
from tests.api.conftest import Api

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, object]:
    import app

    assert app.app.routes
    return openapi()


def test_the_document_is_valid(document: dict[str, object]) -> None:
    validate(document, cls=OpenAPIV31SpecValidator)


def test_the_committed_document_is_what_the_code_makes(document: dict[str, object]) -> None:
    """`make openapi` writes it anew: a change of the API shows in the diff."""
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == json.loads(json.dumps(document))


def test_every_route_is_documented_with_a_sentence_and_an_answer(document: dict[str, object]) -> None:
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == set(PERMISSIONS)
    names = [operation["operationId"] for operation in operations.values()]
    assert len(set(names)) == len(names)
    for route, operation in operations.items():
        assert operation["summary"].endswith("."), route
        assert any(status.startswith("2") for status in operation["responses"]), route


def test_it_is_served_with_a_page_that_loads_nothing_from_elsewhere(api: Api) -> None:
    served = api.client.http.get("/openapi.json")
    assert (served.status_code, served.json_body["openapi"]) == (200, "3.1.0")
    page = api.client.http.get("/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script" not in page.headers["Content-Security-Policy"]
    text = page.body.decode()
    assert "<script" not in text
    assert "http://" not in text
    assert "https://" not in text
    assert all(path in text for path in served.json_body["paths"])


def test_the_page_shows_markup_as_text() -> None:
    evil = "<img src=x>"
    operation = {
        "operationId": "x",
        "tags": ["a"],
        "summary": evil,
        "description": evil,
        "parameters": [],
        "responses": {"200": {"description": evil}},
    }
    document = {
        "info": {"title": evil, "version": "1", "description": evil},
        "paths": {f"/{evil}": {"get": operation}},
        "components": {"schemas": {evil: {"description": evil, "properties": {evil: {"type": evil}}}}},
    }
    assert evil not in docs_page(document)
