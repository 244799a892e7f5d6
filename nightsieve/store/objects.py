"""Whole objects in S3, under one prefix, and what a failure means to an operator."""

import contextlib
import datetime
import hashlib
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

from botocore import exceptions as failures

from nightsieve.store import s3, uploads
from nightsieve.store.retries import (
    TimeoutExceededError,
    TransientError,
    forget_contact,
)
from pipeline.errors import ArtefactError, NightsieveError, StorageError

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import (
        GetObjectOutputTypeDef,
        ListObjectsV2OutputTypeDef,
    )

_Result = TypeVar("_Result")

VARIABLE = "NIGHTSIEVE_STORAGE"
#: What to do about an object that is missing, and that a night can write again.
MAKE_AGAIN = "run the night again; for a finished night: nightsieve runs repair DATE"
#: What to do about a damaged object.
RUN_AGAIN = f"delete it and {MAKE_AGAIN}"
# How often an answer that fails its checksum is read. If it still fails, the object
# itself is damaged.
_READINGS = 4
# An answer that does not fit its ETag is believed if it is the same this often.
_EQUAL_READINGS = 3
# How often an upload in parts that the store loses is begun.
_UPLOADS = 5
_KEYS_OF_A_PAGE = 1000
_EMBEDDED = 'for the embedded services: eval "$(nightsieve env)"'
_NO_OBJECT = "there is no such object"
_CREDENTIALS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_UNCHANGED = ("304", "NotModified")
_CONFLICT = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")
_REFUSALS = {
    "AccessDenied": "the credentials do not allow this",
    "Forbidden": "the credentials are refused, or do not allow this",
    "403": "the credentials are refused, or do not allow this",
    "InvalidAccessKeyId": "the access key is unknown",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "ExpiredToken": "the credentials have expired",
}
# Whether the ETags of an endpoint are the MD5 of the content, once that is known.
_etag_is_md5: dict[str, bool] = {}


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


