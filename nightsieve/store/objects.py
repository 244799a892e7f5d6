"""Whole objects in S3, under one prefix, and what a failure means to an operator."""

import contextlib
import datetime
import functools
import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Self
from urllib.parse import urlsplit

import boto3
from boto3.s3.transfer import TransferConfig
from botocore import exceptions as failures
from botocore.config import Config

from pipeline.errors import ArtefactError, NightsieveError, StorageError

VARIABLE = "NIGHTSIEVE_STORAGE"
#: What to do about an object that is missing, and that a night can write again.
MAKE_AGAIN = "run the night again; for a finished night: nightsieve runs repair DATE"
#: What to do about one that is damaged.
RUN_AGAIN = f"delete it and {MAKE_AGAIN}"
#: Larger files are uploaded in parts of this size, without threads: workers are
#: processes.
MULTIPART = TransferConfig(
    multipart_threshold=64 << 20, multipart_chunksize=64 << 20, use_threads=False
)
_EMBEDDED = 'for the embedded services: eval "$(nightsieve env)"'
_NO_OBJECT = "there is no such object"
_MISSING = ("404", "NoSuchKey", "NotFound")
_TRANSIENT = (
    "500",
    "502",
    "503",
    "504",
    "InternalError",
    "ServiceUnavailable",
    "SlowDown",
)
_making_a_client = threading.Lock()
_CONFLICT = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")
_UNCONDITIONAL = ("501", "NotImplemented")
_REFUSALS = {
    "AccessDenied": "the credentials may not do this",
    "Forbidden": "the credentials are refused, or may not do this",
    "403": "the credentials are refused, or may not do this",
    "InvalidAccessKeyId": "the access key is unknown",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "ExpiredToken": "the credentials have expired",
}


class Conflict(StorageError):
    """Another process wrote the object in between."""


class ObjectMissing(StorageError):
    """There is no object of this key."""


class StoreUnavailable(StorageError):
    """The store does not answer, or not now: the same request may succeed later."""


class DamagedObject(ArtefactError):
    """An object is missing, or is not what was written.

    Attributes
    ----------
    address, problem
        Which object, and what is wrong with it.
    """

    def __init__(self, address: str, problem: str, remedy: str):
        super().__init__(f"{address}: {problem}; {remedy}")
        self.address = address
        self.problem = problem


