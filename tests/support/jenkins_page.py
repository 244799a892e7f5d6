"""Serves pages as Jenkins does, and returns what Chromium finds on them."""

import contextlib
import functools
import http
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, AnyStr

from tests.support import ROOT

if TYPE_CHECKING:
    from _typeshed import SupportsRead, SupportsWrite

MODULES = ROOT / ".ci" / "node_modules"  # npm ci --prefix .ci
CHROMIUM = shutil.which("chromium")
NODE = shutil.which("node")
POLICY = "sandbox; default-src 'none'; img-src 'self'; style-src 'self';"


class Handler(http.server.SimpleHTTPRequestHandler):
    """A server of a folder under Jenkins' policy; ``/scripted/`` lets scripts run."""

    def do_GET(self) -> None:
        if self.path == "/favicon.ico":  # which Jenkins has
            self.send_response(http.HTTPStatus.NO_CONTENT)
            self.end_headers()
        else:
            super().do_GET()

    def translate_path(self, path: str) -> str:
        return super().translate_path("/" + path.split("/", 2)[2])

    def end_headers(self) -> None:
        policies = {
            "jenkins": POLICY,
            "scripted": POLICY.replace("sandbox", "sandbox allow-scripts"),
        }
        first_folder = self.path.split("/")[1]
        if first_folder in policies:
            self.send_header("Content-Security-Policy", policies[first_folder])
        super().end_headers()

    def copyfile(
        self, source: "SupportsRead[AnyStr]", outputfile: "SupportsWrite[AnyStr]"
    ) -> None:
        # A browser may leave for the next page before it has received this one.
        with contextlib.suppress(ConnectionError):
            super().copyfile(source, outputfile)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder, and yield the address of the server."""
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def page(
    address: str, path: str, width: int, scheme: str, screenshot: Path | None = None
) -> dict[str, Any]:
    """Return a page for `drive`; ``screenshot`` is the file of its first screen."""
    job = {
        "strict": f"{address}/jenkins/{path}",
        "scripted": f"{address}/scripted/{path}",
        "width": width,
        "scheme": scheme,
    }
    if screenshot is not None:
        job["screenshot"] = str(screenshot)
    return job


def drive(job: dict[str, Any]) -> dict[str, Any]:
    """Return what Chromium finds.

    Parameters
    ----------
    job
        The input of drive.js: ``pages``, and optionally ``demo``.
    """
    return run_driver("drive.js", job)


def run_driver(script: str, job: dict[str, Any]) -> Any:
    """Return the JSON that a script of tests/browser writes.

    Parameters
    ----------
    job
        The input of the script, without the path of the browser.

    Raises
    ------
    RuntimeError
        Node or Chromium is missing, or the script failed; then the message is its
        stderr.
    """
    if NODE is None or CHROMIUM is None:
        raise RuntimeError("node and chromium: not on the PATH; install both")
    completed = subprocess.run(
        [NODE, str(ROOT / "tests" / "browser" / script)],
        env={**os.environ, "NODE_PATH": str(MODULES)},
        input=json.dumps({"executable": CHROMIUM, **job}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if completed.returncode:
        raise RuntimeError(completed.stderr[:2000])
    return json.loads(completed.stdout)
