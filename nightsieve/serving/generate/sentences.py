"""What a client reads about a field that does not fit its schema."""

from nightsieve.serving.contract.messages import Json

_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}

#: By keyword; another keyword needs a sentence here before a schema may have it.
_SENTENCES = {
    "minItems": "must have at least {bound:,} item{s}",
    "maxItems": "must have at most {bound:,} item{s}",
    "minLength": "must have at least {bound:,} character{s}",
    "maxLength": "must have at most {bound:,} character{s}",
    "minimum": "must be {bound:,} or more",
    "maximum": "must be {bound:,} or less",
}


def detail(rule: str, definition: Json) -> str:
    """Return what would be right, without a word about the value that is not.

    Parameters
    ----------
    rule
        The keyword that the value breaks.
    definition
        The schema of the value.

    Examples
    --------
    >>> detail("maxItems", {"type": "array", "maxItems": 1000})
    'must have at most 1,000 items'
    """
    bound = definition[rule]
    if rule == "type":
        return f"must be {_TYPES[bound]}"
    return _SENTENCES[rule].format(bound=bound, s="" if bound == 1 else "s")
