"""A store that fails, changes what it carries, or is away: requests are repeated."""

import io
import itertools
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from benchmarks.faults.proxy import Proxy
from benchmarks.faults.rules import Fault, Rule, flip_bit
from nightsieve.store import retries, s3, uploads
from nightsieve.store.models import Registry
from nightsieve.store.objects import Conflict, Store, StoreUnavailable
from pipeline.errors import ArtefactError, ConfigError, StorageError
from tests.support.commands import forget, run
from tests.support.moto import BUCKET, moto_server
from tests.support.stored_objects import FILES, facts

PART = 5 << 20  # bytes, as small as S3 lets a part be
FAULTS = [
    Rule(Fault.STATUS, code="500", times=2),
    Rule(Fault.STATUS, code="503", times=2),
    Rule(Fault.STATUS, code="SlowDown", times=2),
    Rule(Fault.STATUS, code="InternalError", times=2),
    # The answer to a HEAD has no body that says which error it is.
    Rule(Fault.STATUS, code="RequestTimeout", method="PUT", times=2),
    Rule(Fault.RESET, times=2),
    Rule(Fault.LOST, times=2),
    Rule(Fault.CUT, times=2),
    Rule(Fault.BREAK, times=2),
    # More answers with the same bit changed would count as what the store holds.
    Rule(Fault.FLIP, times=2),
]
# Of a listing, a changed bit is not noticed: nothing says what it was.
LISTING_FAULTS = [rule for rule in FAULTS[:-1] if rule.method is None]
UPLOAD_FAULTS = [
    Rule(Fault.STATUS, code="SlowDown", every=3),
    Rule(Fault.RESET, every=2),
    Rule(Fault.LOST, every=3),
    Rule(Fault.LOST, method="POST", key="uploadId", times=1),
    Rule(Fault.FLIP, method="PUT", skip=1, times=1),
]


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
def rclone_proxy(environment, monkeypatch) -> Iterator[Proxy]:
    """A proxy before the embedded store, which this process uses."""
    with Proxy(environment["AWS_ENDPOINT_URL_S3"]) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        monkeypatch.setenv("NIGHTSIEVE_STORAGE_TIMEOUT", "20")
        forget()
        yield proxy


@pytest.fixture(params=["rclone", "moto"])
def proxy(request, rclone_proxy, monkeypatch) -> Iterator[Proxy]:
    """A proxy before a store of each kind.

    rclone compares a PUT with its MD5, and ignores conditions. moto compares nothing,
    and honours conditions.
    """
    if request.param == "rclone":
        yield rclone_proxy
        return
    with Proxy(request.getfixturevalue("moto")) as moto_proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto_proxy.url)
        prefix = os.environ["NIGHTSIEVE_STORAGE"].rpartition("/")[2]
        monkeypatch.setenv("NIGHTSIEVE_STORAGE", f"s3://{BUCKET}/{prefix}")
        forget()
        yield moto_proxy


@pytest.fixture
def store(environment) -> Store:
    return Store.from_environment()


def name_of(rule: Rule) -> str:
    return rule.code if rule.fault == Fault.STATUS else rule.fault


@pytest.mark.parametrize("rule", FAULTS, ids=name_of)
def test_every_request_is_repeated_until_it_succeeds(proxy, store, rule):
    proxy.rules([rule])
    store.write("notes/a", b"content" * 99)
    proxy.rules([rule])
    assert store.read("notes/a") == b"content" * 99
    proxy.rules([rule])
    assert store.exists("notes/a")
    proxy.rules([rule])
    assert store.size("notes/a") == len(b"content" * 99)
    # The answer is an error, whose body is damaged.
    proxy.rules([rule])
    assert store.read_with_etag("notes/b") is None
    proxy.rules([rule])
    store.put_if_match("notes/b", b"other", None)
    answer = store.read_with_etag("notes/b")
    assert answer is not None
    proxy.rules([rule])
    assert not store.read_if_changed("notes/b", answer[1]).is_changed
    proxy.rules([rule])
    store.put_if_match("notes/b", b"another one", answer[1])
    proxy.rules([rule])
    assert store.read_if_changed("notes/b", answer[1]).content == b"another one"
    proxy.rules([rule])
    store.delete("notes/a")
    proxy.rules([])
    assert store.read("notes/b") == b"another one"
    if rule in LISTING_FAULTS:
        proxy.rules([rule])
        assert store.list_by_time("notes/") == ["notes/b"]
        assert proxy.applied == [2]


