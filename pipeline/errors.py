"""Errors that an operator can fix, each with an exit code of ``nightsieve``.

A message says where, what is wrong, and what to do:
``<file and key, option or object>: <what is wrong>; <what to do>``. It has one or two
lines, and never holds a secret or the text of a message.

Any other exception is a defect. If a task raises one, the log has the traceback without
the message of the exception, which could hold private data.
"""


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
