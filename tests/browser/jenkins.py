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

MODULES = Path(__file__).parents[2] / ".ci" / "node_modules"  # npm ci --prefix .ci
CHROMIUM, NODE = shutil.which("chromium"), shutil.which("node")
POLICY = "sandbox; default-src 'none'; img-src 'self'; style-src 'self';"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files below a folder: ``/jenkins/`` as Jenkins serves them, ``/scripted/`` likewise but for scripts."""

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
        with contextlib.suppress(
            ConnectionError
        ):  # a browser goes on to the next page before it has all of this one
            super().copyfile(*files)

    def log_message(self, *arguments) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address that the folder is served at."""
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def page(
    address: str, path: str, width: int, scheme: str, screenshot: Path | None = None
) -> dict[str, Any]:
    """A page to look at; of its first screen a picture is taken if ``screenshot`` names a file."""
    ways = {
        "strict": f"{address}/jenkins/{path}",
        "scripted": f"{address}/scripted/{path}",
    }
    return {
        **ways,
        "width": width,
        "scheme": scheme,
        **({"screenshot": str(screenshot)} if screenshot else {}),
    }


def drive(job: dict[str, Any]) -> dict[str, Any]:
    """What Chromium finds; ``job`` has ``pages``, and what else drive.js takes.

    Raises
    ------
    RuntimeError : it came to no end; what it said.
    """
    done = subprocess.run(
        [NODE, str(Path(__file__).with_name("drive.js"))],
        env={**os.environ, "NODE_PATH": str(MODULES)},
        input=json.dumps({"executable": CHROMIUM, **job}),
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[:2000])
    return json.loads(done.stdout)
