"""Writes docs/hyperparameters.md from the model: `python -m training.hyperparameters_page`."""

import dataclasses
import textwrap
from pathlib import Path
from typing import Any

from training.hyperparameters import (
    ARCHITECTURE_DEFAULTS,
    MAY_CHANGE,
    VOICES_ONLY,
    Hyperparameters,
)

PAGE = Path(__file__).parents[1] / "docs" / "hyperparameters.md"

_HEAD = """\
# Hyperparameters

Set them with `python -m launcher.train --set name=value`, or as the hyperparameters of a SageMaker
training job, where every value is a string. An empty value, `None` and `null` mean the default. An
unknown name, a value out of bounds or two choices that exclude each other stop the job before it
starts, all of them named at once. Intervals are counted in iterations: one iteration is one update
of the generator, after `critic_updates` updates of the critic.

{may_change}

This page is written by `make docs`, from `training/hyperparameters.py`.

| name | values | default | meaning |
|---|---|---|---|
"""

_TAIL = """
## Progress in S3

With `progress_s3_uri` set to `s3://bucket/prefix`, the files of the output folder appear under
`s3://bucket/prefix/JOB/` seconds after the job has written them: `metrics.jsonl`, `samples/`,
`tensorboard/`, at the end `report.html`, `report.json`, the film and the song. JOB is the name of
the training job, which SageMaker and the launcher give; a container started by hand without
`TRAINING_JOB_NAME` leaves it out. Files are uploaded whole, `metrics.jsonl` up to its last whole
line; nothing is ever deleted there.

The role of the job needs `s3:PutObject` under the prefix, and the job a network. On your own
machine the credentials of the AWS command line count, and `make` has installed boto3.
`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` or `S3_ENDPOINT_URL` name another S3.

The training never waits for an upload and does not fail for one. What fails is tried again, after
pauses of up to a minute, and each kind of fault stands in the log once. At the end the last files
have a minute, 8 seconds in a job that was stopped; then the log says `Progress is complete at
s3://...`, or which files are missing there and why.
"""


def render() -> str:
    """Returns the page as Markdown."""
    schema = Hyperparameters.model_json_schema()["properties"]
    rows = [_row(name, schema[name]) for name in Hyperparameters.model_fields]
    return "".join([_HEAD.format(may_change=_may_change()), *rows, _TAIL])


def _may_change() -> str:
    *names, last = (f"`{name}`" for name in MAY_CHANGE)
    text = (
        f"A job that is continued may change {', '.join(names)} and {last}. All else belongs to "
        "its checkpoints, which a job with other values refuses."
    )
    return textwrap.fill(text, 100)


def _row(name: str, schema: dict[str, Any]) -> str:
    meaning = schema["description"]
    if name in VOICES_ONLY:
        meaning = f"Only for `voices`. {meaning}"
    return f"| `{name}` | {_values(schema)} | {_default(name, schema)} | {meaning} |\n"


def _values(schema: dict[str, Any]) -> str:
    """Describes the type and the bounds, e.g. `integer, 1 to 4096`."""
    schema = next((part for part in schema.get("anyOf", []) if part["type"] != "null"), schema)
    if "enum" in schema or "const" in schema:
        return " or ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None:
        return str(schema["type"])
    lower = f"above {low:g}" if "exclusiveMinimum" in schema else f"{low:g}"
    if high is None:
        return f"{schema['type']}, {lower} or more"
    upper = f"below {high:g}" if "exclusiveMaximum" in schema else f"{high:.10g}"
    return f"{schema['type']}, {lower} to {upper}"


def _default(name: str, schema: dict[str, Any]) -> str:
    tables = {key: dataclasses.asdict(table) for key, table in ARCHITECTURE_DEFAULTS.items()}
    if name in tables["voices"]:
        return ", ".join(f"{table[name]:g} (`{key}`)" for key, table in tables.items())
    value = schema.get("default")
    if value is None:
        return "unset"
    return f"`{value}`" if isinstance(value, str) else f"{value:g}"


def main() -> None:
    """Writes the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