def test_an_object_is_read_again_only_if_it_was_changed(proxy, store):
    assert store.read_if_changed("notes/a", None) == (False, None, None)
    store.write("notes/a", b"content")
    first = store.read_if_changed("notes/a", None)
    assert (first.is_changed, first.content) == (True, b"content")
    assert store.read_if_changed("notes/a", first.etag) == (False, None, first.etag)
    store.write("notes/a", b"another content")
    second = store.read_if_changed("notes/a", first.etag)
    assert (second.is_changed, second.content) == (True, b"another content")
    assert second.etag != first.etag
    store.delete("notes/a")
    assert store.read_if_changed("notes/a", second.etag) == (True, None, None)


@pytest.mark.parametrize("how", ["503", "refused"])
def test_a_request_that_may_wait_for_less_time_fails_sooner(proxy, store, how):
    proxy.away(how)
    with (
        retries.at_most(0.0),
        pytest.raises(StoreUnavailable, match="for 0 s"),
    ):
        store.read("notes/a")
    assert retries.storage_timeout() == 20


@pytest.mark.parametrize("rule", UPLOAD_FAULTS, ids=name_of)
def test_an_upload_in_parts_arrives_whole(proxy, store, rule, monkeypatch):
    monkeypatch.setattr(uploads, "PART_SIZE", PART)
    content = os.urandom(PART + 1)
    proxy.rules([rule])
    store.upload("large", io.BytesIO(content))
    assert any(proxy.applied)
    proxy.rules([])
    assert store.read("large") == content


def test_a_changed_put_is_replaced_at_once_and_not_after_another_writer(proxy, store):
    store.write("pointer", b"first")
    answer = store.read_with_etag("pointer")
    assert answer is not None
    proxy.rules([Rule(Fault.FLIP, method="PUT", times=1)])
    store.put_if_match("pointer", b"second", answer[1])
    assert store.read("pointer") == b"second"
    assert [request.method for request in proxy.log].count("PUT") == 2


def test_a_lost_answer_is_no_conflict_and_another_writer_is_one(
    moto, environment, monkeypatch
):
    with Proxy(moto) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        monkeypatch.setenv("NIGHTSIEVE_STORAGE", f"s3://{BUCKET}/lost")
        forget()
        ours = Store.from_environment()
        proxy.rules([Rule(Fault.LOST, method="PUT", times=1)])
        ours.put_if_match("pointer", b"ours", None)
        with pytest.raises(Conflict):
            ours.put_if_match("pointer", b"theirs", None)
        # Without a repetition, the same content is another writer's, too.
        with pytest.raises(Conflict):
            ours.put_if_match("pointer", b"ours", None)
        proxy.rules([Rule(Fault.RESET, method="PUT", times=1)])
        with pytest.raises(Conflict):
            ours.put_if_match("pointer", b"theirs", None)
        assert ours.read("pointer") == b"ours"


def test_an_object_that_is_damaged_itself_is_read_and_not_waited_for(rclone_proxy):
    store = Store.from_environment()
    store.write("notes/a", b"content")
    # An answer that is the same three times is what the store holds.
    rclone_proxy.rules([Rule(Fault.FLIP, method="GET", bit=7)])
    began = time.monotonic()
    assert store.read("notes/a") == flip_bit(b"content", 7)
    sha256 = "ab" * 32
    with pytest.raises(ArtefactError, match="is not the object that was written"):
        store.read_verified("notes/a", sha256)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("how", ["503", "reset", "refused"])
def test_an_outage_is_waited_for_and_reported_once(rclone_proxy, caplog, how):
    store = Store.from_environment()
    store.write("notes/a", b"content")
    caplog.set_level(logging.WARNING)
    rclone_proxy.away(how)
    threading.Timer(4, rclone_proxy.back).start()
    assert store.read("notes/a") == b"content"
    assert store.read("notes/a") == b"content"
    away, back = [record.getMessage() for record in caplog.records]
    assert "the store does not answer (" in away
    assert away.endswith("; trying again for up to 20 s (NIGHTSIEVE_STORAGE_TIMEOUT)")
    assert "the store answers, after" in back


