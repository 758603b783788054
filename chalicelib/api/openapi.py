"""The OpenAPI 3.1 document, made from the routes as they are declared. It is never written by hand."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from chalicelib.api.errors import PROBLEM_JSON, status_of
from chalicelib.api.routes import JSON, Operation, operations
from chalicelib.domain import errors
from chalicelib.domain.errors import RollcallError

VERSION = "1.0.0"
ABOUT = (
    "Attendance by face. Errors are RFC 9457 problems with a stable code; lists are read page by page with a cursor; "
    "a POST sent again under its Idempotency-Key makes nothing twice."
)
TEXT = {"type": "string"}
REF = "#/components/schemas/{model}"
PLACEHOLDER = re.compile(r"\{(\w+)\}")

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; `detail` is for people; `errors` names the fields that are wrong.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "required": ["field", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "code", "detail"],
}


def openapi() -> dict[str, Any]:
    """The document as JSON types, in the order of the routes' paths."""
    declared = sorted(operations.values(), key=lambda operation: (operation.path, operation.method))
    schemas, refs = _schemas(declared)
    paths: dict[str, dict[str, Any]] = {}
    for operation in declared:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rollcall",
            "version": VERSION,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": PROBLEM},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An ID token of the sign-in, or a token of ours for a camera or the first admin.",
                }
            },
        },
    }


Ref = tuple[Any, JsonSchemaMode]


def _schemas(declared: Iterable[Operation]) -> tuple[dict[str, Any], Mapping[Ref, dict[str, Any]]]:
    used: dict[Ref, None] = {}
    for operation in declared:
        if operation.body is not None:
            used[operation.body, "validation"] = None
        if operation.out is not None:
            used[operation.out, "serialization"] = None
    refs, definitions = models_json_schema(list(used), ref_template=REF)
    return definitions.get("$defs", {}), refs


def _operation(operation: Operation, refs: Mapping[Ref, dict[str, Any]]) -> dict[str, Any]:
    summary, _, rest = operation.description.partition("\n")
    roles = (
        ", ".join(f"{role} ({reach})" for role, reach in operation.rule.items()) or "anybody, without a token"
    )
    out: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": summary,
        "description": "\n\n".join(part for part in (rest.strip(), f"For {roles}.") if part),
        "parameters": [*_path_parameters(operation), *_query_parameters(operation), *_headers(operation)],
        "responses": {**_answers(operation, refs), **_problems(operation)},
        "security": [{"token": []}] if operation.rule else [],
    }
    if operation.body is not None:
        out["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": refs[operation.body, "validation"]}},
        }
    elif operation.takes != (JSON,):
        out["requestBody"] = {"required": True, "content": {kind: {} for kind in operation.takes}}
    return out


def _path_parameters(operation: Operation) -> Iterable[dict[str, Any]]:
    for name in PLACEHOLDER.findall(operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(operation: Operation) -> Iterable[dict[str, Any]]:
    if operation.query is None:
        return
    schema = operation.query.model_json_schema(ref_template=REF)
    for name, field in schema.get("properties", {}).items():
        # A query has no null: what may be left out is told by `required`.
        options = [option for option in field.pop("anyOf", []) if option != {"type": "null"}]
        merged = {**field, **(options[0] if len(options) == 1 else {"anyOf": options} if options else {})}
        if merged.get("default", ...) is None:
            del merged["default"]
        yield {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": merged}


def _headers(operation: Operation) -> Iterable[dict[str, Any]]:
    if operation.method == "POST" and operation.rule:
        yield _header(
            "Idempotency-Key", "The same request under the same key is done once.", {"maxLength": 255}
        )
    if operation.edits:
        yield _header(
            "If-Match",
            "The ETag that was read: 412 if it has changed since.",
            {"pattern": '^(\\*|(W/)?"[0-9]{1,18}")$'},
        )


def _header(name: str, description: str, limits: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "string", **limits}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _answers(operation: Operation, refs: Mapping[Ref, dict[str, Any]]) -> dict[str, Any]:
    if operation.out is None and not operation.also:
        return {"204": {"description": "Done."}}
    content: dict[str, Any] = {kind: {"schema": {} if kind == JSON else TEXT} for kind in operation.also}
    if operation.out is not None:
        content[JSON] = {"schema": refs[operation.out, "serialization"]}
    return {str(operation.status): {"description": HTTPStatus(operation.status).phrase, "content": content}}


def _problems(operation: Operation) -> dict[str, Any]:
    """By status, with the codes that it may carry where the route names them."""
    codes: dict[int, set[str]] = {}
    for error in (*_errors_of_every(operation), *operation.errors):
        codes.setdefault(status_of(error).value, set()).add(error.code)
    return {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(sorted(found))}",
            "content": {PROBLEM_JSON: {"schema": {"$ref": REF.format(model="Problem")}}},
        }
        for status, found in sorted(codes.items())
    }


def _errors_of_every(operation: Operation) -> Iterable[type[RollcallError]]:
    """What a route may answer because of its kind, whatever it does."""
    if not operation.rule:
        return
    yield from (
        errors.InvalidToken,
        errors.TokenExpired,
        errors.NotInvited,
        errors.Forbidden,
        errors.Contention,
    )
    yield from (errors.InvalidRequest, errors.PayloadTooLarge, errors.UnsupportedMediaType)
    if "{" in operation.path:
        yield errors.NotFound
    if operation.method == "POST":
        yield errors.IdempotencyKeyReused
    if operation.edits:
        yield errors.PreconditionFailed
