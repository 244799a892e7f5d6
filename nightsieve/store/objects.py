"""The S3 store: whole-object reads and writes under one prefix, and what its failures mean to an operator."""

import contextlib
import datetime
import functools
import os
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import urlsplit

import boto3
from boto3.s3.transfer import TransferConfig
from botocore import exceptions as failures
from botocore.config import Config

from pipeline.errors import StorageError

VARIABLE = "NIGHTSIEVE_STORAGE"
# A file larger than this is uploaded in parts of this size; by no threads, for workers are processes.
PARTS = TransferConfig(
    multipart_threshold=64 << 20, multipart_chunksize=64 << 20, use_threads=False
)
_EMBEDDED = 'for the embedded services: eval "$(nightsieve env)"'
_REFUSALS = {
    "AccessDenied": "the credentials may not do this",
    "Forbidden": "the credentials are refused, or may not do this",
    "403": "the credentials are refused, or may not do this",
    "InvalidAccessKeyId": "the access key is unknown",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "ExpiredToken": "the credentials have expired",
}


def split_address(address: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``.

    Raises
    ------
    StorageError : it is no such address.
    """
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc:
        raise StorageError(
            f"{address}: no S3 address; it looks like s3://bucket/prefix"
        )
    return parts.netloc, parts.path.strip("/")


class Conflict(StorageError):
    """The object is not, or no longer, the one that was to be replaced."""


class Store:
    """Objects under ``s3://bucket/prefix``; a key is relative to the prefix."""

    def __init__(self, address: str):
        self.bucket, self.prefix = split_address(address)

    def key(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def address(self, key: str) -> str:
        return f"s3://{self.bucket}/{self.key(key)}"

    def url(self, key: str) -> str:
        """Where a browser that may read the bucket finds the object."""
        return f"{_client(os.getpid()).meta.endpoint_url}/{self.bucket}/{self.key(key)}"

    def exists(self, key: str) -> bool:
        with self._translated(key):
            try:
                self._call("head_object", Key=self.key(key))
            except failures.ClientError as error:
                if _code(error) in ("404", "NoSuchKey", "NotFound"):
                    return False
                raise
        return True

    def read(self, key: str) -> bytes:
        with self._translated(key):
            return self._call("get_object", Key=self.key(key))["Body"].read()

    def write(self, key: str, content: bytes) -> None:
        """One PUT: the object is there whole, or not at all."""
        with self._translated(key):
            self._call("put_object", Key=self.key(key), Body=content)

    def upload(self, key: str, file: IO[bytes]) -> None:
        """The same for a file of any size, a large one in parts, of which one at a time is in memory."""
        with self._translated(key):
            _client(os.getpid()).upload_fileobj(
                file, self.bucket, self.key(key), Config=PARTS
            )

    def read_tagged(self, key: str) -> tuple[bytes, str] | None:
        """The object and its entity tag, for `replace`; None if there is none."""
        with self._translated(key):
            try:
                found = self._call("get_object", Key=self.key(key))
            except failures.ClientError as error:
                if _code(error) in ("404", "NoSuchKey", "NotFound"):
                    return None
                raise
            return found["Body"].read(), found["ETag"]

    def replace(self, key: str, content: bytes, tag: str | None) -> None:
        """Write the object in place of the one with this entity tag (None: where there is none).

        A store that knows no conditions writes in any case.

        Raises
        ------
        Conflict : another object is there.
        """
        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        with self._translated(key):
            try:
                self._call("put_object", Key=self.key(key), Body=content, **condition)
            except failures.ClientError as error:
                if _code(error) in (
                    "412",
                    "PreconditionFailed",
                    "409",
                    "ConditionalRequestConflict",
                ):
                    raise Conflict(
                        f"{self.address(key)}: another one is there by now"
                    ) from None
                if _code(error) not in ("501", "NotImplemented"):
                    raise
                self._call("put_object", Key=self.key(key), Body=content)

    def delete(self, key: str) -> None:
        with self._translated(key):
            self._call("delete_object", Key=self.key(key))

    def keys(self, prefix: str) -> list[str]:
        """The keys that start with the prefix, the one written last at the end."""
        return list(self.written(prefix))

    def written(self, prefix: str) -> dict[str, datetime.datetime]:
        """When each object whose key starts with the prefix was written, in that order."""
        with self._translated(prefix):
            pages = _client(os.getpid()).get_paginator("list_objects_v2")
            found = [
                (entry["LastModified"], entry["Key"][len(self.key("")) :])
                for page in pages.paginate(Bucket=self.bucket, Prefix=self.key(prefix))
                for entry in page.get("Contents", [])
            ]
        return {key: moment for moment, key in sorted(found)}

    def _call(self, operation: str, **arguments: Any) -> Any:
        return getattr(_client(os.getpid()), operation)(Bucket=self.bucket, **arguments)

    @contextlib.contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        where = self.address(key)
        try:
            yield
        except failures.ClientError as error:
            raise StorageError(self._reason(_code(error), where)) from None
        except (failures.NoCredentialsError, failures.PartialCredentialsError):
            keys = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            raise StorageError(
                f"{where}: no S3 credentials; set {keys}, {_EMBEDDED}"
            ) from None
        except (failures.HTTPClientError, failures.ConnectionError) as error:
            endpoint = _client(os.getpid()).meta.endpoint_url
            problem = f"{type(error).__name__} at {endpoint}"
            raise StorageError(
                f"{where}: {problem}; check AWS_ENDPOINT_URL_S3, {_EMBEDDED}"
            ) from None
        except failures.BotoCoreError as error:
            raise StorageError(f"{where}: {error}") from None

    def _reason(self, code: str, where: str) -> str:
        if code == "NoSuchBucket":
            return f"{where}: there is no bucket {self.bucket}; create it, or name another in {VARIABLE}"
        if code in ("NoSuchKey", "404", "NotFound"):
            return f"{where}: there is no such object"
        if code in _REFUSALS:
            check = (
                "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy"
            )
            return f"{where}: {_REFUSALS[code]} ({code}); {check}"
        return f"{where}: the store answered {code}"


@functools.cache
def store() -> Store:
    """The store that ``NIGHTSIEVE_STORAGE`` names.

    Raises
    ------
    StorageError : the variable is not set, or holds no address.
    """
    address = os.environ.get(VARIABLE)
    if not address:
        raise StorageError(
            f"{VARIABLE} is not set; it looks like s3://bucket/prefix, {_EMBEDDED}"
        )
    return Store(address)


@functools.cache
def _session() -> boto3.session.Session:
    """One session for a process and those forked from it: it reads how S3 is called, a third of a second, once."""
    return boto3.session.Session()


@functools.cache
def _client(process: int) -> Any:
    """One client a process: a client does not survive a fork."""
    patience = {"mode": "standard", "total_max_attempts": 4}
    config = Config(connect_timeout=5, read_timeout=120, retries=patience)
    try:
        return _session().client("s3", config=config)
    except (ValueError, failures.BotoCoreError) as error:
        raise StorageError(
            f"no S3 client: {error}; check AWS_ENDPOINT_URL_S3 and AWS_DEFAULT_REGION"
        ) from None


def _code(error: failures.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
