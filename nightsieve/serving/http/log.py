"""The log of the service: one JSON object a line, on stderr.

A line never holds a body, a query or a header. The traceback of a defect comes without
the messages of its exceptions, which could quote a text.
"""

import datetime
import json
import logging
import sys

from pipeline.errors import describe_error

#: The logger of the service. ``extra`` adds fields to a line.
LOGGER = "nightsieve.serving"
# What every record has; all else comes from ``extra``. uvicorn adds a coloured copy of
# its message.
_STANDARD = frozenset(
    {*vars(logging.makeLogRecord({})), "message", "asctime", "color_message"}
)


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON.

    Examples
    --------
    >>> record = logging.makeLogRecord({"msg": "model changed", "serial": 7})
    >>> json.loads(JsonFormatter().format(record))["serial"]
    7
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of the record."""
        time = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, object] = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage().strip(),
            "process": record.process,
        }
        for name, value in vars(record).items():
            if name not in _STANDARD:
                line[name] = value
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["traceback"] = describe_error(error)
        return json.dumps(line, default=str)


def set_up_log() -> None:
    """Write what this process logs to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(LOGGER).setLevel(logging.INFO)
    # What a client sends wrong is no event of the service.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
