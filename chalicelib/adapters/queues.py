"""Queues in SQS: messages carry ids only, and who gets one reads what is true then."""

import json
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.domain.claims import Claim

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsClaimsMade:
    def __init__(self, sqs: "SQSClient", queue_name: str) -> None:
        self._sqs = sqs
        self._queue_name = queue_name

    def announce(self, claim: Claim) -> None:
        body = json.dumps({"session_id": claim.session_id, "claim_id": claim.claim_id})
        self._sqs.send_message(QueueUrl=self._url, MessageBody=body)

    @cached_property
    def _url(self) -> str:
        return self._sqs.get_queue_url(QueueName=self._queue_name)["QueueUrl"]
