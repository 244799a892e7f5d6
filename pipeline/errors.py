"""Errors that an operator can fix, each with an exit code of ``nightsieve``.

A message says where, what is wrong, and what to do:
``<file and key, option or object>: <what is wrong>; <what to do>``. It has one or two
lines, and never holds a secret or the text of a message.

Any other exception is a defect. If a task or a request raises one, the log has the
traceback without the message of the exception, which could hold private data:
`describe_error`.
"""

import os
import traceback


class NightsieveError(Exception):
    """The base class of all errors here; it is never raised itself."""

    exit_code = 1


class ConfigError(NightsieveError):
    """A configuration layer, a rule file or an argument is not valid.

    For example: ``overlay.yaml: training.serch: unknown key; did you mean search?``
    """

    exit_code = 3


class SourceError(NightsieveError):
    """The database cannot be reached, or differs from what the configuration says.

    For example: ``source.messages.table: table mesages does not exist; use one of
    messages, reviews``
    """

    exit_code = 4


class StorageError(NightsieveError):
    """The S3 store cannot be reached, refuses the credentials, or lacks the bucket.

    For example: ``bucket/prefix: not an S3 address; use s3://bucket/prefix``
    """

    exit_code = 5


class ServiceError(NightsieveError):
    """An embedded service or the scheduler does not start, answer or stop.

    For example: ``postgres: does not answer after 30 s; see the end of its log``
    """

    exit_code = 6


class DataError(NightsieveError):
    """The data cannot be used: an empty sample, one label only, an unreadable file.

    For example: ``training.search.folds: label spam has 3 distinct texts for 5 folds;
    label more messages, or set training.rare_labels to drop``
    """

    exit_code = 7


class ArtefactError(NightsieveError):
    """A stored object is damaged: its checksum or its schema is wrong.

    For example: ``s3://bucket/prefix/ingest/messages-0.parquet: not what its receipt
    says; remove it and run the night again``
    """

    exit_code = 8


class VerificationError(NightsieveError):
    """The exported model does not predict what the fitted estimator predicts.

    For example: ``scorers: differ from training or the exported model on texts
    (java: 3; the first by sha256: 3b5d5c37); do not use this export``
    """

    exit_code = 9


#: Errors whose messages are ours: they never quote a row.
QUOTABLE: tuple[type[BaseException], ...] = (NightsieveError,)


def describe_error(
    error: BaseException, quotable: tuple[type[BaseException], ...] = QUOTABLE
) -> str:
    """Describe an error for a log.

    A defect is described by its traceback without the messages of the exceptions: a
    library may quote the text that it was called with.

    Parameters
    ----------
    quotable
        Errors whose messages are known to quote no text; they need no traceback.
    """
    if isinstance(error, quotable):
        message = str(error)
        if not isinstance(error, ArtefactError) or error.__cause__ is None:
            return message
        # An object that cannot be decoded points to a defect, or to another version of
        # a library.
        return f"{message}\n\ncaused by:\n\n{describe_error(error.__cause__, quotable)}"
    lines = []
    cause = _cause(error)
    if cause is not None:
        lines += [describe_error(cause, quotable), "\n\nand then:\n\n"]
    lines.append("Traceback (most recent call last):\n")
    lines += traceback.format_tb(error.__traceback__)
    lines.append(f"{_type_name(error)}: {_quotable_message(error)}")
    return "".join(lines)


def _cause(error: BaseException) -> BaseException | None:
    """Return the error that Python's own traceback would show before this one."""
    if error.__cause__ is not None:
        return error.__cause__
    return None if error.__suppress_context__ else error.__context__


def _type_name(error: BaseException) -> str:
    error_type = type(error)
    if error_type.__module__ == "builtins":
        return error_type.__qualname__
    return f"{error_type.__module__}.{error_type.__qualname__}"


def _quotable_message(error: BaseException) -> str:
    """Return the message if it comes from the system, or names a module."""
    if isinstance(error, ImportError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return "its message is left out, because it may quote a text"
