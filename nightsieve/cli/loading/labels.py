"""Human labels of a file: rename them, count them, and warn about unknown ones."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TypeVar

import click

from pipeline.config.settings import Settings
from pipeline.errors import ConfigError
from pipeline.records.spelling import closest_label
from pipeline.records.words import plural

Command = TypeVar("Command", bound=Callable[..., object])

#: Different labels that are counted; a wrong column can have millions.
MAX_COUNTED = 1_000
#: Unknown labels that warnings name, the most frequent first.
MAX_NAMED = 10
_LIKE_A_LABEL = re.compile(r"[\w-]{1,32}")

#: Adds ``--label-map``, which the command receives as a tuple of strings.
label_map_option = click.option(
    "--label-map",
    "label_maps",
    multiple=True,
    metavar="LABEL=OURS,...",
    show_default="labels stay as they are",
    help="Write OURS, a label of the rules, for each LABEL of the file, such as "
    "Spam=spam,0=normal. Repeatable.",
)


class Labels:
    """Renames the labels of a file, and counts what they became.

    Parameters
    ----------
    names
        The label to write in place of each label of the file; others stay.

    Examples
    --------
    >>> labels = Labels({"Spam": "spam"})
    >>> [labels.rename(label) for label in ("Spam", "ham", "ham")]
    ['spam', 'ham', 'ham']
    >>> labels.counts.most_common()
    [('ham', 2), ('spam', 1)]
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self.counts: Counter[str] = Counter()
        self._names = names
        self._unused = set(names)

    def rename(self, label: str) -> str:
        """Return the label to write for a label of the file."""
        if label in self._names:
            self._unused.discard(label)
            label = self._names[label]
        if label in self.counts or len(self.counts) < MAX_COUNTED:
            self.counts[label] += 1
        return label

    @property
    def unused(self) -> list[str]:
        """The labels to rename that the file does not have, in order."""
        return sorted(self._unused)


def parse_label_maps(options: Iterable[str]) -> dict[str, str]:
    """Return the label of the rules by the label of the file.

    Parameters
    ----------
    options
        The values of ``--label-map``: lists of ``LABEL=OURS`` with commas, written like
        a line of a CSV file.

    Raises
    ------
    ConfigError
        A part is not a pair of labels, or a label is mapped to two others.

    Examples
    --------
    >>> parse_label_maps(["Spam=spam,0=normal", '"Yes, spam=spam"'])
    {'Spam': 'spam', '0': 'normal', 'Yes, spam': 'spam'}
    """
    names: dict[str, str] = {}
    for option in options:
        for pair in next(csv.reader([option]), []):
            label, _, ours = pair.rpartition("=")
            label = label.strip()
            ours = ours.strip()
            if not label or not ours:
                raise ConfigError(
                    f"--label-map {pair!r}: not a label and its new name; write it "
                    "like Spam=spam"
                )
            if names.setdefault(label, ours) != ours:
                raise ConfigError(
                    f"--label-map {label}: has two new names, {names[label]} and "
                    f"{ours}; keep one"
                )
    return names


def known_labels(settings: Settings) -> set[str]:
    """Return the labels that a review may have: of rules, or of merged reviews."""
    return {*settings.labelling.labels, *settings.evaluation.merge}


def label_warnings(
    file: str, labels: Labels, known: Collection[str], option: str
) -> Iterator[str]:
    """Yield a warning for each label of a file that no night will know.

    Parameters
    ----------
    option
        The option that names the column of the labels.

    Examples
    --------
    >>> labels = Labels({"Ham": "normal"})
    >>> for label in ["Spam"] * 4751 + ["normal"]:
    ...     _ = labels.rename(label)
    >>> for line in label_warnings("a.csv", labels, ["normal", "spam"], "--label 1"):
    ...     print(line)
    a.csv: label Spam (4,751 rows): not a label of the rules; did you mean spam? Use \
--label-map Spam=spam
    --label-map Ham: no row has this label; check its spelling
    """
    unknown = Counter(
        {label: rows for label, rows in labels.counts.items() if label not in known}
    )
    named = [label for label in unknown if _LIKE_A_LABEL.fullmatch(label)]
    named.sort(key=unknown.__getitem__, reverse=True)
    for label in named[:MAX_NAMED]:
        rows = plural(unknown[label], "row")
        where = f"{file}: label {label} ({rows})"
        yield f"{where}: not a label of the rules; {_remedy(label, known)}"
    if len(named) > MAX_NAMED:
        others = plural(len(named) - MAX_NAMED, "other label")
        yield f"{file}: {others}: not labels of the rules; check {option}"
    texts = sum(unknown[label] for label in unknown.keys() - set(named))
    if texts:
        yield (
            f"{file}: {plural(texts, 'row')} with a text that is not like a label, so "
            f"it is not shown; check {option}, or map it with --label-map"
        )
    for label in labels.unused:
        yield f"--label-map {label}: no row has this label; check its spelling"


def describe_wrong_label(label: str, known: Collection[str]) -> str:
    """Say what is wrong; show no text of a message, which a wrong column may hold.

    Examples
    --------
    >>> describe_wrong_label("Spam", ["normal", "spam"])
    "'Spam': not a label; did you mean spam?"
    """
    is_like_a_label = _LIKE_A_LABEL.fullmatch(label)
    name = repr(label) if is_like_a_label else "the text in this column"
    close = closest_label(label, known)
    if close is not None:
        return f"{name}: not a label; did you mean {close}?"
    return f"{name}: not a label; use one of {', '.join(sorted(known))}"


def _remedy(label: str, known: Collection[str]) -> str:
    close = closest_label(label, known)
    if close is not None:
        return f"did you mean {close}? Use --label-map {label}={close}"
    return (
        f"use --label-map {label}=OURS with one of {', '.join(sorted(known))}, or set "
        "evaluation.merge"
    )
