"""What is generated from the schemas is up to date."""

from nightsieve.serving.generate import validators


def test_the_validators_are_those_of_the_schemas():
    assert validators.MODULE.read_text() == validators.generate_validators()
