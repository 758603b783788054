"""Batches of SQS messages: one that fails is reported alone and comes again."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chalicelib.observability import count, logger


def for_each_message(event: dict[str, Any], handle: Callable[[SQSRecord], None]) -> Any:
    def handle_message(record: SQSRecord) -> None:
        try:
            handle(record)
        except Exception:
            count("MessageFailed")
            logger.exception("message failed", message_id=record.message_id)
            raise

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=handle_message, processor=processor)
