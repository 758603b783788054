"""Every error has a status and a code of its own."""

from collections.abc import Iterator

from chalicelib.api.errors import STATUS_BY_ERROR, answer, status_of
from chalicelib.domain.errors import Contention, RollcallError, TooManyRequests


def below(error: type[RollcallError]) -> Iterator[type[RollcallError]]:
    for child in error.__subclasses__():
        if child.__module__.startswith("chalicelib."):
            yield child
            yield from below(child)


def test_every_error_has_a_status_that_somebody_chose() -> None:
    for error in below(RollcallError):
        assert 400 <= status_of(error) < 600
        assert any(kind in STATUS_BY_ERROR for kind in error.__mro__ if kind is not RollcallError), error


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in below(RollcallError)]
    assert len(codes) == len(set(codes))


def test_the_tree_in_the_docstring_names_every_error() -> None:
    from chalicelib.domain import errors

    for error in below(RollcallError):
        if error.__module__ == errors.__name__:
            assert error.__name__ in (errors.__doc__ or ""), error


def test_who_may_try_again_is_told_when() -> None:
    def too_many() -> None:
        raise TooManyRequests("Only 3 in 60 seconds.", retry_after_seconds=42)

    def contention() -> None:
        raise Contention

    for view, status, seconds in ((too_many, 429, "42"), (contention, 503, "1")):
        answered = answer(view)
        assert (answered.status_code, answered.headers["Retry-After"]) == (status, seconds)
