"""moto's DynamoDB as the local stack and the tests need it: one call at a time, and one copy of a table a transaction.

moto copies every table of a transaction once for each of its actions, to put it back should one of them fail: a roster
of 150 people took a quarter of a minute. And putting it back takes away what other threads have written meanwhile.
"""

import copy
from threading import RLock
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler


class _Copies:
    """What stands for the module `copy` there: while one call lasts, a table is copied once.

    Before a transaction's first write moto makes all its copies, so each is of the table as it was.
    """

    def __init__(self) -> None:
        self._copies: dict[int, Table] = {}

    def deepcopy(self, value: Any) -> Any:
        if not isinstance(value, Table):
            return copy.deepcopy(value)
        if id(value) not in self._copies:
            self._copies[id(value)] = copy.deepcopy(value)
        return self._copies[id(value)]

    def clear(self) -> None:
        self._copies.clear()


_copies, _one_at_a_time = _Copies(), RLock()
_call_action = DynamoHandler.call_action


def _call(handler: DynamoHandler) -> Any:
    with _one_at_a_time:
        try:
            return _call_action(handler)
        finally:
            _copies.clear()


def mend_moto() -> None:
    """Once or more often, for the whole process."""
    vars(models)["copy"] = _copies
    DynamoHandler.call_action = _call  # type: ignore[method-assign]
