"""The table at the end of the tests: which numbers of SageMaker's contract an image holds.

A test says with `@pytest.mark.contract("T-01", ...)` which numbers it holds; with `instead=REASON`
it proves only what is done in the place of a number that does not apply here.
"""

import json

import pytest

from tests.conformance.engine import MEGABYTE, describe

PROMISES = {
    "T-01": "every form of start trains, and what cannot be understood ends with 2",
    "T-02": "process 1 is ours, and reaps strangers",
    "T-03": "nothing that is needed lies under /opt/ml",
    "T-04": "hyperparameters in every encoding",
    "T-05": "few configuration files, or none",
    "T-06": "unknown configuration files and keys",
    "T-07": "channels: read-only, nested, empty, absent",
    "T-08": "a model of regular files, with hashes",
    "T-09": "a failure says its cause first, success says nothing",
    "T-10": "killed and started again, a job ends with the same weights",
    "T-11": "a damaged newest checkpoint: the one before",
    "T-12": "strange files among the checkpoints",
    "T-13": "the newest checkpoints stay, and nothing is deleted early",
    "T-14": "SIGTERM leaves a checkpoint, a model and exit code 0",
    "T-15": "SIGTERM reaches the trainer",
    "T-16": "each metric is found once in its line",
    "T-17": "no network, no AWS variables",
    "T-18": "any user, all but /opt/ml and /tmp read-only, little shared memory",
    "T-19": "several hosts",
    "I-01": "a read-only model; a missing or damaged one ends the server quickly",
    "I-02": "SIGTERM: what has begun is answered, exit code 0 within 30 s",
    "I-03": "/ping within 2 s under load",
    "I-04": "503 until a first answer has been made",
    "I-05": "each status with its JSON",
    "I-06": "custom attributes and inference id come back",
    "I-07": "Accept and Content-Type in all forms",
    "I-08": "kept connections, Expect, chunks, HEAD",
    "I-09": "25 MB and not a byte more",
    "I-10": "504 at the deadline",
    "I-11": "the given port and no other, and the label for it",
    "I-12": "batches: a line for a line, as many at once as offered",
    "I-13": "nothing to write but /tmp, any user, no network",
    "I-14": "half a processor and 1 GB",
}
MARKER = "contract"
HOLDS, FAILS, NOT_APPLICABLE, NOT_TESTED = "holds", "FAILS", "not applicable", "not tested"


def pytest_configure(config):
    config.addinivalue_line(
        "markers", f"{MARKER}(*numbers, instead=None): which numbers of the contract a test holds"
    )


def pytest_collection_modifyitems(items):
    """Puts the numbers into the reports, which cross from one process to another."""
    for item in items:
        for marker in item.iter_markers(MARKER):
            if unknown := set(marker.args) - PROMISES.keys():
                raise pytest.UsageError(f"{item.nodeid}: the contract has no {sorted(unknown)}.")
            told = json.dumps([marker.args, marker.kwargs.get("instead")])
            item.user_properties.append((MARKER, told))


def pytest_terminal_summary(terminalreporter, config):
    """Prints the table, if any of its tests were run."""
    told = (one for several in terminalreporter.stats.values() for one in several)
    verdicts = judge(one for one in told if isinstance(one, pytest.TestReport))
    if not verdicts:
        return
    terminalreporter.section("SageMaker's contract")
    for option in ("image", "serve_image"):
        terminalreporter.write_line(_describe(option, config.getoption(option)))
    for number, promise in PROMISES.items():
        verdict, reason = verdicts.get(number, (NOT_TESTED, ""))
        colour = {HOLDS: {"green": True}, FAILS: {"red": True}}.get(verdict, {"yellow": True})
        line = f"{number}  {verdict:<14}  {promise}" + (f": {reason}" if reason else "")
        terminalreporter.write_line(line, **colour)
    found = [verdicts.get(number, (NOT_TESTED, ""))[0] for number in PROMISES]
    kinds = (HOLDS, FAILS, NOT_APPLICABLE, NOT_TESTED)
    told = ", ".join(f"{found.count(kind)} {kind.lower()}" for kind in kinds if kind in found)
    terminalreporter.write_line(f"Of {len(PROMISES)}: {told}.")


def judge(reports):
    """Says of each number that was tested whether it holds, and the reason where it does not."""
    verdicts = {}
    rank = [NOT_TESTED, NOT_APPLICABLE, HOLDS, FAILS]
    for report in reports:
        for name, told in report.user_properties:
            if name == MARKER:
                numbers, instead = json.loads(told)
                verdict = _verdict(report, instead)
                for number in numbers:
                    before = verdicts.get(number, (NOT_TESTED, ""))
                    verdicts[number] = max(before, verdict, key=lambda one: rank.index(one[0]))
    return verdicts


def _verdict(report, instead):
    if report.failed:
        return FAILS, report.nodeid.rpartition("/")[2]
    if report.skipped:
        return NOT_APPLICABLE, report.longrepr[2].removeprefix("Skipped: ")
    if report.when != "call":
        return NOT_TESTED, ""
    return (NOT_APPLICABLE, instead) if instead else (HOLDS, "")


def _describe(option, image):
    try:
        told = describe(image)
    except (AssertionError, OSError):
        return f"--{option.replace('_', '-')} {image}: there is no such image."
    identity, size = told["Id"][:19], told["Size"] / MEGABYTE
    return f"--{option.replace('_', '-')} {image}: {size:,.0f} MB, {identity}"
