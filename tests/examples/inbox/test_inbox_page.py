"""The pages of the inbox, and the address that messages are delivered to."""

import html
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from nightsieve.database.tables import MESSAGES
from tests.support import jenkins_page
from tests.support.inbox import INTAKE, NO_BROKER, Inbox, csrf_token, post

SCRIPT = "<script>alert('&amp;')</script>"
LONG_WORD = "https://example.org/" + "a" * 600
HAS_BROWSER = (
    jenkins_page.CHROMIUM is not None
    and jenkins_page.NODE is not None
    and (jenkins_page.MODULES / "axe-core").exists()
)
#: The width in pixels and the colour scheme of a desk, and of a phone at night.
LOOKS = ((1400, "light"), (390, "dark"))
NUMBER = 60  # of messages that are no spam


@pytest.fixture(scope="module")
def page_inbox(
    night_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Inbox]:
    """Return an inbox with labelled messages, whose broker does not answer."""
    folder: Path = tmp_path_factory.mktemp("inbox")
    inbox = Inbox(night_environment, NO_BROKER, folder)
    inbox.load(
        {"key": f"personal{i}", "body": f"See you at {i}", "sender": "Mum"}
        for i in range(NUMBER)
    )
    inbox.load([{"key": "spam", "body": SCRIPT, "sender": SCRIPT}])
    inbox.load([{"key": "personal", "body": LONG_WORD, "sender": "a" * 150}])
    inbox.rows(
        """
        UPDATE inbox_message SET serial = 7, label = rtrim(key, '0123456789'),
            scores = '{"personal": 1.5, "spam": -0.25}'
        """
    )
    inbox.load([{"key": "new", "body": "nobody has looked at this"}])
    yield inbox
    inbox.close()


@pytest.fixture(scope="module")
def client(page_inbox: Inbox) -> Iterator[httpx.Client]:
    """Return the client of someone who is logged in."""
    with page_inbox.website() as http_client:
        page_inbox.log_in(http_client)
        yield http_client


def test_nothing_is_shown_without_a_login(client: httpx.Client):
    anonymous = httpx.Client(base_url=client.base_url)
    for path in ("/", "/?label=spam"):
        answer = anonymous.get(path)
        assert answer.status_code == 302
        assert answer.headers["location"].startswith("/login?next=")
    assert anonymous.post("/messages/spam/correction").status_code in (302, 403)
    assert anonymous.get("/health").text == "ok\n"


def test_the_page_shows_each_label_with_its_number_and_filters_by_it(
    client: httpx.Client,
):
    page = client.get("/").text
    assert f'personal <span class="number">{NUMBER + 1}</span>' in page
    assert 'Not labelled yet <span class="number">1</span>' in page
    spam = client.get("/", params={"label": "spam"}).text
    assert spam.count('<p class="body') == 1
    unlabelled = client.get("/", params={"label": "-"}).text
    assert "nobody has looked at this" in unlabelled
    matching = client.get("/", params={"q": "LOOKED AT"}).text
    assert matching.count('<p class="body') == 1


def test_older_messages_are_on_further_pages(client: httpx.Client):
    first = client.get("/", params={"label": "personal"}).text
    assert "Page 1 of 3" in first
    last = client.get("/", params={"label": "personal", "page": "3"}).text
    assert last.count('<p class="body') == NUMBER + 1 - 2 * 25


def test_text_is_escaped_and_no_script_may_run(client: httpx.Client):
    answer = client.get("/", params={"q": SCRIPT})
    assert SCRIPT not in answer.text
    assert html.escape(SCRIPT) in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in answer.headers["cache-control"]


def test_a_correction_is_kept_although_no_broker_and_no_service_answers(
    client: httpx.Client, page_inbox: Inbox
):
    page = client.get("/", params={"label": "spam"})
    form = {"label": "personal", "next": "/?label=spam"}
    address = "/messages/spam/correction"
    assert client.post(address, data=form).status_code == 403  # no CSRF token
    form["csrfmiddlewaretoken"] = csrf_token(page)
    answer = client.post(address, data=form)
    assert (answer.status_code, answer.headers["location"]) == (302, form["next"])
    statement = "SELECT annotator, label, state FROM inbox_correction"
    assert page_inbox.rows(statement) == [("ada", "personal", "waiting")]
    # The page shows what the person said, and that it is not sent yet.
    assert "ada says personal:" in client.get("/", params={"label": "personal"}).text
    assert '<p class="body' not in client.get("/", params={"label": "spam"}).text
    client.post(address, data={**form, "label": "spam"})
    assert page_inbox.rows(statement) == [("ada", "spam", "waiting")]


