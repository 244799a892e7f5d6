"""What luigi may say of an error: of our own their message, of a defect no data."""

import logging
import os
import re
import traceback
import warnings

from luigi.parameter import ParameterException, UnconsumedParameterWarning
from luigi.rpc import RPCError
from luigi.task_register import TaskClassException
from luigi.worker import TaskException

from pipeline.errors import ArtefactError, NightsieveError

# Their messages are ours or luigi's: they quote the configuration, the command line or
# code, never a row.
_QUOTABLE = (NightsieveError, ParameterException, TaskClassException, TaskException)


class RedactingFilter(logging.Filter):
    """Replaces the traceback of a record by what `describe_error` says."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record, and let it pass."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            # Luigi asks for the traceback of errors that are handled already.
            record.exc_info = None
            return True
        message = f"{record.getMessage()}\n{describe_error(error)}"
        record.msg = strip_credentials(message)
        record.args = ()
        record.exc_info = None
        record.exc_text = None
        return True


def strip_credentials(text: str) -> str:
    """Remove user and password from every address in a text."""
    return re.sub(r"(?<=://)[^/\s'\"@]*@", "", text)


def describe_error(error: BaseException) -> str:
    """Return what the log, the scheduler's page and e-mails say of an error.

    Of a defect that is its traceback without the messages of the exceptions: a library
    may quote the text that it was given.
    """
    if isinstance(error, _QUOTABLE):
        message = str(error)
        if not isinstance(error, ArtefactError) or error.__cause__ is None:
            return message
        # What was written cannot be decoded: a defect, or another library.
        return f"{message}\n\nbecause of:\n\n{describe_error(error.__cause__)}"
    if isinstance(error, RPCError):
        return f"{error}; is luigid running? For the embedded services: nightsieve up"
    context = None if error.__suppress_context__ else error.__context__
    cause = error.__cause__ or context
    lines = [describe_error(cause), "\n\nand then:\n\n"] if cause else []
    lines.append("Traceback (most recent call last):\n")
    lines += traceback.format_tb(error.__traceback__)
    lines.append(f"{_type_name(error)}: {_quotable_message(error)}")
    return "".join(lines)


def install() -> None:
    """Filter luigi's log."""
    # Luigi reads these from [core] without declaring them, and warns of them then.
    warnings.filterwarnings(
        "ignore", ".*'(rpc_|default_scheduler_)", UnconsumedParameterWarning
    )
    log = logging.getLogger("luigi-interface")
    log.addFilter(RedactingFilter())
    # What the packages below the tasks warn of belongs in the same log.
    logging.getLogger("nightsieve").parent = log


def _type_name(error: BaseException) -> str:
    error_type = type(error)
    if error_type.__module__ == "builtins":
        return error_type.__qualname__
    return f"{error_type.__module__}.{error_type.__qualname__}"


def _quotable_message(error: BaseException) -> str:
    """Return the message if it is the system's, or names a module."""
    if isinstance(error, ImportError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return "its message is left out, because it may quote a text"
