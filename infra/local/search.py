"""Look for something in everything that is stored: every table, object version, queue and log."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

ClientOf = Callable[[str], Any]


@dataclass(frozen=True)
class Found:
    """What was found, and where: a table's item, an object's version, a queue's message or a log."""

    what: str
    where: str


def search_everything(
    client_of: ClientOf, needles: Mapping[str, bytes], logs: Mapping[str, str] | None = None
) -> list[Found]:
    """Each needle is looked for as it is and as JSON, URLs and base64 would write it."""
    forms = {name: _forms(needle) for name, needle in needles.items()}
    found: set[Found] = set()
    for where, data in _everything(client_of, logs or {}):
        found.update(
            Found(name, where) for name, written in forms.items() if any(form in data for form in written)
        )
    return sorted(found, key=lambda each: (each.what, each.where))


def _forms(needle: bytes) -> tuple[bytes, ...]:
    if not needle:
        raise ValueError("Nothing is found everywhere.")
    forms = {needle, base64.b64encode(needle), base64.b64encode(needle).rstrip(b"=")}
    try:
        text = needle.decode()
    except UnicodeDecodeError:
        return tuple(forms)
    return tuple(forms | {json.dumps(text)[1:-1].encode(), quote(text).encode()})


def _everything(client_of: ClientOf, logs: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    yield from _items(client_of)
    yield from _objects(client_of)
    yield from _messages(client_of)
    yield from ((name, text.encode()) for name, text in logs.items())


def _items(client_of: ClientOf) -> Iterator[tuple[str, bytes]]:
    with closing(client_of("dynamodb")) as dynamodb:
        for page in dynamodb.get_paginator("list_tables").paginate():
            for table in page["TableNames"]:
                for items in dynamodb.get_paginator("scan").paginate(TableName=table):
                    yield from ((f"table {table}", leaf) for item in items["Items"] for leaf in _leaves(item))


def _leaves(value: Any) -> Iterator[bytes]:
    """Keys too: a map may be keyed by what is looked for."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key).encode()
            yield from _leaves(inner)
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value if isinstance(value, bytes) else str(value).encode()


def _objects(client_of: ClientOf) -> Iterator[tuple[str, bytes]]:
    with closing(client_of("s3")) as s3:
        for bucket in (each["Name"] for each in s3.list_buckets()["Buckets"]):
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for each in page.get("Versions", ()):
                    where = f"object {bucket}/{each['Key']}"
                    yield where, each["Key"].encode()
                    answer = s3.get_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
                    with answer["Body"] as body:
                        yield where, body.read()


def _messages(client_of: ClientOf) -> Iterator[tuple[str, bytes]]:
    """Messages that nobody is handling; they stay where they are."""
    with closing(client_of("sqs")) as sqs:
        for url in sqs.list_queues().get("QueueUrls", ()):
            seen: set[str] = set()
            while True:
                answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
                fresh = [each for each in answer.get("Messages", ()) if each["MessageId"] not in seen]
                if not fresh:
                    break
                seen.update(each["MessageId"] for each in fresh)
                yield from ((f"queue {url}", each["Body"].encode()) for each in fresh)
