"""The socket that all processes of a service listen on, and what must hold before."""

import errno
import re
import socket
import ssl

from nightsieve.access.tokens import read_tokens
from nightsieve.serving.access.access import is_loopback
from nightsieve.serving.options import ServeOptions
from pipeline.errors import ConfigError, ServiceError

# Connections that wait until a process accepts them.
_BACKLOG = 2048
_ORIGIN = re.compile(r"https?://[^/\s?#@]+")


def listen(options: ServeOptions) -> socket.socket:
    """Return a socket that listens where the options say.

    Connections that are made before a process accepts them wait.

    Raises
    ------
    ConfigError
        The options contradict each other, or a file that they name cannot be used.
    ServiceError
        Another program listens there, or this one may not.
    """
    _check_origins(options.origins)
    _check_certificate(options)
    family, address = _resolve(options)
    if not is_loopback(options.host):
        _require_tokens(options)
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise _cannot_listen(options, error) from None
    listening.set_inheritable(True)
    return listening


def url(options: ServeOptions, listening: socket.socket) -> str:
    """Return the address of the service, as a client writes it."""
    scheme = "http" if options.certificate is None else "https"
    host, port = listening.getsockname()[:2]
    if ":" in host:
        host = f"[{host}]"
    return f"{scheme}://{host}:{port}"


def _resolve(options: ServeOptions) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        addresses = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM
        )
    except (socket.gaierror, UnicodeError):
        raise ConfigError(
            f"--host {options.host}: not an address or a name of this machine; use "
            "127.0.0.1, or 0.0.0.0 for all of its addresses"
        ) from None
    family, _, _, _, address = addresses[0]
    return family, (str(address[0]), options.port)


def _cannot_listen(options: ServeOptions, error: OSError) -> ConfigError | ServiceError:
    if error.errno == errno.EADDRINUSE:
        return ServiceError(
            f"--port {options.port}: already in use; stop the program that listens "
            "there, or choose another port"
        )
    if error.errno == errno.EACCES:
        return ServiceError(
            f"--port {options.port}: this user may not listen there; choose a port "
            "from 1024 on"
        )
    return ConfigError(
        f"--host {options.host}: cannot be listened to: {error.strerror}; use an "
        "address of this machine"
    )


def _require_tokens(options: ServeOptions) -> None:
    if not read_tokens(options.tokens).tokens:
        raise ConfigError(
            f"--host {options.host}: {options.tokens} holds no token, so only this "
            "machine may ask; create one: nightsieve serve token new"
        )


def _check_origins(origins: tuple[str, ...]) -> None:
    for origin in origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise ConfigError(
                f"--origin {origin}: not an origin; use one such as "
                "https://app.example.org, without a path"
            )


def _check_certificate(options: ServeOptions) -> None:
    certificate = options.certificate
    key = options.certificate_key
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise ConfigError(
            "--tls-certificate, --tls-key: one is missing; give both for TLS, or "
            "neither"
        )
    for option, path in (("--tls-certificate", certificate), ("--tls-key", key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"{option} {path}: cannot be read: {error.strerror}; name a PEM file"
            ) from None
    try:
        # Without an answer to the question for it, a key with a password is refused.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, password=b"")
    except (ssl.SSLError, ValueError):
        raise ConfigError(
            f"--tls-certificate {certificate}, --tls-key {key}: not a certificate and "
            "its key without a password, as PEM; check both files"
        ) from None
