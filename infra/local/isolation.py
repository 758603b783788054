"""On AWS every concurrent invocation has a process of its own; here they are threads of one. Keep them apart."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider
from chalice.app import Chalice


@contextmanager
def request_per_thread(app: Chalice) -> Iterator[None]:
    """While this lasts, `app.current_request` and `app.lambda_context` are those of the calling thread.

    Chalice keeps them on the app object, where concurrent requests would see each other's.
    """
    original = app.__class__
    members = {"current_request": _PerThread(), "lambda_context": _PerThread()}
    app.__class__ = type(original.__name__, (original,), members)
    try:
        yield
    finally:
        app.__class__ = original


@contextmanager
def metrics_per_thread(metrics: Metrics) -> Iterator[None]:
    """While this lasts, each thread gathers and flushes its own metrics. They share one dictionary otherwise."""
    original = metrics.provider
    metrics.provider = _ProviderPerThread(namespace=original.namespace, service=original.service)
    try:
        yield
    finally:
        metrics.provider = original


@contextmanager
def log_keys_per_thread(logger: Logger) -> Iterator[None]:
    """While this lasts, a key that a thread appends stands in that thread's lines only."""
    logger.append_keys = logger.thread_safe_append_keys  # type: ignore[method-assign]
    try:
        yield
    finally:
        del logger.append_keys


class _PerThread:
    """A data descriptor: what is set on the instance lives in the setting thread only."""

    def __init__(self) -> None:
        self._values = threading.local()

    def __get__(self, instance: object, owner: type) -> Any:
        return getattr(self._values, "value", None)

    def __set__(self, instance: object, value: Any) -> None:
        self._values.value = value


class _ProviderPerThread(threading.local, AmazonCloudWatchEMFProvider):
    """threading.local runs __init__ anew in each thread, and so gives each empty sets."""
