"""What is said of errors: a line or two of what a person can mend; a defect has a traceback, but quotes nothing."""

import logging
import os
import re
import traceback
import warnings

from luigi.parameter import ParameterException, UnconsumedParameterWarning
from luigi.rpc import RPCError
from luigi.task_register import TaskClassException
from luigi.worker import TaskException

from pipeline.errors import NightsieveError

# Errors whose words are ours or luigi's: they quote the configuration, the command line or code, never a row.
_PLAIN = (NightsieveError, ParameterException, TaskClassException, TaskException)


class WithoutTraceback(logging.Filter):
    """Says of a mendable error its message alone, and of a defect where it is."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            record.exc_info = (
                None  # luigi asks for the traceback of errors that are handled already
            )
            return True
        record.msg, record.args = (
            without_account(f"{record.getMessage()}\n{told(error)}"),
            (),
        )
        record.exc_info = record.exc_text = None
        return True


def without_account(text: str) -> str:
    """The text with addresses that lack user and password: the scheduler's may have them."""
    return re.sub(r"(?<=://)[^/\s'\"@]*@", "", text)


def told(error: BaseException) -> str:
    """What the log, the scheduler's page and e-mails may say of an error.

    Of a defect that is its traceback without the words of the exceptions: a library's may quote the message that it
    was given.
    """
    if isinstance(error, _PLAIN):
        return str(error)
    if isinstance(error, RPCError):
        return f"{error}; is luigid running? For the embedded services: nightsieve up"
    earlier = error.__cause__ or (
        None if error.__suppress_context__ else error.__context__
    )
    before = [told(earlier), "\n\nand then:\n\n"] if earlier else []
    frames = traceback.format_tb(error.__traceback__)
    return "".join(
        [
            *before,
            "Traceback (most recent call last):\n",
            *frames,
            f"{_name(error)}: {_words(error)}",
        ]
    )


def _name(error: BaseException) -> str:
    kind = type(error)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _words(error: BaseException) -> str:
    """The system's own words, or the name of a module; else none."""
    if isinstance(error, ImportError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return "its words are left out, for they may quote a message"


def install() -> None:
    """Make luigi's log say it so."""
    # Luigi reads these from [core] without declaring them, and then warns that nobody reads them.
    warnings.filterwarnings(
        "ignore", ".*'(rpc_|default_scheduler_)", UnconsumedParameterWarning
    )
    logging.getLogger("luigi-interface").addFilter(WithoutTraceback())
