"""Keep data out of luigi's log, its page and its e-mails."""

import logging
import re
import warnings

from luigi.parameter import ParameterException, UnconsumedParameterWarning
from luigi.rpc import RPCError
from luigi.task_register import TaskClassException
from luigi.worker import TaskException

from pipeline import errors

# The messages of these come from us or from luigi: they quote the configuration, the
# command line or code, never a row.
_QUOTABLE = (
    *errors.QUOTABLE,
    ParameterException,
    RPCError,
    TaskClassException,
    TaskException,
)


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

    A defect is described by its traceback without the messages of the exceptions.
    """
    if isinstance(error, RPCError):
        return f"{error}; is luigid running? nightsieve up starts the embedded one"
    return errors.describe_error(error, _QUOTABLE)


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
