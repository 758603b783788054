"""Rollcall on one machine: API Gateway, Lambda's pollers and EventBridge are played here, the rest of AWS by moto."""

from infra.local.stack import LocalStack, Options

__all__ = ["LocalStack", "Options"]
