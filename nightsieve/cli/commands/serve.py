"""``nightsieve serve``: predictions over HTTP."""

import os
from pathlib import Path
from typing import Any

import click

from nightsieve.access.tokens import default_path
from nightsieve.cli.options import help_epilog
from nightsieve.serving.options import ServeOptions
from pipeline.errors import ConfigError, ServiceError

_FILE = click.Path(path_type=Path, dir_okay=False)
# Packages of the extra that are imported here or below.
_EXTRA = ("anyio", "httptools", "prometheus_client", "starlette", "uvicorn")


class _LazyGroup(click.Group):
    """Imports the commands below it when one is used: a service starts without."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["token"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name != "token":
            return None
        from nightsieve.cli.commands.serve_token import token  # noqa: PLC0415

        return token


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    epilog=help_epilog(
        "nightsieve serve --model out/model.json",
        exit_codes={
            0: "ended by a signal; the requests that had begun were answered",
            3: "an option, the certificate or its key cannot be used",
            6: "the port is in use, the extra is not installed, or it cannot run",
            7: "the file of --model or of --tokens cannot be read",
            8: "the file of --model or of --tokens is damaged",
        },
    ),
)
@click.option(
    "--model",
    metavar="FILE",
    type=_FILE,
    show_default="the current model of the store",
    help="Serve this model file; no store is needed.",
)
@click.option(
    "--tokens",
    metavar="FILE",
    type=_FILE,
    default=default_path,
    show_default="$NIGHTSIEVE_TOKENS, or nightsieve/tokens.json in $XDG_CONFIG_HOME",
    help="The file of access tokens. Without tokens only this machine may ask.",
)
@click.option(
    "--host",
    default=ServeOptions.host,
    metavar="ADDRESS",
    show_default=True,
    help="Listen on this address; 0.0.0.0 is all of this machine.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=ServeOptions.port,
    show_default=True,
    help="Listen on this port; 0 is any free one.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=ServeOptions.workers,
    metavar="N",
    show_default=True,
    help="The number of processes that answer; about one for each core.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    show_default="no page may",
    help="Pages of this origin, such as https://app.example.org, may ask from a "
    "browser (CORS); * is all. Repeatable.",
)
@click.option(
    "--max-body",
    "max_body_bytes",
    type=click.IntRange(min=1),
    default=ServeOptions.max_body_bytes,
    metavar="BYTES",
    show_default=True,
    help="Refuse a longer body.",
)
@click.option(
    "--max-connections",
    type=click.IntRange(min=1),
    default=ServeOptions.max_connections,
    metavar="N",
    show_default=True,
    help="Refuse what is asked on further connections of a process.",
)
@click.option(
    "--rate",
    "requests_per_second",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    show_default="no limit",
    help="Requests per second that each token may send to each process.",
)
@click.option(
    "--idle",
    "idle_seconds",
    type=click.IntRange(min=1),
    default=ServeOptions.idle_seconds,
    metavar="SECONDS",
    show_default=True,
    help="End a connection that is idle or too slow for longer.",
)
@click.option(
    "--poll",
    "poll_seconds",
    type=click.FloatRange(min=0.1),
    default=ServeOptions.poll_seconds,
    metavar="SECONDS",
    show_default=True,
    help="Ask the store this often whether another model is current.",
)
@click.option(
    "--tls-certificate",
    "certificate",
    metavar="FILE",
    type=_FILE,
    help="Serve HTTPS with this certificate and what signed it (PEM).",
)
@click.option(
    "--tls-key",
    "certificate_key",
    metavar="FILE",
    type=_FILE,
    help="The private key of the certificate (PEM, without a password).",
)
@click.option("--access-log", is_flag=True, help="Log a line for each request.")
@click.pass_context
def serve(context: click.Context, **options: Any) -> None:
    """Answer requests for predictions over HTTP.

    Prints the address, and listens until a signal ends it. What can be asked is
    described on the page /docs of the address. The log on stderr has one JSON object a
    line, and never the text of a message.
    """
    if context.invoked_subcommand is not None:
        return
    if options["model"] is None and not os.environ.get("NIGHTSIEVE_STORAGE"):
        raise ConfigError(
            "nightsieve serve: without --model, NIGHTSIEVE_STORAGE must name the store "
            "with the models; set it, or name a file: --model FILE"
        )
    try:
        # Imported here: `nightsieve --help` must not need the extra.
        from nightsieve.serving.http.server import serve as run  # noqa: PLC0415
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA:
            raise
        raise ServiceError(
            f"nightsieve serve: {package} is missing; install nightsieve[serve]"
        ) from None
    run(ServeOptions(**options))
