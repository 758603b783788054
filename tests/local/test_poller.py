"""Queues reach functions as Lambda's event source mapping delivers them, and only what succeeded leaves the queue."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.local.functions import Function
from infra.local.poller import Duplicates, Handled, QueueMapping, QueuePoller, failed_ids


class Queue:
    """A queue with a dead-letter queue behind it."""

    def __init__(self, visibility_seconds: int = 30, max_receive_count: int = 2) -> None:
        self.sqs = boto3.client("sqs", region_name="us-east-1")
        self.dead_url, dead_arn = self._create("q-dlq")
        redrive = {"deadLetterTargetArn": dead_arn, "maxReceiveCount": max_receive_count}
        attributes = {"VisibilityTimeout": str(visibility_seconds), "RedrivePolicy": json.dumps(redrive)}
        self.url, self.arn = self._create("q", attributes)

    def _create(self, name: str, attributes: dict[str, str] | None = None) -> tuple[str, str]:
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes or {})["QueueUrl"]
        got = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, got["Attributes"]["QueueArn"]

    def send(self, *bodies: str) -> list[str]:
        return [self.sqs.send_message(QueueUrl=self.url, MessageBody=body)["MessageId"] for body in bodies]

    def left(self, url: str | None = None) -> int:
        """Messages waiting and messages in flight."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        got = self.sqs.get_queue_attributes(QueueUrl=url or self.url, AttributeNames=names)  # type: ignore[arg-type]
        return sum(int(value) for value in got["Attributes"].values())

    def poller(self, handler: Any, **options: Any) -> QueuePoller:
        every = options.pop("every", 0)
        on_handled = options.pop("on_handled", lambda _: None)
        mapping = QueueMapping(self.url, self.arn, **{"reports_failures": True, **options})
        function = Function("on_test", handler)
        return QueuePoller(mapping, function, self.sqs, duplicates=Duplicates(every), on_handled=on_handled)


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def queue() -> Queue:
    return Queue()


def _bodies(event: Any) -> list[str]:
    return [record["body"] for record in event["Records"]]


def test_a_batch_that_succeeds_leaves_the_queue(queue: Queue) -> None:
    queue.send("a", "b")
    seen: list[Any] = []
    assert queue.poller(lambda event, _: seen.append(sorted(_bodies(event)))).poll_once() == 2
    assert seen == [["a", "b"]]
    assert queue.left() == 0


def test_a_record_has_what_lambda_gives(queue: Queue) -> None:
    attribute = {"kind": {"DataType": "String", "StringValue": "test"}}
    sent = queue.sqs.send_message(QueueUrl=queue.url, MessageBody="a", MessageAttributes=attribute)
    events: list[Any] = []
    contexts: list[Any] = []

    def handler(event: Any, context: Any) -> None:
        events.append(event)
        contexts.append(context)

    queue.poller(handler).poll_once()
    record = events[0]["Records"][0]
    assert record.keys() == {
        "messageId", "receiptHandle", "body", "attributes", "messageAttributes",
        "md5OfBody", "eventSource", "eventSourceARN", "awsRegion",
    }  # fmt: skip
    assert (record["messageId"], record["body"]) == (sent["MessageId"], "a")
    assert record["md5OfBody"] == sent["MD5OfMessageBody"]
    assert (record["eventSource"], record["awsRegion"]) == ("aws:sqs", "us-east-1")
    assert record["eventSourceARN"] == queue.arn
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= record["attributes"].keys()
    assert record["messageAttributes"]["kind"]["stringValue"] == "test"
    assert (contexts[0].function_name, contexts[0].memory_limit_in_mb) == ("on_test", 128)
    assert 0 < contexts[0].get_remaining_time_in_millis() <= 60_000


def test_only_what_is_reported_as_failed_stays(queue: Queue) -> None:
    _, second = queue.send("a", "b")
    queue.poller(lambda *_: {"batchItemFailures": [{"itemIdentifier": second}]}).poll_once()
    assert queue.left() == 1


def test_an_exception_deletes_nothing(queue: Queue) -> None:
    queue.send("a", "b")
    handled: list[Handled] = []

    def handler(_event: Any, _context: Any) -> None:
        raise RuntimeError("no")

    queue.poller(handler, on_handled=handled.append).poll_once()
    assert queue.left() == 2
    assert (handled[0].messages, handled[0].failed) == (2, 2)


def test_a_report_counts_only_if_the_mapping_asks_for_it(queue: Queue) -> None:
    (message,) = queue.send("a")
    report = {"batchItemFailures": [{"itemIdentifier": message}]}
    queue.poller(lambda *_: report, reports_failures=False).poll_once()
    assert queue.left() == 0


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_an_empty_report_means_that_all_succeeded(answer: Any) -> None:
    assert failed_ids(answer) == set()


