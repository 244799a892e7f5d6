"""Uploads of large files in parts, each of which is repeated by itself."""

import contextlib
import hashlib
import itertools
from typing import IO, Any

from botocore import exceptions as failures

from nightsieve.store import s3

#: Files of this size or more are uploaded in parts of it, one part after the other.
PART_SIZE = 64 << 20
_LOST_UPLOAD = ("NoSuchUpload", "InvalidPart", "InvalidPartOrder")


class UploadLostError(Exception):
    """The store does not know an upload in parts any more: begin again."""


class Upload:
    """An upload of a file in parts, each of which is repeated by itself."""

    def __init__(self, bucket: str, key: str):
        self._target = {"Bucket": bucket, "Key": key}
        self._client: Any = s3.client()
        self._parts: list[dict[str, object]] = []
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._md5_of_parts = hashlib.md5(usedforsecurity=False)

    def send(self, file: IO[bytes]) -> None:
        """Upload the file; an error leaves nothing in the store.

        Raises
        ------
        UploadLostError
            The store does not know the upload any more, or has stored something else.
        """
        created = s3.persist_request(self._create)
        self._target["UploadId"] = created["UploadId"]
        try:
            while content := file.read(PART_SIZE):
                self._add(content)
            self._complete()
        except BaseException as error:
            with contextlib.suppress(failures.ClientError, failures.BotoCoreError):
                self._client.abort_multipart_upload(**self._target)
            if _is_lost_upload(error):
                raise UploadLostError from None
            raise

    def _create(self) -> Any:
        return self._client.create_multipart_upload(**self._target)

    def _add(self, content: bytes) -> None:
        md5 = s3.md5_of(content)
        number = len(self._parts) + 1

        def send() -> str:
            answer = self._client.upload_part(
                **self._target,
                PartNumber=number,
                Body=content,
                ContentMD5=s3.base64_of(md5),
            )
            return str(answer["ETag"])

        etag = s3.persist_request(send)
        self._parts.append({"PartNumber": number, "ETag": etag})
        self._md5.update(content)
        self._md5_of_parts.update(md5.digest())

    def _complete(self) -> None:
        attempts = itertools.count()

        def send() -> None:
            is_repeated = next(attempts) > 0
            try:
                self._client.complete_multipart_upload(
                    **self._target, MultipartUpload={"Parts": self._parts}
                )
            except failures.ClientError as error:
                # The answer of an earlier attempt, which did it, may have been lost.
                if not is_repeated or not _is_lost_upload(error):
                    raise

        s3.persist_request(send)
        if not s3.persist_request(self._is_stored):
            raise UploadLostError

    def _is_stored(self) -> bool:
        """Return whether the object is what was sent."""
        target = {name: self._target[name] for name in ("Bucket", "Key")}
        try:
            etag = self._client.head_object(**target)["ETag"]
        except failures.ClientError as error:
            if s3.code_of(error) in s3.MISSING:
                return False
            raise
        of_parts = f"{self._md5_of_parts.hexdigest()}-{len(self._parts)}"
        if etag.strip('"') in (of_parts, self._md5.hexdigest()):
            return True
        md5 = hashlib.md5(usedforsecurity=False)
        body = self._client.get_object(**target)["Body"]
        for chunk in body.iter_chunks(s3.CHUNK):
            md5.update(chunk)
        return md5.digest() == self._md5.digest()


def _is_lost_upload(error: BaseException) -> bool:
    return isinstance(error, failures.ClientError) and s3.code_of(error) in _LOST_UPLOAD