def split_address(address: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key``.

    Raises
    ------
    StorageError
        It is another kind of address.
    """
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc:
        raise StorageError(
            f"{address}: not an S3 address; it looks like s3://bucket/prefix"
        )
    return parts.netloc, parts.path.strip("/")


@dataclass(frozen=True, init=False)
class Store:
    """Objects under ``s3://bucket/prefix``; a key is relative to the prefix.

    A store is a value: two of the same address are equal. What it needs to talk to S3
    is kept by the process.
    """

    bucket: str
    prefix: str

    def __init__(self, address: str):
        bucket, prefix = split_address(address)
        object.__setattr__(self, "bucket", bucket)
        object.__setattr__(self, "prefix", prefix)

    @classmethod
    def from_environment(cls) -> Self:
        """Return the store that ``NIGHTSIEVE_STORAGE`` names.

        Raises
        ------
        StorageError
            The variable is not set, or is not an S3 address.
        """
        address = os.environ.get(VARIABLE)
        if not address:
            raise StorageError(
                f"{VARIABLE} is not set; it looks like s3://bucket/prefix, {_EMBEDDED}"
            )
        return cls(address)

    def __str__(self) -> str:
        return self.address("").rstrip("/")

    def address(self, key: str) -> str:
        """Return the address of an object, for people and for another store."""
        return f"s3://{self.bucket}/{self._full(key)}"

    def url(self, key: str) -> str:
        """Return where a browser that may read the bucket finds the object."""
        endpoint = _client(os.getpid()).meta.endpoint_url
        return f"{endpoint}/{self.bucket}/{self._full(key)}"

    def exists(self, key: str) -> bool:
        """Return whether there is an object of this key."""
        with self._translated(key):
            try:
                self._call("head_object", Key=self._full(key))
            except failures.ClientError as error:
                if _code(error) in _MISSING:
                    return False
                raise
        return True

    def read(self, key: str) -> bytes:
        """Return the object, whatever it holds: see `read_verified`."""
        with self._translated(key):
            return self._call("get_object", Key=self._full(key))["Body"].read()

    def read_verified(self, key: str, sha256: str, remedy: str = RUN_AGAIN) -> bytes:
        """Return the object that was written.

        Parameters
        ----------
        sha256
            Of its content, from where it was written down.
        remedy
            What to do about a damaged object.

        Raises
        ------
        DamagedObject
            It is missing, or has another content.
        """
        answer = self.read_with_etag(key)
        if answer is None:
            raise self.missing(key, remedy)
        content = answer[0]
        self.verify(key, content, sha256, remedy)
        return content

    def missing(self, key: str, remedy: str = RUN_AGAIN) -> DamagedObject:
        """Return the error that an object is missing which was written."""
        if remedy == RUN_AGAIN:
            remedy = MAKE_AGAIN
        return DamagedObject(self.address(key), _NO_OBJECT, remedy)

    def verify(
        self, key: str, content: bytes, sha256: str, remedy: str = RUN_AGAIN
    ) -> None:
        """Raise a DamagedObject unless the content of an object has this sha256."""
        if not has_sha256(content, sha256):
            problem = "is not the object that was written"
            raise DamagedObject(self.address(key), problem, remedy)

    def read_with_etag(self, key: str) -> tuple[bytes, str] | None:
        """Return the object and its ETag, for `put_if_match`; None if it is missing."""
        with self._translated(key):
            try:
                answer = self._call("get_object", Key=self._full(key))
            except failures.ClientError as error:
                if _code(error) in _MISSING:
                    return None
                raise
            return answer["Body"].read(), answer["ETag"]

    def write(self, key: str, content: bytes) -> None:
        """Write the object with one PUT: it is there whole, or not at all."""
        with self._translated(key):
            self._call("put_object", Key=self._full(key), Body=content)

    def upload(self, key: str, file: IO[bytes]) -> None:
        """Write a file of any size, a large one in parts, one of them in memory."""
        with self._translated(key):
            _client(os.getpid()).upload_fileobj(
                file, self.bucket, self._full(key), Config=MULTIPART
            )

    def put_if_match(self, key: str, content: bytes, etag: str | None) -> None:
        """Write the object in place of the one with this ETag.

        An S3 server that does not know conditions writes in any case.

        Parameters
        ----------
        etag
            None to write only where there is no object.

        Raises
        ------
        Conflict
            Another object is there.
        """
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        request = {"Key": self._full(key), "Body": content}
        with self._translated(key):
            try:
                self._call("put_object", **request, **condition)
            except failures.ClientError as error:
                if _code(error) in _CONFLICT:
                    raise Conflict(
                        f"{self.address(key)}: another process wrote it meanwhile; "
                        "try again"
                    ) from None
                if _code(error) not in _UNCONDITIONAL:
                    raise
                self._call("put_object", **request)

    def delete(self, key: str) -> None:
        """Remove the object; one that is missing is no error."""
        with self._translated(key):
            self._call("delete_object", Key=self._full(key))

    def list_by_time(self, prefix: str) -> list[str]:
        """Return the keys that begin with the prefix, the last written one last."""
        return list(self.last_modified(prefix))

    def last_modified(self, prefix: str) -> dict[str, datetime.datetime]:
        """Return when each object was written whose key begins with the prefix.

        The last written one is last.
        """
        with self._translated(prefix):
            pages = _client(os.getpid()).get_paginator("list_objects_v2")
            written = []
            for page in pages.paginate(Bucket=self.bucket, Prefix=self._full(prefix)):
                for entry in page.get("Contents", []):
                    key = entry["Key"][len(self._full("")) :]
                    written.append((entry["LastModified"], key))
        return {key: moment for moment, key in sorted(written)}

    def has_any(self, prefix: str) -> bool:
        """Return whether the key of any object begins with the prefix."""
        with self._translated(prefix):
            answer = self._call("list_objects_v2", Prefix=self._full(prefix), MaxKeys=1)
        return bool(answer.get("Contents"))

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _call(self, operation: str, **arguments: Any) -> Any:
        request = getattr(_client(os.getpid()), operation)
        return request(Bucket=self.bucket, **arguments)

    @contextlib.contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        address = self.address(key)
        try:
            yield
        except failures.ClientError as error:
            code = _code(error)
            raise _error_type(code)(self._reason(code, address)) from None
        except (failures.NoCredentialsError, failures.PartialCredentialsError):
            names = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            raise StorageError(
                f"{address}: no S3 credentials; set {names}, {_EMBEDDED}"
            ) from None
        except (failures.HTTPClientError, failures.ConnectionError) as error:
            endpoint = _client(os.getpid()).meta.endpoint_url
            problem = f"{type(error).__name__} at {endpoint}"
            raise StoreUnavailable(
                f"{address}: {problem}; check AWS_ENDPOINT_URL_S3, {_EMBEDDED}"
            ) from None
        except failures.BotoCoreError as error:
            raise StorageError(f"{address}: {error}") from None

    def _reason(self, code: str, address: str) -> str:
        if code == "NoSuchBucket":
            return (
                f"{address}: there is no bucket {self.bucket}; create it, or name "
                f"another in {VARIABLE}"
            )
        if code in _MISSING:
            return f"{address}: {_NO_OBJECT}"
        if code in _REFUSALS:
            return (
                f"{address}: {_REFUSALS[code]} ({code}); check AWS_ACCESS_KEY_ID, "
                "AWS_SECRET_ACCESS_KEY and the bucket's policy"
            )
        return f"{address}: the store answered {code}"


def _error_type(code: str) -> type[StorageError]:
    if code in _MISSING:
        return ObjectMissing
    if code in _TRANSIENT:
        return StoreUnavailable
    return StorageError


def has_sha256(content: bytes, sha256: str) -> bool:
    """Return whether the content is the one that this sha256 was taken of."""
    return hashlib.sha256(content).hexdigest() == sha256


@contextlib.contextmanager
def damage_at(address: str, remedy: str = RUN_AGAIN) -> Iterator[None]:
    """Name the object that is being decoded, and what to do, in a DamagedObject.

    So does any error of a library that decodes. It stays the cause, but its message is
    left out, because it may quote a row.
    """
    try:
        yield
    except ArtefactError as error:
        raise DamagedObject(address, str(error), remedy) from None
    except (NightsieveError, MemoryError):
        raise
    except Exception as error:
        problem = f"cannot be decoded ({type(error).__name__})"
        raise DamagedObject(address, problem, remedy) from error


def disconnect() -> None:
    """Let the next request read the ``AWS_`` variables again.

    A process reads them once, and keeps its connections. Tests need this, which talk
    to several servers from one process.
    """
    _session.cache_clear()
    _client_of.cache_clear()


@functools.cache
def _session() -> boto3.session.Session:
    """Return the session of a process and its forks; making one takes 0.3 s."""
    return boto3.session.Session()


def _client(process: int) -> Any:
    """Return the client of a process: a client does not survive a fork."""
    with _making_a_client:  # the session is not safe between threads
        return _client_of(process)


@functools.cache
def _client_of(process: int) -> Any:
    retries = {"mode": "standard", "total_max_attempts": 4}
    config = Config(connect_timeout=5, read_timeout=120, retries=retries)
    try:
        return _session().client("s3", config=config)
    except (ValueError, failures.BotoCoreError) as error:
        raise StorageError(
            f"no S3 client: {error}; check AWS_ENDPOINT_URL_S3 and AWS_DEFAULT_REGION"
        ) from None


def _code(error: failures.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
