"""Every task, whichever is the root, works only on a store of its own layout."""

import datetime
import re

import luigi
import pytest

from nightsieve.store import layout
from nightsieve.store.configurations import freeze, store_settings
from nightsieve.store.objects import Store
from nightsieve.store.version import check_layout, claim_layout
from tasks import Retrain
from tasks.ingest import IngestReviews
from tests.support.commands import fork
from tests.support.nights import NIGHT, objects, put, sample

DATE = datetime.date.fromisoformat(NIGHT)


@pytest.fixture
def config(environment) -> str:
    """Write a configuration to the store, without a layout; return its digest."""
    store = Store.from_environment()
    digest = freeze(store, (), ())
    store_settings(store, digest)
    return digest


@pytest.mark.parametrize(
    "content", [None, b'{"layout": 7, "written_by": "nightsieve 9.1"}']
)
def test_a_root_task_writes_nothing_to_a_store_of_another_layout(
    environment, config, content
):
    sample(environment, rows=20)
    if content is not None:
        put(environment, layout.LAYOUT, content)
    before = objects(environment)
    command = ["luigi", "--module", "tasks.ingest", "IngestReviews", "--date", NIGHT]
    refused = fork(*command, "--config", config, environment=environment)
    assert refused.returncode == 35
    assert re.search(r"has layout 7|no layout\.json; use the version", refused.stderr)
    assert "Traceback" not in refused.stderr
    assert objects(environment) == before


@pytest.mark.parametrize("root", [IngestReviews, Retrain])
def test_the_layout_of_an_empty_store_is_written_as_soon_as_there_is_work(
    environment, root
):
    store = Store.from_environment()
    digest = freeze(store, (), ())
    task = root(date=DATE, config=digest)
    assert not task.complete()
    assert objects(environment) == {}
    task.deps()
    assert check_layout(store) is not None
    written = objects(environment)
    task.deps()
    assert objects(environment) == written


def test_a_root_task_runs_on_a_store_of_this_layout(environment, config):
    sample(environment, rows=20)
    store = Store.from_environment()
    store.delete(layout.configuration(config))
    claim_layout(store)
    store_settings(store, config)
    task = IngestReviews(date=DATE, config=config)
    assert luigi.build([task], local_scheduler=True)
    assert task.output().exists()
