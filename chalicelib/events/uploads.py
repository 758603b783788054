"""Uploads: what S3 says of new objects, as it arrives through SQS."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib.events.messages import for_each_message


@dataclass(frozen=True)
class Upload:
    """One object that was created, with S3's time of it."""

    key: str
    at: datetime


def for_each_upload(event: dict[str, Any], handle: Callable[[Upload], None]) -> Any:
    """Handle every upload of a batch; a message that fails is reported alone and comes again."""

    def handle_uploads(record: SQSRecord) -> None:
        for upload in uploads_in(record.body):
            handle(upload)

    return for_each_message(event, handle_uploads)


def uploads_in(body: str) -> Iterator[Upload]:
    """Keys arrive URL-encoded. The `s3:TestEvent` that S3 sends when it is set up holds no records."""
    for record in json.loads(body).get("Records", ()):
        at = datetime.fromisoformat(record["eventTime"]).astimezone(UTC)
        yield Upload(key=unquote_plus(record["s3"]["object"]["key"]), at=at)
