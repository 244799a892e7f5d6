"""``nightsieve serve token``: who may ask a service."""

import datetime
import re
from pathlib import Path

import click
from pydantic import JsonValue

from nightsieve.access.tokens import (
    NAME,
    SCOPES,
    AccessToken,
    TokenList,
    change_tokens,
    default_path,
    issue,
    read_tokens,
)
from nightsieve.cli.options import DATE, help_epilog, json_option
from nightsieve.cli.terminal import console, print_json, table
from pipeline.errors import ConfigError
from pipeline.records.words import DASH, plural

tokens_option = click.option(
    "--tokens",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    default=default_path,
    show_default="$NIGHTSIEVE_TOKENS, or nightsieve/tokens.json in $XDG_CONFIG_HOME",
    help="The file of tokens.",
)
_EXIT_CODES = {
    7: "the file of tokens cannot be read or written",
    8: "the file of tokens is damaged",
}


@click.group(epilog=help_epilog("nightsieve serve token list"))
def token() -> None:
    """Make, list and revoke the access tokens of a service."""


def _name(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if re.fullmatch(NAME, value) is None:
        raise click.BadParameter(
            f"{value!r}: not a name; use up to 64 letters, digits, dots, dashes and "
            "underscores"
        )
    return value


def _future(
    context: click.Context, parameter: click.Parameter, value: datetime.date | None
) -> datetime.date | None:
    if value is not None and value < datetime.datetime.now(datetime.UTC).date():
        raise click.BadParameter(f"{value}: is in the past; use a later date")
    return value


@token.command(
    epilog=help_epilog(
        "nightsieve serve token new --name inbox --scope predict --scope correct",
        exit_codes={3: "a token has this name", **_EXIT_CODES},
    )
)
@click.option(
    "--name",
    metavar="NAME",
    required=True,
    callback=_name,
    help="Whom the token is for; logs show the name.",
)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    required=True,
    help="What the token allows. Repeatable.",
)
@click.option(
    "--expires",
    metavar="DATE",
    type=DATE,
    callback=_future,
    show_default="never",
    help="The last day (UTC) on which the token is accepted.",
)
@tokens_option
def new(
    name: str,
    scopes: tuple[str, ...],
    expires: datetime.date | None,
    tokens: Path,
) -> None:
    """Make a token and print it.

    The token is printed this once, alone on standard output: the file has only its
    sha256. A running service accepts the token within two seconds.
    """
    issued = issue(name, list(scopes), expires)

    def add(known: TokenList) -> TokenList:
        if known.named(name) is not None:
            raise ConfigError(
                f"--name {name}: a token has this name; choose another name, or "
                f"revoke the token: nightsieve serve token revoke {name}"
            )
        return known.model_copy(update={"tokens": (*known.tokens, issued.token)})

    change_tokens(tokens, add)
    click.echo(issued.secret)
    allowed = ", ".join(issued.token.scopes)
    click.echo(
        f"Token {name} allows {allowed}. It is shown this once: keep it where the "
        "client has its secrets",
        err=True,
    )


@token.command(
    "list", epilog=help_epilog("nightsieve serve token list", exit_codes=_EXIT_CODES)
)
@json_option
@tokens_option
def list_(as_json: bool, tokens: Path) -> None:
    """List the tokens: name, scopes, dates, and the first digits of the sha256.

    The tokens themselves are known to their clients alone. To find out which token a
    client has, compare the digits: printf %s TOKEN | sha256sum.
    """
    known = read_tokens(tokens).tokens
    if as_json:
        print_json([_as_json(token) for token in known])
        return
    if not known:
        click.echo(f"{tokens}: there are no tokens", err=True)
        return
    today = datetime.datetime.now(datetime.UTC).date()
    listing = table("name", "scopes", "created", "expires", "sha256", left=5)
    for token in known:
        listing.add_row(
            token.name,
            " ".join(token.scopes),
            str(token.created.date()),
            _expiry(token, today),
            token.short_id,
        )
    console().print(listing)


def _as_json(token: AccessToken) -> JsonValue:
    return {
        "name": token.name,
        "scopes": list(token.scopes),
        "created": token.created.isoformat(),
        "expires": None if token.expires is None else str(token.expires),
        "sha256_start": token.short_id,
    }


def _expiry(token: AccessToken, today: datetime.date) -> str:
    if token.expires is None:
        return DASH
    return f"{token.expires} (over)" if token.has_expired(today) else str(token.expires)


@token.command(
    epilog=help_epilog(
        "nightsieve serve token revoke inbox",
        exit_codes={3: "there is no such token", **_EXIT_CODES},
    )
)
@click.argument("name")
@tokens_option
def revoke(name: str, tokens: Path) -> None:
    """Revoke the token NAME.

    A running service refuses the token within two seconds. A service that listens
    beyond this machine refuses everybody if no token is left.
    """

    def remove(known: TokenList) -> TokenList:
        if known.named(name) is None:
            raise ConfigError(
                f"{name}: there is no such token in {tokens}; see the names with "
                "nightsieve serve token list"
            )
        kept = tuple(token for token in known.tokens if token.name != name)
        return known.model_copy(update={"tokens": kept})

    change_tokens(tokens, remove)
    left = len(read_tokens(tokens).tokens)
    click.echo(f"Token {name} is revoked; {plural(left, 'token')} left", err=True)
