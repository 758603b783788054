"""Limit how often somebody exports: a stolen sign-in shall not carry a school away, nor send its bill up."""

from chalicelib.domain.access import Caller
from chalicelib.services.ports import RateLimits

EXPORTS, PAGES, WINDOW_SECONDS = 60, 6000, 3600
"""Of one caller: an office answers dozens of requests on a bad day.

A person of five years and several courses has some hundreds of pages."""


def limit_exports(caller: Caller, *, first_page: bool, limits: RateLimits) -> None:
    """Whose export it is does not matter. Raises TooManyRequests."""
    if first_page:
        limits.take(f"exports#{caller.subject}", EXPORTS, WINDOW_SECONDS)
    else:
        limits.take(f"export_pages#{caller.subject}", PAGES, WINDOW_SECONDS)
