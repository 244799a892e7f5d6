"""Results as JUnit's XML, which build servers show as tests."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from pipeline.records.release import Check, Verdict
from pipeline.records.run import NightResults
from pipeline.records.words import describe_check, name_check
from pipeline.report.outcome import outcome
from pipeline.report.printable import printable


@dataclass(frozen=True)
class Case:
    """One result: its name, its verdict, and a sentence about it."""

    name: str
    verdict: Verdict
    text: str


def gate_suite(date: datetime.date, results: NightResults) -> bytes:
    """Return the gate's checks of a night.

    A failed check is a failure only if it holds the model back. If the model was
    published all the same, or a later one, it is skipped.
    """
    held_back = outcome(results).kind.held_back
    cases = [_case(check, held_back) for check in results.decision.checks]
    return suite(f"gate of {date}", "gate", cases)


def suite(name: str, classname: str, cases: Sequence[Case]) -> bytes:
    """Return cases as a test suite.

    Parameters
    ----------
    classname
        What a build server groups the cases by, from build to build.

    Examples
    --------
    >>> case = Case("size", Verdict.FAILED, "it must be at most 1,000")
    >>> root = ElementTree.fromstring(suite("gate of 2026-11-20", "gate", [case]))
    >>> root.attrib["failures"], root[0].attrib["name"]
    ('1', 'size')
    """
    verdicts = [case.verdict for case in cases]
    root = ElementTree.Element(
        "testsuite",
        name=printable(name),
        tests=str(len(cases)),
        failures=str(verdicts.count(Verdict.FAILED)),
        skipped=str(verdicts.count(Verdict.SKIPPED)),
    )
    for case in cases:
        element = ElementTree.SubElement(
            root, "testcase", classname=classname, name=printable(case.name)
        )
        text = printable(case.text)
        if case.verdict is Verdict.FAILED:
            ElementTree.SubElement(element, "failure", message=text)
        elif case.verdict is Verdict.SKIPPED:
            ElementTree.SubElement(element, "skipped", message=text)
        else:
            ElementTree.SubElement(element, "system-out").text = text
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _case(check: Check, held_back: bool) -> Case:
    verdict = check.verdict
    if verdict is Verdict.FAILED and not held_back:
        verdict = Verdict.SKIPPED
    name = name_check(check)
    if check.measure is not None:
        name = f"{name}: {check.measure}"
    return Case(name, verdict, describe_check(check))
