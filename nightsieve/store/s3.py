"""The S3 client of a process: its requests, what can pass, and checksums.

It alone imports boto3. `nightsieve.store.objects` is made of it.
"""

import base64
import functools
import hashlib
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import boto3
import urllib3.exceptions
from botocore import exceptions as failures
from botocore.config import Config

from nightsieve.store.retries import (
    TransientError,
    persist,
    storage_timeout,
)
from pipeline.errors import StorageError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_Result = TypeVar("_Result")

#: Names the log of an embedded store, which says why it cannot write.
LOG_VARIABLE = "NIGHTSIEVE_STORAGE_LOG"
#: Bytes that are read at once of what may be large.
CHUNK = 1 << 20
# The longest time without a byte of an answer.
_READ_TIMEOUT = 60.0
_MD5 = re.compile("[0-9a-f]{32}")
#: Codes of S3's errors: there is no such object; the server knows no conditions.
MISSING = ("404", "NoSuchKey", "NotFound")
UNCONDITIONAL = ("501", "NotImplemented")
# They pass, although their status is below 500.
_TRANSIENT = (
    "BadDigest",
    "IncompleteBody",
    "OperationAborted",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "TooManyRequests",
    "XAmzContentChecksumMismatch",
    "XAmzContentSHA256Mismatch",
)
_SERVER_ERROR = 500
_FULL = ("507", "InsufficientStorage", "XMinioStorageFull")
_DISK_FULL = b"no space left on device"
_LAST_LINES = 3
# botocore lets the last one through where the body of an error breaks off.
_BROKEN_ANSWERS = (
    failures.ResponseStreamingError,
    failures.IncompleteReadError,
    urllib3.exceptions.HTTPError,
)
_WRITING = (
    "PutObject",
    "CreateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
)
# boto3's session is not safe between threads.
_making_a_client = threading.Lock()


@functools.cache
def _session() -> boto3.session.Session:
    """Return the session of a process and its forks; making one takes 0.3 s."""
    return boto3.session.Session()


def disconnect() -> None:
    """Let the next client read the ``AWS_`` variables again.

    Examples
    --------
    >>> disconnect()
    """
    _session.cache_clear()
    _client_of.cache_clear()


def client() -> "S3Client":
    """Return the client of this process: a client does not survive a fork.

    Raises
    ------
    StorageError
        An ``AWS_`` variable is wrong.

    Examples
    --------
    >>> os.environ["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:9000"
    >>> disconnect()
    >>> client().meta.endpoint_url
    'http://127.0.0.1:9000'
    >>> disconnect()
    """
    with _making_a_client:
        return _client_of(os.getpid())


@functools.cache
def _client_of(process: int) -> "S3Client":
    # What was never reached may accept a connection and never answer: so it has half of
    # its time for the first answer.
    read_timeout = max(1.0, min(_READ_TIMEOUT, storage_timeout() / 2))
    config = Config(
        connect_timeout=5,
        read_timeout=read_timeout,
        # This module repeats requests itself, up to the last byte of the answer.
        retries={"mode": "standard", "total_max_attempts": 1},
    )
    try:
        return _session().client("s3", config=config)
    except (ValueError, failures.BotoCoreError) as error:
        raise StorageError(
            f"the S3 client cannot be made: {error}; "
            "check AWS_ENDPOINT_URL_S3 and AWS_DEFAULT_REGION"
        ) from None


def code_of(error: failures.ClientError) -> str:
    """Return the code of an error of S3; empty if the answer has none.

    Examples
    --------
    >>> code_of(failures.ClientError({"Error": {"Code": "SlowDown"}}, "PutObject"))
    'SlowDown'
    """
    return str(error.response.get("Error", {}).get("Code", ""))


def _status(error: failures.ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def persist_request(send: Callable[[], _Result]) -> _Result:
    """Return what a request returns; repeat it while its failure can pass.

    Raises
    ------
    TimeoutExceededError
        It failed until its time was over.

    Examples
    --------
    >>> disconnect()
    >>> persist_request(lambda: "an answer")
    'an answer'
    """

    def attempt() -> _Result:
        try:
            return send()
        except failures.ClientError as error:
            if not _is_transient(error):
                raise
            raise TransientError(code_of(error), answered=True) from None
        except _BROKEN_ANSWERS as error:
            raise TransientError(type(error).__name__, answered=True) from None
        except (failures.HTTPClientError, failures.ConnectionError) as error:
            raise TransientError(type(error).__name__, answered=False) from None

    return persist(attempt, endpoint())


def _is_transient(error: failures.ClientError) -> bool:
    """Return whether the same request may succeed later."""
    code = code_of(error)
    if code in UNCONDITIONAL or is_disk_full(error):
        return False
    return code in _TRANSIENT or _status(error) >= _SERVER_ERROR


def is_disk_full(error: failures.ClientError) -> bool:
    """Return whether the store could not write because its disk is full.

    The embedded store answers InternalError. Its log has the reason.

    Examples
    --------
    >>> answer = {"Error": {"Code": "InsufficientStorage"}}
    >>> is_disk_full(failures.ClientError(answer, "PutObject"))
    True
    """
    if code_of(error) in _FULL:
        return True
    log = os.environ.get(LOG_VARIABLE)
    if not log or error.operation_name not in _WRITING:
        return False
    if _status(error) < _SERVER_ERROR:
        return False
    try:
        with Path(log).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - CHUNK))
            lines = file.read().splitlines()
    except OSError:
        return False
    return any(_DISK_FULL in line for line in lines[-_LAST_LINES:])


def digest_in(etag: str) -> str | None:
    """Return the MD5 in an ETag; None for one of another kind.

    Examples
    --------
    >>> digest_in('"9a0364b9e99bb480dd25e1f0284c8555"')
    '9a0364b9e99bb480dd25e1f0284c8555'
    >>> digest_in('"9a0364b9e99bb480dd25e1f0284c8555-2"') is None
    True
    """
    digest = etag.strip('"')
    return digest if _MD5.fullmatch(digest) else None


def md5_of(content: bytes) -> "hashlib._Hash":
    """Return the MD5 of a content, which S3 compares it with.

    Examples
    --------
    >>> md5_of(b"content").hexdigest()
    '9a0364b9e99bb480dd25e1f0284c8555'
    """
    return hashlib.md5(content, usedforsecurity=False)


def base64_of(md5: "hashlib._Hash") -> str:
    """Return an MD5 as the header ``Content-MD5`` has it.

    Examples
    --------
    >>> base64_of(md5_of(b"content"))
    'mgNkuembtIDdJeHwKEyFVQ=='
    """
    return base64.b64encode(md5.digest()).decode()


def endpoint() -> str:
    """Return the URL that requests go to.

    Examples
    --------
    >>> os.environ["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:9000"
    >>> disconnect()
    >>> endpoint()
    'http://127.0.0.1:9000'
    >>> disconnect()
    """
    return client().meta.endpoint_url