@pytest.mark.parametrize(
    "answer",
    [
        "text",
        [],
        {"batchItemFailures": "m"},
        {"batchItemFailures": ["m"]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"wrongKey": "m"}]},
        {"batchItemFailures": [{"itemIdentifier": "m"}, {}]},
    ],
)
def test_a_report_that_cannot_be_read_fails_the_whole_batch(queue: Queue, answer: Any) -> None:
    assert failed_ids(answer) is None
    queue.send("a", "b")
    queue.poller(lambda *_: answer).poll_once()
    assert queue.left() == 2


def test_a_report_of_a_message_that_was_not_in_the_batch_fails_the_whole_batch(queue: Queue) -> None:
    queue.send("a")
    queue.poller(lambda *_: {"batchItemFailures": [{"itemIdentifier": "another"}]}).poll_once()
    assert queue.left() == 1


def test_a_message_that_always_fails_ends_in_the_dead_letter_queue_and_stalls_nobody() -> None:
    queue = Queue(visibility_seconds=1, max_receive_count=2)
    (poison,) = queue.send("poison")
    counts: list[str] = []

    def handler(event: Any, _context: Any) -> Any:
        counts.extend(record["attributes"]["ApproximateReceiveCount"] for record in event["Records"])
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]]}

    poller = queue.poller(handler)
    until = time.monotonic() + 15
    while queue.left(queue.dead_url) == 0 and time.monotonic() < until:
        poller.poll_once()
    assert counts == ["1", "2"]
    dead = queue.sqs.receive_message(QueueUrl=queue.dead_url)["Messages"]
    assert [message["MessageId"] for message in dead] == [poison]
    assert queue.left() == 0


def test_every_second_batch_comes_twice_once_the_first_succeeded(queue: Queue) -> None:
    seen: list[tuple[str, str]] = []

    def handler(event: Any, _context: Any) -> None:
        for record in event["Records"]:
            seen.append((record["body"], record["attributes"]["ApproximateReceiveCount"]))

    poller = queue.poller(handler, every=2, batch_size=1)
    for body in ("a", "b", "c"):
        queue.send(body)
        poller.poll_once()
    assert seen == [("a", "1"), ("b", "1"), ("b", "2"), ("c", "1")]
    assert queue.left() == 0


def test_what_failed_the_first_time_is_not_delivered_a_second_time_at_once(queue: Queue) -> None:
    bad, _ = queue.send("bad", "good")
    seen: list[list[str]] = []

    def handler(event: Any, _context: Any) -> Any:
        seen.append(sorted(_bodies(event)))
        return {"batchItemFailures": [{"itemIdentifier": bad}] if "bad" in _bodies(event) else []}

    queue.poller(handler, every=1).poll_once()
    assert seen == [["bad", "good"], ["good"]]
    assert queue.left() == 1


def test_a_second_delivery_that_fails_keeps_the_message(queue: Queue) -> None:
    queue.send("a")
    outcomes = iter([None, RuntimeError("the second time")])

    def handler(_event: Any, _context: Any) -> None:
        outcome = next(outcomes)
        if outcome:
            raise outcome

    queue.poller(handler, every=1).poll_once()
    assert queue.left() == 1


def test_a_batch_is_no_larger_than_the_mapping_says(queue: Queue) -> None:
    queue.send("a", "b", "c")
    sizes: list[int] = []
    poller = queue.poller(lambda event, _: sizes.append(len(event["Records"])), batch_size=2)
    poller.poll_once()
    poller.poll_once()
    assert sizes == [2, 1]


def test_a_batching_window_gathers_what_arrives_meanwhile(queue: Queue) -> None:
    queue.send("a")
    sizes: list[int] = []
    poller = queue.poller(
        lambda event, _: sizes.append(len(event["Records"])), batch_size=12, window_seconds=5
    )
    poller.start()
    time.sleep(0.3)
    queue.send(*(str(number) for number in range(11)))
    until = time.monotonic() + 10
    while not sizes and time.monotonic() < until:
        time.sleep(0.01)
    poller.stop()
    poller.join()
    assert sizes == [12]


def test_stopping_lets_the_batch_in_hand_end(queue: Queue, eventually: Any) -> None:
    queue.send("a")
    begun: list[bool] = []
    ended: list[bool] = []

    def handler(_event: Any, _context: Any) -> None:
        begun.append(True)
        time.sleep(0.3)
        ended.append(True)

    poller = queue.poller(handler)
    poller.start()
    eventually(lambda: bool(begun))
    poller.stop()
    poller.join()
    assert ended == [True]
    assert queue.left() == 0


def test_an_error_of_the_queue_is_survived(queue: Queue, eventually: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("infra.local.poller.RETRY_SECONDS", 0.05)
    url = queue.url
    queue.sqs.delete_queue(QueueUrl=url)
    seen: list[Any] = []
    poller = queue.poller(lambda event, _: seen.append(event))
    poller.start()
    time.sleep(0.2)
    queue.sqs.create_queue(QueueName="q")
    queue.send("a")
    eventually(lambda: len(seen) == 1)
    poller.stop()
    poller.join()
