"""A log that an operator can read: what a person can mend is said in a line or two, without a traceback."""

import logging
import warnings

from luigi.parameter import ParameterException, UnconsumedParameterWarning
from luigi.rpc import RPCError
from luigi.task_register import TaskClassException

from pipeline.errors import NightsieveError


class WithoutTraceback(logging.Filter):
    """Replaces the traceback of a mendable error by its message; every other error keeps it."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            record.exc_info = None  # luigi asks for the traceback of errors that are handled already
        if isinstance(error, RPCError):
            advice = "is luigid running? For the embedded services: nightsieve up"
            error = f"{error}; {advice}"
        elif not isinstance(error, NightsieveError | ParameterException | TaskClassException):
            return True
        record.msg, record.args = f"{record.getMessage()}\n{error}", ()
        record.exc_info = record.exc_text = None
        return True


def install() -> None:
    """Make luigi's log say it so."""
    # Luigi reads these from [core] without declaring them, and then warns that nobody reads them.
    warnings.filterwarnings("ignore", ".*'(rpc_|default_scheduler_)", UnconsumedParameterWarning)
    logging.getLogger("luigi-interface").addFilter(WithoutTraceback())
