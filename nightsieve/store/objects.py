"""Whole objects in S3, under one prefix, and what a failure means to an operator."""

import contextlib
import datetime
import functools
import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Self
from urllib.parse import urlsplit

import boto3
from boto3.s3.transfer import TransferConfig
from botocore import exceptions as failures
from botocore.config import Config

from pipeline.errors import ArtefactError, NightsieveError, StorageError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

VARIABLE = "NIGHTSIEVE_STORAGE"
#: What to do about an object that is missing, and that a night can write again.
MAKE_AGAIN = "run the night again; for a finished night: nightsieve runs repair DATE"
#: What to do about a damaged object.
RUN_AGAIN = f"delete it and {MAKE_AGAIN}"
#: Larger files are uploaded in parts of this size, without threads: workers are
#: processes.
MULTIPART = TransferConfig(
    multipart_threshold=64 << 20, multipart_chunksize=64 << 20, use_threads=False
)
_EMBEDDED = 'for the embedded services: eval "$(nightsieve env)"'
_NO_OBJECT = "there is no such object"
_CREDENTIALS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
# Codes of S3's errors.
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
_CONFLICT = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")
_UNCONDITIONAL = ("501", "NotImplemented")
_REFUSALS = {
    "AccessDenied": "the credentials do not allow this",
    "Forbidden": "the credentials are refused, or do not allow this",
    "403": "the credentials are refused, or do not allow this",
    "InvalidAccessKeyId": "the access key is unknown",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "ExpiredToken": "the credentials have expired",
}
# boto3's session is not safe between threads.
_making_a_client = threading.Lock()


# The base classes end with Error; these names say what happened.
class Conflict(StorageError):  # noqa: N818
    """Another process wrote the object in between.

    Examples
    --------
    >>> store.write("notes/a", b"content")
    >>> store.put_if_match("notes/a", b"other", "the ETag of another object")
    Traceback (most recent call last):
    nightsieve.store.objects.Conflict: s3://memory/notes/a: ...; try again
    """


class ObjectMissing(StorageError):  # noqa: N818
    """There is no object of this key.

    Examples
    --------
    >>> store.read("notes/a")
    Traceback (most recent call last):
    nightsieve.store.objects.ObjectMissing: s3://memory/notes/a: there is no such object
    """


class StoreUnavailable(StorageError):  # noqa: N818
    """The store does not answer now: the same request may succeed later."""


class DamagedObject(ArtefactError):  # noqa: N818
    """An object is missing, or is not what was written.

    Attributes
    ----------
    address
        The object, as ``s3://bucket/key``.
    problem
        What is wrong with it.

    Examples
    --------
    >>> damage = DamagedObject("s3://bucket/a", "has no receipt", "run the night again")
    >>> str(damage)
    's3://bucket/a: has no receipt; run the night again'
    """

    def __init__(self, address: str, problem: str, remedy: str):
        super().__init__(f"{address}: {problem}; {remedy}")
        self.address = address
        self.problem = problem


def split_address(address: str) -> tuple[str, str]:
    """Return the bucket and the key of ``s3://bucket/key``.

    Raises
    ------
    StorageError
        The address is of another kind.

    Examples
    --------
    >>> split_address("s3://bucket/runs/a.json")
    ('bucket', 'runs/a.json')
    """
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc:
        raise StorageError(f"{address}: not an S3 address; use s3://bucket/prefix")
    return parts.netloc, parts.path.strip("/")


