"""Who may ask, and how often."""

import datetime
import hmac
import itertools
import json
import os
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from nightsieve.access.tokens import (
    AccessToken,
    TokenList,
    change_tokens,
    digest,
    issue,
    read_tokens,
)
from nightsieve.access.watching import LOOK_SECONDS, WatchedTokens
from nightsieve.serving.access.access import Access
from nightsieve.serving.access.rate_limit import RateLimit
from nightsieve.serving.contract.problems import Problem
from nightsieve.serving.http.listening import listen
from nightsieve.serving.options import ServeOptions
from pipeline.errors import ArtefactError, ConfigError
from tests.support.commands import nightsieve
from tests.support.services import serving

SECRET = issue("inbox", ["predict"]).secret
LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
CHALLENGE = 'Bearer realm="nightsieve"'
TODAY = datetime.datetime.now(datetime.UTC).date()
DAY = datetime.timedelta(days=1)


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path) -> Path:
    """A file of tokens with one token, which allows predictions."""
    file = tmp_path / "tokens.json"
    write(file, token("inbox", "predict"))
    return file


def token(name: str, *scopes: str, secret: str = SECRET, **fields) -> AccessToken:
    issued = issue(name, list(scopes)).token
    return issued.model_copy(update={"sha256": digest(secret), **fields})


def write(path: Path, *tokens: AccessToken) -> None:
    change_tokens(path, lambda _: TokenList(tokens=tokens))


def bearer(secret: str = SECRET) -> Headers:
    return Headers({"Authorization": f"Bearer {secret}"})


def check(access: Access, headers: Headers, scope: str) -> str:
    """Return the name of the caller of a request that is allowed."""
    token = access.identify(headers)
    access.authorise(token, headers, scope)
    return "" if token is None else token.name


def refusal(access: Access, headers: Headers, scope: str = "predict") -> Problem:
    with pytest.raises(Problem) as refused:
        check(access, headers, scope)
    return refused.value


def test_a_token_allows_what_its_scopes_say(path):
    write(path, token("inbox", "predict", "console-of-a-later-version"))
    access = Access(path, EVERYWHERE)
    assert check(access, bearer(), "predict") == "inbox"
    problem = refusal(access, bearer(), "correct")
    assert problem.status == 403
    assert problem.headers["WWW-Authenticate"] == (
        f'{CHALLENGE}, error="insufficient_scope", scope="correct"'
    )


NO_TOKEN = ("no-token", CHALLENGE)
INVALID = ("invalid-token", f'{CHALLENGE}, error="invalid_token"')


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], NO_TOKEN),
        ([b""], NO_TOKEN),
        ([b"Basic aW5ib3g6"], NO_TOKEN),
        ([SECRET.encode()], NO_TOKEN),
        ([b"Bearer" + SECRET.encode()], NO_TOKEN),
        ([b"Bearer"], INVALID),
        ([b"Bearer "], INVALID),
        ([b"Bearer \xff\x00\xe9"], INVALID),
        ([b"Bearer two tokens"], INVALID),
        ([f"Bearer {SECRET}x".encode()], INVALID),
        ([f"Bearer {SECRET[:-1]}".encode()], INVALID),
        ([f"Bearer {digest(SECRET)}".encode()], INVALID),
        ([f"Bearer {SECRET}".encode()] * 2, INVALID),
    ],
)
def test_other_headers_are_refused_as_rfc_6750_says(path, values, expected):
    headers = Headers(raw=[(b"authorization", value) for value in values])
    problem = refusal(Access(path, LOOPBACK), headers)
    assert problem.status == 401
    assert (problem.name, problem.headers["WWW-Authenticate"]) == expected
    assert SECRET not in problem.detail


@pytest.mark.parametrize("value", ["bearer {}", "BEARER   {}", "Bearer {} "])
def test_the_scheme_is_read_in_any_case(path, value):
    headers = Headers({"authorization": value.format(SECRET)})
    assert check(Access(path, EVERYWHERE), headers, "predict") == "inbox"


