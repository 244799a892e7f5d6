"""``nightsieve serve``: predictions over HTTP."""

from pathlib import Path

import click

from nightsieve.cli.options import help_epilog


@click.group(
    invoke_without_command=True,
    epilog=help_epilog(
        "nightsieve serve --model out/model.json",
        exit_codes={
            7: "the file of --model cannot be read",
            8: "the file of --model is not a model, or is damaged",
        },
    ),
)
@click.option(
    "--model",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    show_default="the model that is current in the store",
    help="Serve this model file; no store is needed.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8000, show_default=True, help="Where to listen.")
@click.option(
    "--workers", default=1, show_default=True, help="The number of processes."
)
@click.option(
    "--poll",
    "poll_seconds",
    type=click.FloatRange(min=0.1),
    default=5.0,
    metavar="SECONDS",
    show_default=True,
    help="Ask the store this often whether another model is current.",
)
@click.pass_context
def serve(
    context: click.Context,
    *,
    model: Path | None,
    host: str,
    port: int,
    workers: int,
    poll_seconds: float,
) -> None:
    """Answer requests for predictions over HTTP.

    It listens until a signal ends it. The resources are described on its page /docs.
    """
    if context.invoked_subcommand is not None:
        return
    # Imported here: `nightsieve --help` must not need the extra.
    from nightsieve.serving.http.server import serve as run  # noqa: PLC0415
    from nightsieve.serving.options import ServeOptions  # noqa: PLC0415

    run(
        ServeOptions(
            model=model,
            tokens=Path("tokens.json"),
            host=host,
            port=port,
            workers=workers,
            poll_seconds=poll_seconds,
        )
    )