class Reading(NamedTuple):
    """What a conditional request has read.

    Attributes
    ----------
    is_changed
        Whether the object is not the one with the ETag that was given.
    content
        None if the object is unchanged or missing.
    etag
        None if it is missing.

    Examples
    --------
    >>> store.read_if_changed("notes/a", None)
    Reading(is_changed=False, content=None, etag=None)
    """

    is_changed: bool
    content: bytes | None
    etag: str | None


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
        return f"{s3.client().meta.endpoint_url}/{self.bucket}/{self._full(key)}"

    def exists(self, key: str) -> bool:
        """Return whether there is an object of this key."""

        def send() -> bool:
            return self._head(key) is not None

        return self._request(key, send)

    def read(self, key: str) -> bytes:
        """Return the object, whatever it holds: see `read_verified`.

        Raises
        ------
        ObjectMissing
            There is no such object.
        """
        answer = self.read_with_etag(key)
        if answer is None:
            raise ObjectMissing(_absence(self.address(key)))
        return answer[0]

    def size(self, key: str) -> int:
        """Return the bytes of an object without reading them.

        Raises
        ------
        ObjectMissing
            There is no such object.
        """

        def send() -> int:
            # A HEAD would not say whether the object or its bucket is missing.
            answer = s3.client().get_object(Bucket=self.bucket, Key=self._full(key))
            answer["Body"].close()
            return answer["ContentLength"]

        return self._request(key, send)

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
        content = self._read_for(key, remedy)
        if not has_sha256(content, sha256):
            # Perhaps it was changed on the way.
            content = self._read_for(key, remedy)
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
        """Return the object and its ETag, for `put_if_match`; None if it is missing.

        An answer that breaks off, or that fails its checksum, is read again.

        Raises
        ------
        DamagedObject
            The checksum that the store sends is wrong every time.
        """
        reading = self._read(key)
        if reading.content is None or reading.etag is None:
            return None
        return reading.content, reading.etag

    def read_if_changed(self, key: str, etag: str | None) -> Reading:
        """Return the object, unless it is still the one with this ETag.

        A store that knows conditions sends no content of an unchanged object.

        Parameters
        ----------
        etag
            That of the last reading; None if the object was missing then.

        Raises
        ------
        DamagedObject
            As `read_with_etag`.

        Examples
        --------
        >>> store.write("notes/a", b"content")
        >>> reading = store.read_if_changed("notes/a", None)
        >>> reading.is_changed, reading.content
        (True, b'content')
        >>> store.read_if_changed("notes/a", reading.etag).is_changed
        False
        """
        return self._read(key, etag)

    def _read(self, key: str, etag: str | None = None) -> Reading:
        readings = _Readings(self.address(key))
        condition: dict[str, Any] = {} if etag is None else {"IfNoneMatch": etag}

        def send() -> Reading:
            try:
                answer = s3.client().get_object(
                    Bucket=self.bucket, Key=self._full(key), **condition
                )
            except failures.ClientError as error:
                if s3.code_of(error) in s3.MISSING:
                    return Reading(etag is not None, None, None)
                if s3.code_of(error) in _UNCHANGED:
                    return Reading(False, None, etag)
                raise
            content = readings.content_of(answer)
            # Some servers do not know conditions.
            if answer["ETag"] == etag:
                return Reading(False, None, etag)
            return Reading(True, content, answer["ETag"])

        return self._request(key, send)

    def write(self, key: str, content: bytes) -> None:
        """Write the object with one PUT: it is there whole, or not at all.

        An object that was changed on the way is written again.
        """

        def send() -> None:
            self._put(key, content)

        self._request(key, send)

    def upload(self, key: str, file: IO[bytes]) -> None:
        """Write a file of any size, a large one in parts, one of them in memory.

        The file is read from its current position, and must be seekable.
        """
        start = file.tell()
        size = file.seek(0, os.SEEK_END) - start
        file.seek(start)
        if size < uploads.PART_SIZE:
            self.write(key, file.read())
            return
        for _ in range(_UPLOADS):
            file.seek(start)
            try:
                with self._translated(key):
                    uploads.Upload(self.bucket, self._full(key)).send(file)
            except uploads.UploadLostError:
                continue
            return
        raise StoreUnavailable(
            f"{self.address(key)}: the store lost {_UPLOADS} uploads in parts; see the "
            "log of the store"
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
        attempts = itertools.count()

        def send() -> None:
            is_repeated = next(attempts) > 0
            try:
                self._put(key, content, condition)
            except _ChangedOnTheWayError as error:
                # What is there is ours: the next attempt replaces it and nothing else.
                condition.clear()
                condition["IfMatch"] = error.etag
                raise
            except failures.ClientError as error:
                if s3.code_of(error) in s3.UNCONDITIONAL:
                    self._put(key, content)
                elif s3.code_of(error) not in _CONFLICT:
                    raise
                elif not is_repeated or not self._holds(key, content):
                    raise self.conflict(key) from None
                # The object is that of an earlier attempt, whose answer was lost.

        self._request(key, send)

    def conflict(self, key: str) -> Conflict:
        """Return the error for an object that another process wrote in between."""
        address = self.address(key)
        return Conflict(f"{address}: another process wrote it meanwhile; try again")

    def delete(self, key: str) -> None:
        """Remove the object; to remove a missing object is not an error."""

        def send() -> None:
            s3.client().delete_object(Bucket=self.bucket, Key=self._full(key))

        self._request(key, send)

    def list_by_time(self, prefix: str) -> list[str]:
        """Return the keys that begin with the prefix, the last written one last."""
        return list(self.last_modified(prefix))

    def last_modified(self, prefix: str) -> dict[str, datetime.datetime]:
        """Return when each object was written whose key begins with the prefix.

        The last written one is last.
        """
        own_prefix = self._full("")
        written = []
        token: str | None = ""
        while token is not None:
            page = self._list(prefix, token)
            for entry in page.get("Contents", []):
                key = entry["Key"].removeprefix(own_prefix)
                written.append((entry["LastModified"], key))
            token = page.get("NextContinuationToken")
        return {key: moment for moment, key in sorted(written)}

    def has_any(self, prefix: str) -> bool:
        """Return whether the key of any object begins with the prefix."""
        return bool(self._list(prefix, limit=1).get("Contents"))

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _list(
        self, prefix: str, token: str = "", limit: int = _KEYS_OF_A_PAGE
    ) -> "ListObjectsV2OutputTypeDef":
        """Return a page of keys; the token is the previous page's."""
        options: dict[str, Any] = {"ContinuationToken": token} if token else {}

        def send() -> "ListObjectsV2OutputTypeDef":
            return s3.client().list_objects_v2(
                Bucket=self.bucket,
                Prefix=self._full(prefix),
                MaxKeys=limit,
                **options,
            )

        return self._request(prefix, send)

    def _head(self, key: str) -> str | None:
        """Return the ETag of the object; None if it is missing."""
        try:
            answer = s3.client().head_object(Bucket=self.bucket, Key=self._full(key))
        except failures.ClientError as error:
            if s3.code_of(error) in s3.MISSING:
                return None
            raise
        return answer["ETag"]

    def _read_for(self, key: str, remedy: str) -> bytes:
        answer = self.read_with_etag(key)
        if answer is None:
            raise self.missing(key, remedy)
        return answer[0]

    def _holds(self, key: str, content: bytes) -> bool:
        answer = self.read_with_etag(key)
        return answer is not None and answer[0] == content

    def _put(
        self, key: str, content: bytes, condition: Mapping[str, str] | None = None
    ) -> None:
        """Send one PUT, and make sure that the store has received this content.

        Some servers compare it with its MD5, and refuse what was changed on the way.
        Others do not, but the ETag that they answer with is the MD5 of what they have
        received. Where an ETag is something else, the object is read back.

        Raises
        ------
        _ChangedOnTheWayError
            The store has another content now.
        """
        client: Any = s3.client()
        md5 = s3.md5_of(content)
        answer = client.put_object(
            Bucket=self.bucket,
            Key=self._full(key),
            Body=content,
            ContentMD5=s3.base64_of(md5),
            **(condition or {}),
        )
        etag = answer["ETag"]
        if s3.digest_in(etag) == md5.hexdigest():
            return
        stored = self.read_with_etag(key)
        # An object with another ETag was written after this one.
        if stored is not None and stored[1] == etag and stored[0] != content:
            raise _ChangedOnTheWayError(etag)

    def _request(self, key: str, send: Callable[[], _Result]) -> _Result:
        """Return what a request returns; see `_persist` and `_translated`."""
        with self._translated(key):
            return s3.persist_request(send)

    @contextlib.contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        """Raise the failures of a request as errors that say what to do."""
        address = self.address(key)
        try:
            yield
        except failures.ClientError as error:
            raise _error_type(s3.code_of(error))(self._reason(error, address)) from None
        except TimeoutExceededError as error:
            raise StoreUnavailable(
                f"{address}: {_problem_of(error)}; {_remedy_for(error)}"
            ) from None
        except (failures.NoCredentialsError, failures.PartialCredentialsError):
            raise StorageError(
                f"{address}: there are no S3 credentials; set {_CREDENTIALS}, or "
                f"{_EMBEDDED}"
            ) from None
        except failures.BotoCoreError as error:
            raise StorageError(
                f"{address}: {error}; check AWS_ENDPOINT_URL_S3 and AWS_DEFAULT_REGION"
            ) from None

    def _reason(self, error: failures.ClientError, address: str) -> str:
        code = s3.code_of(error)
        if s3.is_disk_full(error):
            log = os.environ.get(s3.LOG_VARIABLE, "the log of the store")
            return (
                f"{address}: the disk of the store is full, see {log}; make room, then "
                "run the same command again"
            )
        if code == "NoSuchBucket":
            return (
                f"{address}: there is no bucket {self.bucket}; create it, or name "
                f"another one in {VARIABLE}"
            )
        if code in s3.MISSING:
            return _absence(address)
        if code in _REFUSALS:
            return (
                f"{address}: {_REFUSALS[code]} ({code}); check AWS_ACCESS_KEY_ID, "
                "AWS_SECRET_ACCESS_KEY and the bucket's policy"
            )
        answer = code or "with an error that has no code"
        return f"{address}: the store answered {answer}; look in the log of the store"


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
    s3.disconnect()
    _etag_is_md5.clear()
    forget_contact()


class _ChangedOnTheWayError(TransientError):
    """The store has received another content than was sent.

    Attributes
    ----------
    etag
        The ETag of the object that is there now.
    """

    def __init__(self, etag: str):
        super().__init__("the content was changed on the way", answered=True)
        self.etag = etag


class _Readings:
    """The answers to one GET, until one has arrived as it was sent."""

    def __init__(self, address: str):
        self._address = address
        self._digests: Counter[bytes] = Counter()
        self._failures = 0

    def content_of(self, answer: "GetObjectOutputTypeDef") -> bytes:
        """Return the content of an answer.

        Raises
        ------
        TransientError
            It may have been changed on the way.
        DamagedObject
            It fails its checksum every time.
        """
        try:
            content = answer["Body"].read()
        except failures.FlexibleChecksumError:
            self._failures += 1
            if self._failures == _READINGS:
                problem = "fails the checksum of the store"
                raise DamagedObject(self._address, problem, RUN_AGAIN) from None
            raise _changed_answer() from None
        if not _fits_etag(content, answer):
            digest = hashlib.sha256(content).digest()
            self._digests[digest] += 1
            if self._digests[digest] < _EQUAL_READINGS:
                raise _changed_answer()
            # This is what the store holds. So its ETags are no MD5, unless one was.
            _etag_is_md5.setdefault(s3.endpoint(), False)
        return content


def _absence(address: str) -> str:
    return f"{address}: {_NO_OBJECT}"


def _problem_of(error: TimeoutExceededError) -> str:
    """Say what was wrong with a request until its time was over."""
    problem = f"{error.last.problem} at {s3.endpoint()}"
    if error.last.answered:
        problem = f"the store failed with {error.last.problem}"
    return f"{problem} for {error.seconds:.0f} s"


def _remedy_for(error: TimeoutExceededError) -> str:
    if error.last.answered:
        return "see the log of the store, and whether its disk is full"
    return f"check AWS_ENDPOINT_URL_S3, or {_EMBEDDED}"


def _changed_answer() -> TransientError:
    return TransientError("the answer was changed on the way", answered=True)


def _fits_etag(content: bytes, answer: "GetObjectOutputTypeDef") -> bool:
    """Return whether the ETag of an answer, if it is an MD5, is that of the content."""
    if answer.get("ServerSideEncryption", "AES256") != "AES256":
        return True
    digest = s3.digest_in(answer["ETag"])
    if digest is None or "SSECustomerAlgorithm" in answer:
        return True
    if not _etag_is_md5.get(s3.endpoint(), True):
        return True
    is_equal = digest == s3.md5_of(content).hexdigest()
    if is_equal:
        _etag_is_md5[s3.endpoint()] = True
    return is_equal


def _error_type(code: str) -> type[StorageError]:
    return ObjectMissing if code in s3.MISSING else StorageError
