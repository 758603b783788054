"""Pictures and videos in S3. Keys are minted by the server from opaque ids."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.domain.errors import DeletionFailed, PayloadTooLarge
from chalicelib.services.ports import UploadTicket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

MISSING = ("NoSuchKey", "404")


class S3Media:
    def __init__(self, s3: "S3Client", bucket: str, ticket_seconds: int) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._ticket_seconds = ticket_seconds

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Keys are fresh: one that is there already is ours, written by a try whose reply was lost."""
        try:
            self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=data, ContentType=content_type, IfNoneMatch="*"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise

    def replace(self, key: str, data: bytes, content_type: str) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=content_type)

    def get(self, key: str, max_bytes: int) -> bytes | None:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                return None
            raise
        with answer["Body"] as body:
            data = body.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise PayloadTooLarge(f"An upload holds at most {max_bytes} bytes.")
        return data

    def exists(self, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                return False
            raise
        return True

    def keys(self, prefix: str) -> frozenset[str]:
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix)
        return frozenset(item["Key"] for page in pages for item in page.get("Versions", ()))

    def delete(self, prefix: str) -> int:
        """Versions too, should the bucket ever have kept any: an erased picture must not stay readable."""
        deleted = 0
        for page in self._s3.get_paginator("list_object_versions").paginate(
            Bucket=self._bucket, Prefix=prefix
        ):
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            objects: list[ObjectIdentifierTypeDef] = [
                {"Key": item["Key"], "VersionId": item["VersionId"]} for item in found
            ]
            if objects:
                answer = self._s3.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True}
                )
                if errors := answer.get("Errors"):  # S3 answers 200 all the same
                    raise DeletionFailed(
                        f"{len(errors)} of {len(objects)} objects stayed: {errors[0].get('Code')}."
                    )
            deleted += len(objects)
        return deleted

    def link(self, key: str) -> str:
        return self._s3.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=self._ticket_seconds
        )

    def ticket(self, key: str, content_type: str, length: int, now: datetime) -> UploadTicket:
        """Type, length and write-once are signed: an upload that differs in any is refused by S3."""
        url = self._s3.generate_presigned_url(
            "put_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ContentType": content_type,
                "ContentLength": length,
                "IfNoneMatch": "*",
            },
            ExpiresIn=self._ticket_seconds,
            HttpMethod="PUT",
        )
        headers = {"Content-Type": content_type, "Content-Length": str(length), "If-None-Match": "*"}
        return UploadTicket(url, headers, now + timedelta(seconds=self._ticket_seconds))