def test_a_token_is_accepted_on_its_last_day_and_not_later(path):
    write(path, token("inbox", "predict", expires=TODAY))
    assert check(Access(path, EVERYWHERE), bearer(), "predict") == "inbox"
    write(path, token("inbox", "predict", expires=TODAY - DAY))
    # An expired token is a token: the service does not become open to all.
    problem = refusal(Access(path, LOOPBACK), bearer())
    assert (problem.status, problem.name) == (401, "invalid-token")


def test_without_tokens_everybody_may_ask_on_this_machine_alone(tmp_path):
    missing = tmp_path / "missing.json"
    here = Headers({"host": "127.0.0.1:8000"})
    assert check(Access(missing, LOOPBACK), here, "correct") == ""
    assert refusal(Access(missing, EVERYWHERE), Headers()).status == 401


def test_revoking_the_last_token_lets_nobody_in(path):
    clock = Clock()
    here = Headers({"host": "127.0.0.1:8000"})
    write(path)
    assert refusal(Access(path, LOOPBACK), here).status == 401
    write(path, token("inbox", "predict"))
    tokens = WatchedTokens(path, clock)
    write(path)
    clock.now += LOOK_SECONDS
    assert tokens.current() == ()
    assert tokens.is_guarded


@pytest.mark.parametrize(
    ("host", "is_served"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8:80", True),
        ("[::1]:8000", True),
        ("localhost:8000", True),
        ("LOCALHOST", True),
        ("example.org", False),
        ("localhost.example.org:8000", False),
        ("192.168.1.2:8000", False),
        ("", False),
        ("[", False),
    ],
)
def test_without_tokens_a_page_that_names_this_machine_otherwise_is_refused(
    tmp_path, host, is_served
):
    access = Access(tmp_path / "missing", LOOPBACK)
    headers = Headers({"host": host})
    if is_served:
        assert check(access, headers, "correct") == ""
    else:
        assert refusal(access, headers).name == "not-this-machine"


def test_every_token_is_compared_whichever_it_is(path, monkeypatch):
    secrets = [issue("x", []).secret for _ in range(5)]
    tokens = [
        token(f"t{number}", "predict", secret=secret)
        for number, secret in enumerate(secrets)
    ]
    write(path, *tokens)
    access = Access(path, EVERYWHERE)
    compared = []
    compare_digest = hmac.compare_digest
    monkeypatch.setattr(
        hmac, "compare_digest", lambda a, b: compared.append(a) or compare_digest(a, b)
    )
    assert check(access, bearer(secrets[0]), "predict") == "t0"
    assert check(access, bearer(secrets[4]), "predict") == "t4"
    refusal(access, bearer())
    assert compared == [token.sha256 for token in tokens] * 3


def test_the_file_is_read_again_when_it_changes_and_not_more_often(path):
    clock = Clock()
    watched = WatchedTokens(path, clock)
    write(path, token("other", "predict"))
    assert [token.name for token in watched.current()] == ["inbox"]
    clock.now += LOOK_SECONDS
    assert [token.name for token in watched.current()] == ["other"]
    write(path)
    clock.now += LOOK_SECONDS
    assert watched.current() == ()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text("{"),
        lambda path: path.write_text('{"format": 2, "tokens": []}'),
        lambda path: path.unlink(),
        lambda path: [path.unlink(), path.mkdir()],
    ],
    ids=["damaged", "of a later version", "gone", "not a file"],
)
def test_a_spoilt_file_leaves_the_tokens_of_before_and_is_logged_once(
    path, spoil, caplog
):
    clock = Clock()
    watched = WatchedTokens(path, clock)
    spoil(path)
    for _ in range(5):
        clock.now += LOOK_SECONDS
        assert [token.name for token in watched.current()] == ["inbox"]
    (record,) = caplog.records
    assert str(path) in record.getMessage()
    assert "\n" not in record.getMessage()