def test_only_labels_of_the_model_and_pages_of_the_website_are_accepted(
    client: httpx.Client,
):
    form = {"csrfmiddlewaretoken": csrf_token(client.get("/")), "label": "Spam"}
    address = "/messages/personal1/correction"
    assert client.post(address, data=form).status_code == 422
    form |= {"label": "spam", "next": "https://elsewhere.example/"}
    assert client.post(address, data=form).headers["location"] == "/"


@pytest.mark.skipif(
    "CI" not in os.environ and not HAS_BROWSER,
    reason="needs chromium, node and the packages of .ci",
)
def test_the_pages_are_valid_accessible_and_no_wider_than_a_phone(
    client: httpx.Client, tmp_path: Path
):
    (tmp_path / "inbox.css").write_text(client.get("/inbox.css").text)
    pages = {
        "inbox.html": client.get("/"),
        "login.html": httpx.get(f"{client.base_url}/login"),
    }
    for name, page in pages.items():
        # The policy of this server allows neither data URLs nor a focus.
        content = page.text.replace('href="/inbox.css"', 'href="inbox.css"')
        content = re.sub(r'<link rel="icon".*>| autofocus', "", content)
        (tmp_path / name).write_text(content)
    with jenkins_page.served(tmp_path) as address:
        job = [
            jenkins_page.page(address, name, width, scheme)
            for name, (width, scheme) in itertools.product(pages, LOOKS)
        ]
        looks = jenkins_page.drive({"pages": job})["pages"]
    for look in looks:
        kinds = ("said", "broken", "wide", "invalid", "violations")
        assert [look[kind] for kind in kinds] == [[]] * len(kinds)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"body": "text"', 400),
        (b"\xff", 400),
        (b"[]", 400),
        (b'{"text": "text"}', 422),
        (b'{"body": 1}', 422),
        (b'{"body": "\\u0000"}', 422),
        (b'{"body": "\\ud800"}', 422),
        (b'{"body": "text", "received_at": "yesterday"}', 422),
        (b'{"body": "' + b"a" * 100_001 + b'"}', 422),
        (b'{"body": "' + b"a" * 2_000_000 + b'"}', 400),
    ],
)
def test_a_delivery_that_is_wrong_is_refused(
    client: httpx.Client, body: bytes, status: int
):
    answer = client.post("/api/messages", content=body, headers=INTAKE)
    assert answer.status_code == status


def test_a_delivery_needs_the_token_and_is_kept_without_a_broker(
    client: httpx.Client, page_inbox: Inbox
):
    for authorization in (b"", "Bearer ä".encode()):
        headers = {b"Authorization": authorization}
        answer = client.post("/api/messages", json={"body": ""}, headers=headers)
        assert answer.status_code == 401
    answer = post(client, " kept as it is \n", received_at="2026-11-20T10:00:00Z")
    assert answer.status_code == 201
    key = answer.json()["key"]
    statement = "SELECT body, label FROM inbox_message WHERE key = %s"
    assert page_inbox.rows(statement, key) == [(" kept as it is \n", None)]


def test_nightsieve_sees_the_texts_and_nothing_else_of_the_inbox(page_inbox: Inbox):
    statement = "SELECT * FROM messages WHERE key = 'spam'"
    ((key, body, sender, received_at),) = page_inbox.rows(statement)
    assert (key, body, sender) == ("spam", SCRIPT, SCRIPT)
    assert received_at is not None


def test_a_check_of_the_settings_for_production_finds_nothing(page_inbox: Inbox):
    page_inbox.environment["INBOX_HTTPS"] = "1"
    try:
        page_inbox.manage("check", "--deploy", "--fail-level", "WARNING")
        page_inbox.manage("makemigrations", "--check", "--dry-run")
    finally:
        page_inbox.environment["INBOX_HTTPS"] = "0"


def test_the_migration_removes_the_table_of_nightsieve_only_while_it_is_empty(
    page_inbox: Inbox,
):
    statement = "SELECT relkind::text FROM pg_class WHERE oid = to_regclass('messages')"
    page_inbox.manage("migrate", "inbox", "0001")
    page_inbox.rows(MESSAGES.definition())
    page_inbox.manage("migrate", "inbox")
    assert page_inbox.rows(statement) == [("v",)]
    page_inbox.manage("migrate", "inbox", "0001")
    page_inbox.rows(MESSAGES.definition())
    page_inbox.rows("INSERT INTO messages (key) VALUES ('1')")
    with pytest.raises(AssertionError, match="already exists"):
        page_inbox.manage("migrate", "inbox")
    assert page_inbox.rows("SELECT key FROM messages") == [("1",)]
