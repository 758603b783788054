"""Threads of one process are kept apart as processes are on AWS."""

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics
from chalice.app import Chalice

from infra.local.isolation import log_keys_per_thread, metrics_per_thread, request_per_thread
from infra.local.logfile import LineFile


def test_the_app_is_itself_again_afterwards() -> None:
    app = Chalice("tiny", configure_logs=False, env={})
    with request_per_thread(app):
        app.current_request = "mine"
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: app.current_request).result() is None
        assert app.current_request == "mine"
    assert type(app) is Chalice
    assert "current_request" not in vars(app)


def test_each_thread_flushes_its_own_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = Metrics(namespace="Test", service="test")
    everyone = threading.Barrier(2)

    def count(name: str) -> None:
        metrics.add_dimension("function", name)
        metrics.add_metric(name, "Count", 1)
        everyone.wait(5)
        metrics.flush_metrics()

    with metrics_per_thread(metrics), ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(count, name) for name in ("one", "two")]:
            each.result()
    lines = [json.loads(line) for line in capsys.readouterr().out.replace("}{", "}\n{").splitlines() if line]
    assert sorted(line["function"] for line in lines) == ["one", "two"]
    assert all(line[line["function"]] == [1.0] and line["service"] == "test" for line in lines)


def test_each_thread_logs_its_own_keys() -> None:
    stream = io.StringIO()
    logger = Logger(service="test-isolation", level="INFO", stream=stream)
    both_appended = threading.Barrier(2)

    def speak(name: str) -> None:
        logger.append_keys(function=name)
        both_appended.wait(5)
        logger.info(name)

    with log_keys_per_thread(logger), ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(speak, name) for name in ("one", "two")]:
            each.result()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == 2
    assert all(line["function"] == line["message"] for line in lines)


class _Slow:
    """Records what is written, and lets another thread in between any two writes."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def test_lines_of_many_threads_stay_whole() -> None:
    target: Any = _Slow()
    lines = LineFile(target)

    def speak(letter: str) -> None:
        for _ in range(200):
            print(letter * 10, letter * 10, file=lines)

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(speak, letter) for letter in "abcd"]:
            each.result()
    assert set(target.text.splitlines()) == {f"{letter * 10} {letter * 10}" for letter in "abcd"}
