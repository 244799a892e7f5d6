"""A replay verifies what it copies, and its errors name objects of the night."""

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
def test_an_error_names_the_address_of_a_damaged_configuration(environment, is_known):
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
