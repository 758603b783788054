"""Transactions in which every condition names the error that it means."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.adapters.dynamo.records import shared_connection
from chalicelib.domain.errors import Contention

Item = TypeVar("Item")

ATTEMPTS = 5
LOST_RACES = ("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded")
CONDITION_FAILED, CONFLICT = "ConditionalCheckFailedException", "TransactionConflictException"


@dataclass
class Transaction:
    """Collects writes, then commits all or none.

    DynamoDB answers one reason per write, in the order that PynamoDB sends them: checks, deletes, puts, updates.
    `otherwise` is raised when that write's condition did not hold.
    """

    _checks: list[tuple[type[Model], str, str | None, Condition, Exception]] = field(default_factory=list)
    _deletes: list[tuple[Model, Condition | None, Exception]] = field(default_factory=list)
    _puts: list[tuple[Model, Condition | None, Exception]] = field(default_factory=list)
    _updates: list[tuple[Model, list[Action], Condition | None, Exception]] = field(default_factory=list)

    def check(
        self, record: type[Model], keys: tuple[str, str | None], condition: Condition, otherwise: Exception
    ) -> None:
        self._checks.append((record, *keys, condition, otherwise))

    def delete(
        self, record: Model, condition: Condition | None = None, otherwise: Exception | None = None
    ) -> None:
        self._deletes.append((record, condition, otherwise or Contention()))

    def put(
        self, record: Model, condition: Condition | None = None, otherwise: Exception | None = None
    ) -> None:
        self._puts.append((record, condition, otherwise or Contention()))

    def update(
        self, record: Model, actions: list[Action], condition: Condition | None, otherwise: Exception
    ) -> None:
        self._updates.append((record, actions, condition, otherwise))

    def commit(self) -> None:
        """Raises the error of the first condition that failed, or Contention after several lost races."""
        for attempt in range(ATTEMPTS):
            try:
                return self._send()
            except TransactWriteError as error:
                self._raise_meaning(error)
            _pause(attempt)
        raise Contention("The records were being written by others.")

    def _send(self) -> None:
        with TransactWrite(connection=shared_connection()) as transaction:
            for model, hash_key, range_key, condition, _ in self._checks:
                transaction.condition_check(model, hash_key, range_key, condition=condition)
            for record, given, _ in self._deletes:
                transaction.delete(record, condition=given)
            for record, given, _ in self._puts:
                transaction.save(record, condition=given)
            for record, actions, given, _ in self._updates:
                transaction.update(record, actions=actions, condition=given)

    def _raise_meaning(self, error: TransactWriteError) -> None:
        """Returns if the transaction only lost a race and may be sent again."""
        meanings = [
            step[-1] for steps in (self._checks, self._deletes, self._puts, self._updates) for step in steps
        ]
        codes = [reason.code if reason else None for reason in error.cancellation_reasons]
        for code, meaning in zip(codes, meanings, strict=False):
            if code == "ConditionalCheckFailed":
                raise meaning from error
        if not any(code in LOST_RACES for code in codes):
            raise error


def conditional(write: Callable[[], Any], otherwise: Exception) -> None:
    """Run one conditional write; raises `otherwise` if its condition did not hold.

    A write that meets a transaction on its item is refused too, and sent again. Raises Contention if that goes on.
    """
    for attempt in range(ATTEMPTS):
        try:
            write()
        except PynamoDBException as error:
            code = _refusal(error)
            if code == CONDITION_FAILED:
                raise otherwise from error
            if code != CONFLICT:
                raise
        else:
            return
        _pause(attempt)
    raise Contention("The record was being written by others.")


def _refusal(error: PynamoDBException) -> str | None:
    """The code that DynamoDB answered; None if no answer came, where PynamoDB's own property fails."""
    return error.cause_response_code if isinstance(error.cause, ClientError) else None


def add_once(
    write: Callable[[Condition], Any], absent: Condition, stored: Callable[[], Item], item: Item
) -> Item:
    """Write an item unless its id is taken; answers what is stored under it."""
    try:
        conditional(lambda: write(absent), TakenError())
    except TakenError:
        return stored()
    return item


class TakenError(Exception):
    """There is an item under this id already."""


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0, 0.05 * 2**attempt))