@pytest.mark.parametrize("how", ["503", "reset", "refused", "hang"])
def test_an_outage_ends_with_the_timeout(rclone_proxy, monkeypatch, how):
    monkeypatch.setenv("NIGHTSIEVE_STORAGE_TIMEOUT", "2")
    forget()
    rclone_proxy.away(how)
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r" for [23] s; (check|see) ") as error:
        Store.from_environment().read("notes/a")
    assert 2 <= time.monotonic() - began < 5
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket"])
def test_what_cannot_pass_fails_at_once(rclone_proxy, code):
    rclone_proxy.rules([Rule(Fault.STATUS, code=code)])
    store = Store.from_environment()
    for request in (
        lambda: store.read("a"),
        lambda: store.write("a", b""),
        lambda: store.list_by_time("a"),
    ):
        with pytest.raises(StorageError, match=r"credentials|bucket"):
            request()
    assert len(rclone_proxy.log) == 3


def test_a_full_disk_is_named_with_the_log_that_says_so(
    rclone_proxy, store, monkeypatch, tmp_path
):
    log = tmp_path / "s3.log"
    log.write_text("ERROR : serve s3: write /data/a: no space left on device\n")
    monkeypatch.setenv("NIGHTSIEVE_STORAGE_LOG", str(log))
    rclone_proxy.rules([Rule(Fault.STATUS, method="PUT", code="InternalError")])
    full = f"/a: the disk of the store is full, see {log}; make room, then run the same"
    with pytest.raises(StorageError, match=full):
        store.write("a", b"content")
    # Another cause can pass: the request is repeated.
    log.write_text("ERROR : serve s3: the backend restarts\n")
    rclone_proxy.rules(
        [Rule(Fault.STATUS, method="PUT", code="InternalError", times=1)]
    )
    store.write("a", b"content")


def test_a_listing_that_is_never_up_to_date_is_an_error(rclone_proxy, store):
    rclone_proxy.rules([Rule(Fault.STALE, method="LIST")])
    with pytest.raises(
        StorageError, match=r"claim-1a-\w+: written, but the store does"
    ):
        Registry(store).publish("1a", FILES, facts())
    claims = [request for request in rclone_proxy.log if request.method == "PUT"]
    assert len(claims) == 4
    rclone_proxy.rules([])
    assert Registry(store).publish("1a", FILES, facts()).serial == 5


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf", "90000"])
def test_a_wrong_timeout_is_one_line(store, monkeypatch, text):
    monkeypatch.setenv("NIGHTSIEVE_STORAGE_TIMEOUT", text)
    forget()
    with pytest.raises(ConfigError, match=f"^NIGHTSIEVE_STORAGE_TIMEOUT={text}: not a"):
        store.read("a")


def test_a_store_that_never_answered_has_less_time(rclone_proxy, store, monkeypatch):
    monkeypatch.delenv("NIGHTSIEVE_STORAGE_TIMEOUT")
    forget()
    assert retries.storage_timeout() == 30
    assert s3.client().meta.config.read_timeout == 15
    # An error is an answer.
    rclone_proxy.rules([Rule(Fault.STATUS, times=1)])
    store.exists("a")
    assert retries.storage_timeout() == 300
    monkeypatch.setenv("NIGHTSIEVE_STORAGE_TIMEOUT", "600")
    forget()
    assert retries.storage_timeout() == 600


@pytest.mark.parametrize("how", ["refused", "hang"])
def test_a_command_with_a_wrong_address_gives_a_sign_of_life(environment, how):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if how == "hang":
            silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        wrong = {"AWS_ENDPOINT_URL_S3": address, "NIGHTSIEVE_STORAGE_TIMEOUT": "3"}
        listed = run("nightsieve", "models", "list", environment=environment | wrong)
    assert listed.returncode == 5
    sign, error = listed.stderr.splitlines()
    assert sign.startswith(f"{address}: the store ")
    assert "; trying again for up to 3 s" in sign or sign.endswith("; waiting")
    assert error.startswith("Error: s3://")
    assert f" at {address} for " in error


def test_the_pauses_grow_and_are_spread():
    pauses = list(itertools.islice(retries._pauses(), 12))
    assert 0.05 <= pauses[0] <= 0.1
    assert all(2.5 <= pause <= 5 for pause in pauses[6:])
    assert len(set(pauses)) == 12
