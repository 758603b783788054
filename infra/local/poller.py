"""Lambda's event source mapping for SQS: batches in, partial failures out, as the service does it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.functions import Function, FunctionFailed

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

RECEIVE_MAX = 10  # SQS's limit for one call
POLL_SECONDS = 1  # AWS waits 20; a short wait lets the stack end quickly
RETRY_SECONDS = 1.0
ATTRIBUTES = (
    "ApproximateReceiveCount",
    "SentTimestamp",
    "SenderId",
    "ApproximateFirstReceiveTimestamp",
    "AWSTraceHeader",
    "MessageGroupId",
    "MessageDeduplicationId",
    "SequenceNumber",
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class QueueMapping:
    """What the template says of one AWS::Lambda::EventSourceMapping."""

    queue_url: str
    queue_arn: str
    batch_size: int = 10
    window_seconds: float = 0
    reports_failures: bool = False

    @property
    def region(self) -> str:
        return self.queue_arn.split(":")[3]


class Duplicates:
    """Says of every n-th event that it is delivered twice, as SQS and EventBridge may. 0: of none."""

    def __init__(self, every: int = 0) -> None:
        self._every = every
        self._seen = 0
        self._lock = Lock()

    def due(self) -> bool:
        with self._lock:
            self._seen += 1
            return self._every > 0 and self._seen % self._every == 0


@dataclass(frozen=True)
class Handled:
    """The outcome of one batch, for the log."""

    function: str
    messages: int
    failed: int
    seconds: float
    twice: bool


class QueuePoller:
    """One queue, one function, one batch at a time."""

    def __init__(
        self,
        mapping: QueueMapping,
        function: Function,
        sqs: "SQSClient",
        *,
        duplicates: Duplicates | None = None,
        on_handled: Callable[[Handled], None] = lambda _: None,
    ) -> None:
        self._mapping = mapping
        self._function = function
        self._sqs = sqs
        self._duplicates = duplicates or Duplicates()
        self._on_handled = on_handled
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=function.name)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask to end after the batch in hand; `join` waits for it."""
        self._stopping.set()

    def join(self) -> None:
        self._thread.join()

    def poll_once(self) -> int:
        """Receive one batch, hand it over, delete what succeeded. The number of messages received."""
        messages = self._receive()
        if messages:
            started = monotonic()
            twice = self._duplicates.due()
            failed = self._deliver(messages, twice=twice)
            self._delete([message for message in messages if message["MessageId"] not in failed])
            seconds = monotonic() - started
            self._on_handled(Handled(self._function.name, len(messages), len(failed), seconds, twice))
        return len(messages)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.poll_once()
            except (BotoCoreError, ClientError):
                log.exception("polling for %s failed; trying again", self._function.name)
                self._stopping.wait(RETRY_SECONDS)

    def _receive(self) -> "list[MessageTypeDef]":
        """Up to a batch: at once what is there, or what the batching window gathers."""
        messages = self._receive_some(self._mapping.batch_size)
        until = monotonic() + self._mapping.window_seconds
        while messages and len(messages) < self._mapping.batch_size and monotonic() < until:
            if self._stopping.is_set():
                break
            messages += self._receive_some(self._mapping.batch_size - len(messages))
        return messages

    def _receive_some(self, wanted: int) -> "list[MessageTypeDef]":
        answer = self._sqs.receive_message(
            QueueUrl=self._mapping.queue_url,
            MaxNumberOfMessages=min(wanted, RECEIVE_MAX),
            WaitTimeSeconds=POLL_SECONDS,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def _deliver(self, messages: "list[MessageTypeDef]", *, twice: bool) -> set[str]:
        """The ids of the messages that stay in the queue."""
        failed = self._invoke(messages)
        succeeded = [message for message in messages if message["MessageId"] not in failed]
        if twice and succeeded:
            failed |= self._invoke(succeeded, deliveries=2)
        return failed

    def _invoke(self, messages: "list[MessageTypeDef]", deliveries: int = 1) -> set[str]:
        records = [sqs_record(message, self._mapping, deliveries) for message in messages]
        everything = {record["messageId"] for record in records}
        try:
            answer = self._function.invoke({"Records": records})
        except FunctionFailed:
            return everything
        if not self._mapping.reports_failures:
            return set()
        failed = failed_ids(answer)
        return everything if failed is None or not failed <= everything else failed

    def _delete(self, messages: "list[MessageTypeDef]") -> None:
        for start in range(0, len(messages), RECEIVE_MAX):
            some = messages[start : start + RECEIVE_MAX]
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(some)
            ]
            self._sqs.delete_message_batch(QueueUrl=self._mapping.queue_url, Entries=entries)  # type: ignore[arg-type]


def failed_ids(answer: Any) -> set[str] | None:
    """The ids that a handler reports as failed; None if the report cannot be read, which fails the whole batch."""
    if answer is None:
        return set()
    if not isinstance(answer, dict):
        return None
    failures = answer.get("batchItemFailures")
    if not isinstance(failures, list | None):
        return None
    ids = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures or []]
    named = {each for each in ids if isinstance(each, str) and each}
    return named if len(named) == len(set(ids)) else None


def sqs_record(message: "MessageTypeDef", mapping: QueueMapping, deliveries: int = 1) -> dict[str, Any]:
    """A received message as Lambda's event has it; `deliveries` > 1 says that this is one more delivery of it."""
    received = message.get("Attributes", {})
    attributes = {name: str(value) for name, value in received.items() if name in ATTRIBUTES}
    receive_count = int(attributes.get("ApproximateReceiveCount", "1")) + deliveries - 1
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {**attributes, "ApproximateReceiveCount": str(receive_count)},
        "messageAttributes": {
            name: _message_attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping.queue_arn,
        "awsRegion": mapping.region,
    }


def _message_attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    named = {"stringValue": value.get("StringValue"), "dataType": value["DataType"]}
    return {**named, "stringListValues": [], "binaryListValues": []}
