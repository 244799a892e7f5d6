"""Problems: what a client receives for a request that is not answered.

References
----------
RFC 9457, Problem Details for HTTP APIs. RFC 6901, JSON Pointer.
"""

from collections.abc import Sequence
from typing import NamedTuple

from nightsieve.serving.contract.messages import Answer, Json, json_answer

PROBLEM_TYPE = "application/problem+json"
_URN = "urn:nightsieve:problem:"
# Titles that are not the name with a capital letter.
_TITLES = {"not-http": "Not HTTP", "not-json": "Not JSON"}


class FieldError(NamedTuple):
    """What is wrong with one field.

    Attributes
    ----------
    pointer
        A JSON Pointer into the body, such as ``/messages/3/text``; empty for all of it.
    """

    pointer: str
    detail: str


class Problem(Exception):  # noqa: N818 - the RFC's word
    """A request that is not answered as it was asked.

    Parameters
    ----------
    name
        Tells kinds of problems apart, such as ``invalid-body``. The title says the
        same in words: the phrases of HTTP differ between versions of Python.
    detail
        What is wrong with this request, and what would be right. It never quotes the
        text of a message.
    errors
        The fields of the body that are wrong.
    headers
        Further headers of the answer, such as ``Retry-After``.
    """

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.name = name
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = headers or {}

    @property
    def _title(self) -> str:
        title = _TITLES.get(self.name)
        return title or self.name.replace("-", " ").capitalize()

    def answer(self) -> Answer:
        """Return the problem document.

        Examples
        --------
        >>> Problem(404, "not-found", "no such resource").answer().body
        b'{"type":"urn:nightsieve:problem:not-found","title":"Not found",...
        """
        document: dict[str, Json] = {
            "type": _URN + self.name,
            "title": self._title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [error._asdict() for error in self.errors]
        answer = json_answer(document, self.status, **self.headers)
        answer.headers["Content-Type"] = PROBLEM_TYPE
        return answer


def json_pointer(keys: Sequence[str | int]) -> str:
    """Return the JSON Pointer of a value.

    Examples
    --------
    >>> json_pointer(["messages", 3, "a/b"])
    '/messages/3/a~1b'
    """
    escaped = (str(key).replace("~", "~0").replace("/", "~1") for key in keys)
    return "".join(f"/{key}" for key in escaped)
