"""The page ``/docs`` in Chromium without a network, wide and on a phone."""

from typing import Any

import pytest

from nightsieve.serving.generate.operations import DESCRIBED
from tests.browser.test_browser import model, pytestmark  # noqa: F401 - its skips
from tests.support.jenkins_page import run_driver
from tests.support.services import serving

WIDTHS = (1400, 390)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory):
    """Yield the address of a service."""
    folder = tmp_path_factory.mktemp("docs")
    model_file = folder / "model.json"
    model_file.write_bytes(model())
    options = ("--model", str(model_file))
    with serving(*options, environment={}, log=folder / "log") as (address, _):
        yield address


@pytest.fixture(scope="module")
def looks(service: str) -> list[dict[str, Any]]:
    """Return what the browser finds at each width."""
    return run_driver("drive_docs.js", {"address": service, "widths": WIDTHS})


def test_all_operations_are_shown_and_one_can_be_tried(looks):
    described = [[operation.method, operation.path] for operation in DESCRIBED]
    for look in looks:
        assert look["operations"] == described
        assert look["status"] == "200"


def test_nothing_comes_from_elsewhere_and_the_console_stays_empty(looks, service):
    for look in looks:
        assert look["logged"] == []
        assert len(look["requests"]) > 5
        for request in look["requests"]:
            assert request.startswith(f"{service}/")


def test_the_page_does_not_scroll_sideways(looks):
    for look in looks:
        assert look["excess"] == [0, 0]
