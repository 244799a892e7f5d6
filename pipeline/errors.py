"""Errors that an operator can fix, each with the exit code of the ``nightsieve`` command.

The message is one or two lines: what is wrong, where (file and key), and what would be
right. It never holds a secret or the text of a message. Any other exception is a defect:
if a task raises one, the log has the traceback without the exception's own words.
"""


class NightsieveError(Exception):
    """The root of the tree; never raised itself."""

    exit_code = 1


class ConfigError(NightsieveError):
    """A configuration layer, a rule file or an argument is not what it must be."""

    exit_code = 3


class SourceError(NightsieveError):
    """The database cannot be reached or does not hold what the configuration says."""

    exit_code = 4


class StorageError(NightsieveError):
    """The S3 store cannot be reached, refuses the credentials, or lacks the bucket."""

    exit_code = 5


class ServiceError(NightsieveError):
    """An embedded service, or the scheduler, does not start, answer or stop."""

    exit_code = 6


class DataError(NightsieveError):
    """The data cannot be worked with: nothing sampled, one label, too few documents, an unreadable file."""

    exit_code = 7


class ArtefactError(NightsieveError):
    """A handed-over object breaks its contract: a wrong checksum, a table that fails its schema."""

    exit_code = 8


class VerificationError(NightsieveError):
    """The exported model does not predict what the fitted estimator predicts."""

    exit_code = 9
