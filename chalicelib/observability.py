"""One structured log line and one set of metrics per outcome, with ids and figures, never names or pictures."""

import functools
import time
from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

# Powertools reads its service and namespace from POWERTOOLS_* when these are made; neither does I/O.
logger = Logger(service="rollcall")
metrics = Metrics(namespace="Rollcall", service="rollcall")

Handled = TypeVar("Handled")


def instrumented(handler: Callable[[Any, Any], Handled]) -> Callable[[Any, Any], Handled]:
    """For event handlers: app-level middleware does not run there. Place it below the Chalice decorator."""

    @functools.wraps(handler)
    def wrapped(event: Any, context: Any) -> Handled:
        logger.append_keys(function=handler.__name__, request_id=getattr(context, "aws_request_id", None))
        started = time.perf_counter()
        try:
            return handler(event, context)
        except Exception:
            logger.exception("event failed")
            raise
        finally:
            elapsed_ms = (time.perf_counter() - started) * 1000
            metrics.add_dimension("function", handler.__name__)
            metrics.add_metric("Duration", MetricUnit.Milliseconds, elapsed_ms)
            metrics.flush_metrics()

    return wrapped


def count(name: str, value: float = 1) -> None:
    """Add to a counter of the event that is being handled."""
    metrics.add_metric(name, MetricUnit.Count, value)
