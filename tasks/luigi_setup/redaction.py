"""Keep data out of luigi's log, its page and its e-mails."""

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

# The messages of these come from us or from luigi: they quote the configuration, the
# command line or code, never a row.
_QUOTABLE = (NightsieveError, ParameterException, TaskClassException, TaskException)


class RedactingFilter(logging.Filter):
    """A filter that replaces the traceback of a record by `describe_error`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record, and keep it in the log."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            # Luigi logs a traceback where no error is being handled, too.
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
    """Describe an error for the log, the scheduler's page and e-mails.

    A defect is described by its traceback without the messages of the exceptions: a
    library may quote the text that it was called with.
    """
    if isinstance(error, _QUOTABLE):
        message = str(error)
        if not isinstance(error, ArtefactError) or error.__cause__ is None:
            return message
        # An object that cannot be decoded points to a defect, or to another version of
        # a library.
        return f"{message}\n\ncaused by:\n\n{describe_error(error.__cause__)}"
    if isinstance(error, RPCError):
        return f"{error}; is luigid running? nightsieve up starts the embedded one"
    lines = []
    cause = _cause(error)
    if cause is not None:
        lines += [describe_error(cause), "\n\nand then:\n\n"]
    lines.append("Traceback (most recent call last):\n")
    lines += traceback.format_tb(error.__traceback__)
    lines.append(f"{_type_name(error)}: {_quotable_message(error)}")
    return "".join(lines)


def install() -> None:
    """Filter luigi's log."""
    # Luigi reads these from [core] without declaring them, and then warns that nothing
    # uses them.
    warnings.filterwarnings(
        "ignore", ".*'(rpc_|default_scheduler_)", UnconsumedParameterWarning
    )
    log = logging.getLogger("luigi-interface")
    log.addFilter(RedactingFilter())
    # Warnings of the packages below the tasks belong in the same log.
    logging.getLogger("nightsieve").parent = log


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
