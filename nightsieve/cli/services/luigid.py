"""luigid behind a check of who asks; ``python -m nightsieve.cli.services.luigid``.

luigid has no authentication, and a GET request can change its state. So any page that
an operator opens in a browser could pause a night, also a page under a name that
resolves to the loopback address. This luigid answers only what is addressed to the
loopback interface, or to a name that its options give, and nothing that a browser asks
for a page from elsewhere. It keeps no link to anything but a web page.
"""

import argparse
import logging
import os
from collections.abc import Collection
from http import HTTPStatus
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import luigi.server
from luigi.scheduler import Scheduler
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Router
from tornado.web import Application, RequestHandler

from nightsieve.cli.services.processes import LOG_BYTES

ADDRESS = "127.0.0.1"
_FORMAT = "%(asctime)s %(name)s[%(process)s] %(levelname)s: %(message)s"
_REFUSAL = (
    "Refused: the request is not addressed to the loopback interface, or a page from "
    "elsewhere made it; type the address into the browser, as nightsieve status "
    "prints it\n"
)
# What browsers say about a request that no page of another origin made.
_OWN_SITES = ("same-origin", "none")

logger = logging.getLogger(__name__)
_build_app = luigi.server.app


class LinkCheckingScheduler(Scheduler):
    """A scheduler that takes links to web pages only.

    luigid's page would run the script in a ``javascript:`` link.
    """

    def add_task(
        self, *arguments: Any, tracking_url: str | None = None, **options: Any
    ) -> None:
        """Add or update a task, without a link that is not one to a web page."""
        if tracking_url and not is_web_address(tracking_url):
            logger.warning("a tracking URL was left out: it is not http or https")
            tracking_url = None
        super().add_task(*arguments, tracking_url=tracking_url, **options)


def is_web_address(url: object) -> bool:
    """Return whether a browser opens the URL as a web page.

    Examples
    --------
    >>> is_web_address("https://example.org/report")
    True
    >>> is_web_address("javascript:alert(1)")
    False
    """
    return isinstance(url, str) and url.lower().startswith(("http://", "https://"))


class Guard(Router):
    """Routes requests from here to luigid, and refuses all others.

    Parameters
    ----------
    port
        The port that luigid listens on.
    names
        Further names that it is addressed by, such as that of its container.
    """

    def __init__(
        self, application: Application, port: int, names: Collection[str] = ()
    ) -> None:
        self._application = application
        self._hosts = {f"{name}:{port}" for name in (ADDRESS, "localhost", *names)}

    def find_handler(
        self, request: HTTPServerRequest, **options: Any
    ) -> HTTPMessageDelegate | None:
        """Return what answers the request."""
        if self._is_from_here(request):
            return self._application.find_handler(request, **options)
        return self._application.get_handler_delegate(request, _Refusal)

    def _is_from_here(self, request: HTTPServerRequest) -> bool:
        """Return whether no other name and no page of another origin is involved.

        Not every browser sends every header; a worker sends none but ``Host``.
        """
        headers = request.headers
        if headers.get("Host", "").lower() not in self._hosts:
            return False
        if headers.get("Sec-Fetch-Site", "none") not in _OWN_SITES:
            return False
        for name in ("Origin", "Referer"):
            address = headers.get(name)
            if address is not None and not self._is_own(address):
                return False
        return True

    def _is_own(self, address: str) -> bool:
        try:
            parts = urlsplit(address)
        except ValueError:
            return False
        return parts.scheme == "http" and parts.netloc.lower() in self._hosts


class _Refusal(RequestHandler):
    """Answers every method with 403 and a line that says why."""

    def prepare(self) -> None:
        self.set_status(HTTPStatus.FORBIDDEN)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(_REFUSAL)


def main() -> None:
    """Run luigid until a signal ends it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path, help="default: stderr")
    parser.add_argument("--address", default=ADDRESS, help="listen on this address")
    parser.add_argument(
        "--name",
        dest="names",
        action="append",
        default=[],
        help="a further name that luigid is addressed by; may be given several times",
    )
    arguments = parser.parse_args()
    os.umask(0o077)
    _set_up_log(arguments.log)

    def guarded(scheduler: Scheduler) -> Guard:
        return Guard(_build_app(scheduler), arguments.port, arguments.names)

    luigi.server.app = guarded
    luigi.server.run(
        api_port=arguments.port,
        address=arguments.address,
        scheduler=LinkCheckingScheduler(),
    )


def _set_up_log(file: Path | None) -> None:
    """Write a log without a line for each poll of each worker, to stderr or a file.

    When the file is full, it is set aside in place of the last one.
    """
    handler: logging.Handler = logging.StreamHandler()
    if file is not None:
        handler = RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=1)
    logging.basicConfig(level=logging.INFO, format=_FORMAT, handlers=[handler])
    logging.getLogger("tornado.access").setLevel(logging.WARNING)


if __name__ == "__main__":
    main()
