"""A replay verifies what it copies, and names the objects of the night itself."""

import datetime

import pytest

from nightsieve.cli.replay import replay
from nightsieve.store import layout
from nightsieve.store.configurations import freeze, store_settings
from nightsieve.store.objects import Store
from pipeline.errors import ArtefactError
from tests.support.stored_objects import manifest

NIGHT = datetime.date(2026, 11, 20)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_damaged_configuration_is_named_where_the_night_has_it(environment, is_known):
    store = Store.from_environment()
    known = store if is_known else Store(store.address("elsewhere"))
    digest = freeze(known, (), ())
    store_settings(known, digest)
    key = layout.configuration(digest)
    store.write(key, known.read(key)[:-9])
    before = store.last_modified("")
    with pytest.raises(ArtefactError) as error:
        replay(store, manifest(NIGHT).model_copy(update={"config": digest}), 1)
    assert str(error.value).startswith(f"{store.address(key)}: is not the object")
    assert store.last_modified("") == before