@dataclass(frozen=True, init=False)
class Store:
    """Objects under ``s3://bucket/prefix``; a key is relative to the prefix.

    A store is a value: two stores of the same address are equal. What it needs to talk
    to S3 is kept by the process.

    Examples
    --------
    >>> Store("s3://bucket/prefix").address("notes/a")
    's3://bucket/prefix/notes/a'
    >>> store.write("notes/a", b"content")
    >>> store.read("notes/a"), store.list_by_time("notes/")
    (b'content', ['notes/a'])
    >>> content, etag = store.read_with_etag("notes/a")
    >>> store.put_if_match("notes/a", b"new content", etag)
    >>> store.delete("notes/a")
    >>> store.exists("notes/a")
    False
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
            The variable is not set, or does not hold an S3 address.
        """
        address = os.environ.get(VARIABLE)
        if not address:
            raise StorageError(
                f"{VARIABLE} is not set; set it to s3://bucket/prefix, or {_EMBEDDED}"
            )
        return cls(address)

    def __str__(self) -> str:
        return self.address("").rstrip("/")

    def address(self, key: str) -> str:
        """Return the address of an object, for people and for another store."""
        return f"s3://{self.bucket}/{self._full(key)}"

    def url(self, key: str) -> str:
        """Return the URL of an object for a browser that may read the bucket."""
        return f"{_client().meta.endpoint_url}/{self.bucket}/{self._full(key)}"

    def exists(self, key: str) -> bool:
        """Return whether there is an object of this key."""
        with self._translated(key):
            try:
                _client().head_object(Bucket=self.bucket, Key=self._full(key))
            except failures.ClientError as error:
                if _code(error) in _MISSING:
                    return False
                raise
        return True

    def read(self, key: str) -> bytes:
        """Return the object, whatever it holds: see `read_verified`.

        Raises
        ------
        ObjectMissing
            There is no such object.
        """
        with self._translated(key):
            answer = _client().get_object(Bucket=self.bucket, Key=self._full(key))
            return answer["Body"].read()

    def size(self, key: str) -> int:
        """Return the bytes of an object without reading them.

        Raises
        ------
        ObjectMissing
            There is no such object.
        """
        with self._translated(key):
            # A HEAD would not say whether the object or its bucket is missing.
            answer = _client().get_object(Bucket=self.bucket, Key=self._full(key))
            answer["Body"].close()
            return answer["ContentLength"]

    def read_verified(self, key: str, sha256: str, remedy: str = RUN_AGAIN) -> bytes:
        """Return the object that was written.

        Parameters
        ----------
        sha256
            The digest of its content that was noted when it was written.
        remedy
            What to do about a damaged object.

        Raises
        ------
        DamagedObject
            The object is missing, or has another content.
        """
        answer = self.read_with_etag(key)
        if answer is None:
            raise self.missing(key, remedy)
        content = answer[0]
        self.verify(key, content, sha256, remedy)
        return content

    def missing(self, key: str, remedy: str = RUN_AGAIN) -> DamagedObject:
        """Return the error for an object that was written and is missing."""
        if remedy == RUN_AGAIN:
            remedy = MAKE_AGAIN
        return DamagedObject(self.address(key), _NO_OBJECT, remedy)

    def verify(
        self, key: str, content: bytes, sha256: str, remedy: str = RUN_AGAIN
    ) -> None:
        """Check that the content of an object has this sha256.

        Raises
        ------
        DamagedObject
            It has another one.
        """
        if not has_sha256(content, sha256):
            problem = "is not the object that was written"
            raise DamagedObject(self.address(key), problem, remedy)

    def read_with_etag(self, key: str) -> tuple[bytes, str] | None:
        """Return the object and its ETag, for `put_if_match`; None if it is missing."""
        with self._translated(key):
            try:
                answer = _client().get_object(Bucket=self.bucket, Key=self._full(key))
            except failures.ClientError as error:
                if _code(error) in _MISSING:
                    return None
                raise
            return answer["Body"].read(), answer["ETag"]

    def write(self, key: str, content: bytes) -> None:
        """Write the object with one PUT: it is there whole, or not at all."""
        with self._translated(key):
            self._put(key, content)

    def upload(self, key: str, file: IO[bytes]) -> None:
        """Write a file of any size, a large one in parts, one of them in memory."""
        with self._translated(key):
            _client().upload_fileobj(
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
        with self._translated(key):
            try:
                if etag is None:
                    self._put_if_absent(key, content)
                else:
                    self._put_over(key, content, etag)
            except failures.ClientError as error:
                if _code(error) in _CONFLICT:
                    raise self.conflict(key) from None
                if _code(error) not in _UNCONDITIONAL:
                    raise
                self._put(key, content)

    def conflict(self, key: str) -> Conflict:
        """Return the error for an object that another process wrote in between."""
        address = self.address(key)
        return Conflict(f"{address}: another process wrote it meanwhile; try again")

    def delete(self, key: str) -> None:
        """Remove the object; to remove a missing object is not an error."""
        with self._translated(key):
            _client().delete_object(Bucket=self.bucket, Key=self._full(key))

    def list_by_time(self, prefix: str) -> list[str]:
        """Return the keys that begin with the prefix, the last written one last."""
        return list(self.last_modified(prefix))

    def last_modified(self, prefix: str) -> dict[str, datetime.datetime]:
        """Return when each object was written whose key begins with the prefix.

        The last written one is last.
        """
        full_prefix = self._full(prefix)
        own_prefix = self._full("")
        written = []
        with self._translated(prefix):
            paginator = _client().get_paginator("list_objects_v2")
            for page in paginator.paginate(Bucket=self.bucket, Prefix=full_prefix):
                for entry in page.get("Contents", []):
                    key = entry["Key"].removeprefix(own_prefix)
                    written.append((entry["LastModified"], key))
        return {key: moment for moment, key in sorted(written)}

    def has_any(self, prefix: str) -> bool:
        """Return whether the key of any object begins with the prefix."""
        with self._translated(prefix):
            answer = _client().list_objects_v2(
                Bucket=self.bucket, Prefix=self._full(prefix), MaxKeys=1
            )
        return bool(answer.get("Contents"))

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _put(self, key: str, content: bytes) -> None:
        _client().put_object(Bucket=self.bucket, Key=self._full(key), Body=content)

    def _put_if_absent(self, key: str, content: bytes) -> None:
        _client().put_object(
            Bucket=self.bucket, Key=self._full(key), Body=content, IfNoneMatch="*"
        )

    def _put_over(self, key: str, content: bytes, etag: str) -> None:
        _client().put_object(
            Bucket=self.bucket, Key=self._full(key), Body=content, IfMatch=etag
        )

    @contextlib.contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        """Raise the failures of a request as errors that say what to do."""
        address = self.address(key)
        try:
            yield
        except failures.ClientError as error:
            code = _code(error)
            raise _error_type(code)(self._reason(code, address)) from None
        except (failures.NoCredentialsError, failures.PartialCredentialsError):
            raise StorageError(
                f"{address}: there are no S3 credentials; set {_CREDENTIALS}, or "
                f"{_EMBEDDED}"
            ) from None
        except (failures.HTTPClientError, failures.ConnectionError) as error:
            problem = f"{type(error).__name__} at {_client().meta.endpoint_url}"
            raise StoreUnavailable(
                f"{address}: {problem}; check AWS_ENDPOINT_URL_S3, or {_EMBEDDED}"
            ) from None
        except failures.BotoCoreError as error:
            raise StorageError(
                f"{address}: {error}; check AWS_ENDPOINT_URL_S3 and AWS_DEFAULT_REGION"
            ) from None

    def _reason(self, code: str, address: str) -> str:
        if code == "NoSuchBucket":
            return (
                f"{address}: there is no bucket {self.bucket}; create it, or name "
                f"another one in {VARIABLE}"
            )
        if code in _MISSING:
            return f"{address}: {_NO_OBJECT}"
        if code in _REFUSALS:
            return (
                f"{address}: {_REFUSALS[code]} ({code}); check AWS_ACCESS_KEY_ID, "
                "AWS_SECRET_ACCESS_KEY and the bucket's policy"
            )
        return f"{address}: the store answered {code}; look in the log of the store"


def has_sha256(content: bytes, sha256: str) -> bool:
    """Return whether the content has this sha256.

    Examples
    --------
    >>> has_sha256(b"content", hashlib.sha256(b"content").hexdigest())
    True
    """
    return hashlib.sha256(content).hexdigest() == sha256


@contextlib.contextmanager
def damage_at(address: str, remedy: str = RUN_AGAIN) -> Iterator[None]:
    """Raise errors of decoding an object as a `DamagedObject` that names it.

    Any error of a library that decodes is raised so. It stays the cause, but its
    message is left out, because it may quote a row.

    Parameters
    ----------
    remedy
        What to do about the damaged object.

    Raises
    ------
    DamagedObject
        The object cannot be decoded.

    Examples
    --------
    >>> import json
    >>> with damage_at("s3://bucket/a.json", "restore it"):
    ...     json.loads("{")
    Traceback (most recent call last):
    nightsieve.store.objects.DamagedObject: s3://bucket/a.json: cannot be decoded ...
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

    A process reads them once, and keeps its connections. Tests need this function:
    they talk to several servers from one process.

    Examples
    --------
    >>> os.environ["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:9000"
    >>> disconnect()
    """
    _session.cache_clear()
    _client_of.cache_clear()


def _error_type(code: str) -> type[StorageError]:
    if code in _MISSING:
        return ObjectMissing
    if code in _TRANSIENT:
        return StoreUnavailable
    return StorageError


@functools.cache
def _session() -> boto3.session.Session:
    """Return the session of a process and its forks; making one takes 0.3 s."""
    return boto3.session.Session()


def _client() -> "S3Client":
    """Return the client of this process: a client does not survive a fork."""
    with _making_a_client:
        return _client_of(os.getpid())


@functools.cache
def _client_of(process: int) -> "S3Client":
    config = Config(
        connect_timeout=5,
        read_timeout=120,
        retries={"mode": "standard", "total_max_attempts": 4},
    )
    try:
        return _session().client("s3", config=config)
    except (ValueError, failures.BotoCoreError) as error:
        raise StorageError(
            f"the S3 client cannot be made: {error}; "
            "check AWS_ENDPOINT_URL_S3 and AWS_DEFAULT_REGION"
        ) from None


def _code(error: failures.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
