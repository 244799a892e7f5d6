"""Pages as Jenkins serves them, and what Chromium finds on them."""

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
from typing import Any

from tests.support import ROOT

MODULES = ROOT / ".ci" / "node_modules"  # npm ci --prefix .ci
CHROMIUM = shutil.which("chromium")
NODE = shutil.which("node")
POLICY = "sandbox; default-src 'none'; img-src 'self'; style-src 'self';"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files below a folder, served as Jenkins does; ``/scripted/`` lets scripts run."""

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
        if policy := policies.get(self.path.split("/")[1]):
            self.send_header("Content-Security-Policy", policy)
        super().end_headers()

    def copyfile(self, *files) -> None:
        # A browser goes on to the next page before it has all of this one.
        with contextlib.suppress(ConnectionError):
            super().copyfile(*files)

    def log_message(self, *arguments) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder, and yield the address."""
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def page(
    address: str, path: str, width: int, scheme: str, screenshot: Path | None = None
) -> dict[str, Any]:
    """Return a page to look at; ``screenshot`` is where its first screen goes."""
    looked_at = {
        "strict": f"{address}/jenkins/{path}",
        "scripted": f"{address}/scripted/{path}",
        "width": width,
        "scheme": scheme,
    }
    if screenshot is not None:
        looked_at["screenshot"] = str(screenshot)
    return looked_at


def drive(job: dict[str, Any]) -> dict[str, Any]:
    """Return what Chromium finds.

    Parameters
    ----------
    job
        Has ``pages``, and what else drive.js takes.

    Raises
    ------
    RuntimeError
        The script failed; the message is its stderr.
    """
    completed = subprocess.run(
        [NODE, str(ROOT / "tests" / "browser" / "drive.js")],
        env={**os.environ, "NODE_PATH": str(MODULES)},
        input=json.dumps({"executable": CHROMIUM, **job}),
        capture_output=True,
        text=True,
        timeout=300,
    )
    if completed.returncode:
        raise RuntimeError(completed.stderr[:2000])
    return json.loads(completed.stdout)
