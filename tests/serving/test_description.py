"""The description and its page, as the service sends them."""

import re

import pytest

from nightsieve.serving.generate.openapi import DOCUMENT
from nightsieve.serving.http.resources import docs

FILES = [*docs._OWN_FILES, *docs._SWAGGER_FILES]


def test_the_description_is_sent_once_to_a_client_that_keeps_it(client):
    answer = client.get("/openapi.json")
    assert answer.content == DOCUMENT.read_bytes()
    assert answer.headers["Content-Type"] == "application/json"
    tag = answer.headers["ETag"]
    again = client.get("/openapi.json", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == tag


def test_the_page_has_a_strict_policy_and_names_only_files_that_are_there(client):
    page = client.get("/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    named = re.findall(r'(?:href|src)="docs/(.+?)"', page.text)
    assert sorted(named) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_the_files_of_the_page_come_from_here(client, name):
    assert client.get(f"/docs/{name}").status_code == 200


@pytest.mark.parametrize("name", ["index.css", "..%2fdocs.html", "%2e%2e", "a.js"])
def test_no_other_file_is_sent(client, name):
    assert client.get(f"/docs/{name}").status_code == 404