def test_a_service_does_not_start_with_a_damaged_file(path):
    path.write_text('{"tokens": [{"name": "inbox"}]}')
    with pytest.raises(ArtefactError, match=r"tokens\.json: does not hold"):
        Access(path, LOOPBACK)


def test_two_tokens_of_one_name_are_damage(path):
    tokens = [token("inbox", "predict"), token("inbox", "correct")]
    path.write_bytes(TokenList(tokens=tuple(tokens)).to_json())
    with pytest.raises(ArtefactError, match="two tokens have the same name"):
        read_tokens(path)


def test_of_changes_at_the_same_time_none_is_lost(path):
    def add(name: str) -> None:
        new = token(name, "predict")
        change_tokens(path, lambda known: TokenList(tokens=(*known.tokens, new)))

    names = {f"client-{number}" for number in range(40)}
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, names))
    assert {token.name for token in read_tokens(path).tokens} == {"inbox", *names}


def test_a_write_that_fails_leaves_the_old_file_alone(path, monkeypatch):
    def fail(descriptor: int) -> None:
        raise KeyboardInterrupt

    before = path.read_bytes()
    files = set(path.parent.iterdir())
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(KeyboardInterrupt):
        write(path)
    assert path.read_bytes() == before
    assert set(path.parent.iterdir()) == files


# Powers of two: sums of them are exact.
SECONDS = st.integers(0, 640).map(lambda n: n / 64)
RATES = st.sampled_from([0.125, 0.5, 1.0, 2.0, 8.0])


@given(rate=RATES, pauses=st.lists(SECONDS, max_size=30))
def test_the_rate_limit_is_that_of_a_slow_obvious_model(rate, pauses):
    """In no span of time are more allowed than a burst and what the rate gives."""
    clock = Clock()
    limit = RateLimit(rate, clock)
    allowed: list[float] = []
    for clock.now in itertools.accumulate(pauses):
        spans = [
            (clock.now - start, len(allowed) - first)
            for first, start in enumerate(allowed)
        ]
        fits = all(n + 1 <= max(1, rate) + rate * span for span, n in spans)
        wait = limit.take("inbox")
        assert (wait == 0) == fits
        if fits:
            allowed.append(clock.now)
        else:
            assert 0 < wait <= 1 / rate


@given(rate=RATES, count=st.integers(1, 30))
def test_after_the_wait_a_request_is_allowed_and_not_before(rate, count):
    clock = Clock()
    limit = RateLimit(rate, clock)
    waits = [limit.take("inbox") for _ in range(count)]
    if waits[-1]:
        clock.now += waits[-1] / 2
        assert limit.take("inbox") > 0
        clock.now += waits[-1] / 2
        assert limit.take("inbox") == 0


def test_callers_have_buckets_of_their_own_and_idle_ones_are_forgotten():
    clock = Clock()
    limit = RateLimit(1.0, clock)
    for number in range(10_000):
        clock.now += 0.25
        assert limit.take(str(number)) == 0
    assert len(limit._buckets) <= 1_000
    assert limit.take(str(number)) > 0


def test_too_many_requests_are_answered_with_when_to_come_back(path):
    access = Access(path, EVERYWHERE, requests_per_second=0.01)
    check(access, bearer(), "predict")
    problem = refusal(access, bearer())
    assert problem.status == 429
    assert problem.headers["Retry-After"] == "100"


def test_the_rate_limit_counts_for_each_token_apart(path):
    secret = issue("other", []).secret
    write(path, token("inbox", "predict"), token("other", "predict", secret=secret))
    access = Access(path, EVERYWHERE, requests_per_second=0.01)
    check(access, bearer(), "predict")
    check(access, bearer(secret), "predict")
    assert refusal(access, bearer()).status == 429


