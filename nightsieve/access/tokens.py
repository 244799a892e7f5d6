"""Access tokens, and the file that holds them.

A token is random and known to its client alone: the file has its sha256. A token of 256
random bits cannot be guessed, so it needs none of the slow digests of passwords.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import AwareDatetime, Field

from pipeline.errors import ArtefactError, DataError
from pipeline.records.record import Record

#: What services of this version ask for. The file may have others.
SCOPES = ("predict", "correct", "models")
#: Begins every token, so that scanners for secrets recognise one.
PREFIX = "nightsieve_"
#: Names appear in logs and tables.
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
#: Names the file where ``--tokens`` does not.
VARIABLE = "NIGHTSIEVE_TOKENS"
_RANDOM_BYTES = 32
_SHORT = 8  # hexadecimal digits of a sha256 that identify a token to people


class AccessToken(Record):
    """A token, without the secret.

    Attributes
    ----------
    expires
        The last day (UTC) on which the token is accepted; None is for ever.

    Examples
    --------
    >>> issue("inbox", ["predict"]).token.scopes
    ('predict',)
    """

    name: Annotated[str, Field(pattern=f"^{NAME}$")]
    scopes: tuple[str, ...]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    created: AwareDatetime
    expires: date | None = None

    @property
    def short_id(self) -> str:
        """The first digits of the token's sha256, for people who compare."""
        return self.sha256[:_SHORT]

    def has_expired(self, today: date) -> bool:
        """Return whether the token was accepted until a day before this one."""
        return self.expires is not None and self.expires < today


class TokenList(Record):
    """The content of the file.

    Another version of the format is refused, and so are unknown fields: a field that
    this version does not know may limit what a token allows.

    Examples
    --------
    >>> TokenList(tokens=(issue("inbox", ["predict"]).token,)).named("inbox").scopes
    ('predict',)
    """

    format: Literal[1] = 1
    tokens: tuple[AccessToken, ...] = ()

    def named(self, name: str) -> AccessToken | None:
        """Return the token of this name."""
        return next((token for token in self.tokens if token.name == name), None)


class IssuedToken(NamedTuple):
    """A new token; the secret is kept nowhere but by the client.

    Examples
    --------
    >>> issue("inbox", ["predict"]).token.name
    'inbox'
    """

    secret: str
    token: AccessToken


def issue(name: str, scopes: list[str], expires: date | None = None) -> IssuedToken:
    """Return a new token, which is in no file yet.

    Examples
    --------
    >>> issued = issue("inbox", ["predict", "correct"])
    >>> issued.secret.startswith("nightsieve_"), issued.token.scopes
    (True, ('predict', 'correct'))
    >>> issued.token.sha256 == digest(issued.secret)
    True
    """
    secret = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    token = AccessToken(
        name=name,
        scopes=tuple(dict.fromkeys(scopes)),
        sha256=digest(secret),
        created=datetime.now(UTC).replace(microsecond=0),
        expires=expires,
    )
    return IssuedToken(secret, token)


def digest(secret: str) -> str:
    """Return the sha256 that the file holds for a token.

    Examples
    --------
    >>> digest("nightsieve_example")[:8]
    'e7582e34'
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def default_path() -> Path:
    """Return the file that is used where no option names one.

    Examples
    --------
    >>> os.environ["NIGHTSIEVE_TOKENS"] = "/etc/nightsieve/tokens.json"
    >>> default_path().as_posix()
    '/etc/nightsieve/tokens.json'
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    folder = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(folder).expanduser() / "nightsieve" / "tokens.json"


def read_tokens(path: Path) -> TokenList:
    """Return the tokens of a file; none if there is no such file.

    Raises
    ------
    DataError
        The file cannot be read.
    ArtefactError
        It is damaged.

    Examples
    --------
    >>> read_tokens(Path("missing.json")).tokens
    ()
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return TokenList()
    except OSError as error:
        raise DataError(
            f"{path}: the file of tokens cannot be read: {error.strerror}; give its "
            "owner to the account of the service"
        ) from None
    try:
        tokens = TokenList.from_json(content)
    except ArtefactError as error:
        raise ArtefactError(
            f"{path}: {error}; restore the file of tokens from a copy, or remove it "
            "and make new tokens"
        ) from None
    if len({token.name for token in tokens.tokens}) < len(tokens.tokens):
        raise ArtefactError(
            f"{path}: two tokens have the same name; remove one from the file"
        )
    return tokens


def change_tokens(path: Path, change: Callable[[TokenList], TokenList]) -> None:
    """Replace the file by what a function makes of it; others wait meanwhile.

    Raises
    ------
    DataError
        The file cannot be read or written.
    ArtefactError
        It is damaged.

    Examples
    --------
    >>> inbox = issue("inbox", ["predict"]).token
    >>> def add_inbox(known: TokenList) -> TokenList:
    ...     return TokenList(tokens=(*known.tokens, inbox))
    >>> path = Path("tokens.json")
    >>> change_tokens(path, add_inbox)
    >>> read_tokens(path).named("inbox") == inbox
    True
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path):
            _write(path, change(read_tokens(path)).to_json())
    except OSError as error:
        raise DataError(
            f"{path}: the file of tokens cannot be written: {error.strerror}; run the "
            "command as its owner, or name another file with --tokens"
        ) from None


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    # The file itself is replaced, so it cannot carry the lock.
    lock = path.with_name(f".{path.name}.lock")
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    """Write the file in one step: a reader sees the old or the new one."""
    target = path.resolve()  # A link stays a link.
    descriptor, unfinished = tempfile.mkstemp(dir=target.parent, prefix=".tokens-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            if os.geteuid() == 0 and target.exists():
                # The service may run as another account.
                owner = target.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
        Path(unfinished).replace(target)
    except BaseException:
        Path(unfinished).unlink()
        raise
