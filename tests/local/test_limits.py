"""API Gateway's and Lambda's limits hold here too: 10 MB, 6 MB after base64, 29 seconds."""

import json
import time
from typing import Any

MIB = 1024 * 1024
PICTURE = {"Content-Type": "image/jpeg"}


def test_a_picture_of_four_and_a_half_megabytes_fits(site: Any) -> None:
    size = int(4.4 * MIB)
    status, _, body = site.ask("POST", "/echo", b"\xff" * size, PICTURE)
    assert (status, json.loads(body)) == (200, {"bytes": size})


def test_a_picture_over_six_megabytes_after_base64_is_too_large(site: Any, tiny: Any) -> None:
    status, _, body = site.ask("POST", "/echo", b"\xff" * int(4.6 * MIB), PICTURE)
    assert (status, json.loads(body)["code"]) == (413, "payload_too_large")
    assert "presigned" in json.loads(body)["detail"]
    assert tiny.events == []


def test_a_body_over_ten_megabytes_is_refused_and_the_client_gets_to_read_that(site: Any) -> None:
    status, headers, body = site.ask("POST", "/echo", b"\xff" * (30 * MIB), PICTURE)
    assert (status, json.loads(body)["code"], headers["Connection"]) == (413, "payload_too_large", "close")


def test_an_answer_over_six_megabytes_is_dropped(site: Any) -> None:
    status, _, body = site.ask("GET", "/huge")
    assert (status, json.loads(body)["code"]) == (502, "internal_error")


def test_a_function_that_takes_too_long_is_given_up_on(serve: Any) -> None:
    with serve(timeout_seconds=0.2) as site:
        started = time.monotonic()
        status, _, body = site.ask("GET", "/late/one")
        assert (status, json.loads(body)["code"]) == (504, "timed_out")
        assert time.monotonic() - started < 5