def test_a_name_with_an_address_of_another_network_needs_tokens(tmp_path, monkeypatch):
    addresses = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))
        for address in ("127.0.0.1", "192.0.2.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    missing = tmp_path / "missing.json"
    with pytest.raises(ConfigError, match="holds no token"):
        listen(ServeOptions(model=None, tokens=missing, host="inbox"))
    assert refusal(Access(missing, "inbox"), Headers()).status == 401


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    return {"NIGHTSIEVE_TOKENS": str(tmp_path / "config" / "tokens.json")}


@pytest.fixture
def service(model_file, environment, tmp_path) -> Iterator[httpx.Client]:
    with (
        serving(
            "--model", str(model_file), environment=environment, log=tmp_path / "log"
        ) as (address, _),
        httpx.Client(base_url=address) as client,
    ):
        yield client


def new(environment: dict[str, str], name: str, *scopes: str) -> str:
    options = [word for scope in scopes for word in ("--scope", scope)]
    made = nightsieve(
        "serve", "token", "new", "--name", name, *options, environment=environment
    )
    assert made.returncode == 0, made.stderr
    return made.stdout


def test_a_running_service_follows_the_commands(environment, service):
    assert service.get("/v1/labels").status_code == 200
    secret = new(environment, "inbox", "predict").strip()
    headers = {"Authorization": f"Bearer {secret}"}
    while service.get("/v1/labels").status_code == 200:
        pass
    assert service.get("/v1/labels", headers=headers).status_code == 200
    # Refused before the body is read, which is not JSON.
    answer = service.post("/v1/corrections", content=b"{", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:nightsieve:problem:insufficient-scope"
    assert service.get("/health/live").status_code == 200
    new(environment, "other", "predict")
    nightsieve("serve", "token", "revoke", "inbox", environment=environment)
    while service.get("/v1/labels", headers=headers).status_code == 200:
        pass
    answer = service.get("/v1/labels", headers=headers)
    assert answer.headers["WWW-Authenticate"] == INVALID[1]


def test_a_new_token_is_printed_alone_and_kept_nowhere(environment):
    output = new(environment, "inbox", "predict", "correct", "predict")
    secret = output.strip()
    assert output == f"{secret}\n"
    assert secret.startswith("nightsieve_")
    assert len(secret) == len("nightsieve_") + 43  # 256 bits in base64
    path = Path(environment["NIGHTSIEVE_TOKENS"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret not in path.read_text()
    (kept,) = read_tokens(path).tokens
    assert kept.scopes == ("predict", "correct")
    assert kept.sha256 == digest(secret)


def test_the_list_shows_what_identifies_a_token_to_people_and_no_more(environment):
    secret = new(environment, "inbox", "predict").strip()
    for options in ((), ("--json",)):
        listed = nightsieve("serve", "token", "list", *options, environment=environment)
        assert "inbox" in listed.stdout
        assert digest(secret)[:8] in listed.stdout
        assert digest(secret)[:9] not in listed.stdout
        assert secret[-12:] not in listed.stdout
    (entry,) = json.loads(listed.stdout)
    assert entry["scopes"] == ["predict"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["new", "--name", "inbox", "--scope", "predict"], 3, "a token has this name"),
        (["new", "--name", "a b", "--scope", "predict"], 2, "not a name"),
        (["new", "--name", "b", "--scope", "all"], 2, "not one of"),
        (["new", "--name", "b"], 2, "--scope"),
        (
            ["new", "--name", "b", "--scope", "predict", "--expires", "2026-01-01"],
            2,
            "is in the past",
        ),
        (["revoke", "nobody"], 3, "there is no such token"),
        (["list", "--tokens", "/dev/null/x"], 7, "cannot be read"),
        (
            ["new", "--name", "b", "--scope", "predict", "--tokens", "/dev/null/x"],
            7,
            "/dev/null/x",
        ),
    ],
)
def test_a_command_that_cannot_do_it_says_why(environment, arguments, code, says):
    new(environment, "inbox", "predict")
    result = nightsieve("serve", "token", *arguments, environment=environment)
    assert result.returncode == code
    assert says in result.stderr
    assert result.stdout == ""
