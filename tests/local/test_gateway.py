"""The local gateway answers as API Gateway with a Lambda proxy integration does."""

import base64
import json
from typing import Any

import pytest

JPEG = b"\xff\xd8\xff\xe0 not a text \x00\xff"


def test_a_route_is_answered_with_its_request_id(site: Any) -> None:
    status, headers, body = site.ask("GET", "/hello")
    assert (status, json.loads(body)) == (200, {"hello": "world"})
    assert headers["Content-Type"] == "application/json"
    assert len(headers["x-amzn-RequestId"]) == 36


def test_one_slash_at_the_end_makes_no_difference(site: Any) -> None:
    assert site.ask("GET", "/hello/")[0] == 200


def test_a_fixed_segment_wins_over_a_parameter(site: Any) -> None:
    assert json.loads(site.ask("GET", "/things/first")[2]) == {"thing": "the first"}
    assert json.loads(site.ask("GET", "/things/second")[2]) == {"thing": "second"}


def test_a_path_parameter_stays_percent_encoded(site: Any) -> None:
    assert json.loads(site.ask("GET", "/things/a%2Fb%20c")[2]) == {"thing": "a%2Fb%20c"}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nowhere"), ("DELETE", "/hello"), ("GET", "/things/"), ("HEAD", "/hello")]
)
def test_an_unknown_route_or_method_is_not_found_and_never_reaches_the_app(
    site: Any, method: str, path: str
) -> None:
    status, headers, _ = site.ask(method, path, headers={"Authorization": "Bearer good"})
    assert status == 404
    assert headers["Content-Type"] == "application/problem+json"


def test_a_problem_is_told_as_rfc_9457_says(site: Any) -> None:
    problem = json.loads(site.ask("GET", "/nowhere")[2])
    assert problem["type"] == "urn:rollcall:problem:route_not_found"
    assert (problem["status"], problem["code"]) == (404, "route_not_found")
    assert problem["title"]
    assert problem["detail"]


def test_a_picture_arrives_as_base64_and_a_text_as_text(site: Any, tiny: Any) -> None:
    assert json.loads(site.ask("POST", "/echo", JPEG, {"Content-Type": "image/jpeg"})[2]) == {
        "bytes": len(JPEG)
    }
    assert json.loads(site.ask("POST", "/echo", "é".encode(), {"Content-Type": "text/plain"})[2]) == {
        "bytes": 2
    }
    picture, text = tiny.events
    assert (picture["isBase64Encoded"], base64.b64decode(picture["body"])) == (True, JPEG)
    assert (text["isBase64Encoded"], text["body"]) == (False, "é")


def test_the_event_has_what_api_gateway_sends(site: Any, tiny: Any) -> None:
    connection = site.connect()
    connection.putrequest("GET", "/things/one?a=1&a=2&b=&c=x%20y")
    for name, value in [("X-Two", "first"), ("X-Two", "second"), ("User-Agent", "a test")]:
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().read()
    connection.close()
    event = tiny.events[0]
    assert event["resource"] == "/things/{thing}"
    assert (event["path"], event["httpMethod"]) == ("/things/one", "GET")
    assert event["pathParameters"] == {"thing": "one"}
    assert event["queryStringParameters"] == {"a": "2", "b": "", "c": "x y"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""], "c": ["x y"]}
    assert event["headers"]["X-Two"] == "second"
    assert event["multiValueHeaders"]["X-Two"] == ["first", "second"]
    assert (event["body"], event["isBase64Encoded"], event["stageVariables"]) == (None, False, None)
    context = event["requestContext"]
    assert (context["resourcePath"], context["path"], context["stage"]) == (
        "/things/{thing}",
        "/api/things/one",
        "api",
    )
    assert (context["identity"]["sourceIp"], context["identity"]["userAgent"]) == ("127.0.0.1", "a test")
    assert {
        "accountId",
        "apiId",
        "requestId",
        "requestTime",
        "requestTimeEpoch",
        "protocol",
    } <= context.keys()


def test_what_is_absent_is_null_and_not_empty(site: Any, tiny: Any) -> None:
    site.ask("POST", "/echo", None, {"Content-Type": "text/plain"})
    event = tiny.events[0]
    names = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "body")
    assert [event[name] for name in names] == [None] * 4
    assert "authorizer" not in event["requestContext"]


def test_a_binary_answer_is_decoded_only_for_a_client_that_asks_for_it_first(site: Any) -> None:
    assert site.ask("GET", "/picture", headers={"Accept": "image/jpeg"})[2] == JPEG
    # As on AWS: only the first type of Accept counts, and the rest gets the base64 text.
    assert site.ask("GET", "/picture", headers={"Accept": "image/avif,image/jpeg"})[2] == base64.b64encode(
        JPEG
    )


def test_status_and_headers_of_the_answer_are_kept_and_reserved_ones_renamed(site: Any) -> None:
    status, headers, body = site.ask("GET", "/made")
    assert (status, body, headers["Content-Type"], headers["X-One"]) == (201, b"made", "text/plain", "1")
    assert headers.get_all("X-Many") == ["a", "b"]
    assert headers["x-amzn-Remapped-Date"] == "never"


def test_an_answer_without_content_has_no_length(site: Any) -> None:
    status, headers, body = site.ask("DELETE", "/nothing")
    assert (status, body, headers["Content-Length"]) == (204, b"", None)


def test_head_is_answered_without_the_body(site: Any) -> None:
    status, headers, body = site.ask("HEAD", "/made")
    assert (status, headers["Content-Length"], body) == (201, "4", b"")


@pytest.mark.parametrize("status", ["99", "100", "700"])
def test_an_answer_that_is_no_proxy_answer_is_a_bad_gateway(site: Any, status: str) -> None:
    code, headers, body = site.ask("GET", f"/status/{status}")
    assert (code, headers["Content-Type"]) == (502, "application/problem+json")
    assert json.loads(body)["code"] == "internal_error"


def test_a_function_that_fails_is_a_bad_gateway_and_the_next_request_is_served(site: Any, tiny: Any) -> None:
    tiny.app.register_middleware(_unserialisable, "http")
    assert site.ask("GET", "/hello")[0] == 502
    tiny.app.middleware_handlers.clear()
    assert site.ask("GET", "/hello")[0] == 200


def _unserialisable(event: Any, get_response: Any) -> Any:
    response = get_response(event)
    response.headers["X-Set"] = {1, 2}
    return response
