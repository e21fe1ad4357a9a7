"""The report of a run: `report.json` for programs, `report.html`, one file, for people.

The page needs no network: its pictures, film, music and player are inside. `page/report.html` is
its frame, with `{{name}}` where a part goes.
"""

import base64
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from music.manifest import Manifest
from music.phrases import PhraseSet
from music.quality import Quality
from training.cost import Cost
from training.evolution import write_evolution
from training.history import Row
from training.hyperparameters import Hyperparameters
from training.listening import Listening
from training.report_charts import Chart, draw
from training.report_curves import music_charts, training_charts
from training.report_plot import plot
from training.report_samples import Sample, page_data, read_samples
from training.report_words import numbers, verdict
from training.track_metrics import reference_row

PACKAGES = ("accompanist", "tensorflow", "keras", "numpy", "symusic")
_FRAME = Path(__file__).with_name("page") / "report.html"
_LARGEST_FILM = 1_000_000  # bytes; a larger one stays a file beside the page


@dataclass(frozen=True)
class _Run:
    """What the page tells of, gathered."""

    folder: Path
    manifest: Manifest
    rows: Sequence[Row]
    quality: Quality | None
    phrases: PhraseSet | None
    cost: Cost | None
    listening: Listening | None
    warnings: Sequence[str]

    @property
    def iteration(self) -> int:
        """The last one made."""
        made = [int(row["iteration"]) for row in self.rows]
        return int(self.manifest.metrics.get("iteration", max(made, default=0)))

    @property
    def headlines(self) -> dict[int, float]:
        """By iteration, the last included."""
        last = {self.iteration: self.quality.headline} if self.quality else {}
        rows = {int(row["iteration"]): row["headline"] for row in self.rows if "headline" in row}
        return last | rows  # the last measurement may be of an earlier, better generator


def write_report(
    folder: Path,
    manifest: Manifest,
    rows: Sequence[Row],
    quality: Quality | None,
    *,
    phrases: PhraseSet | None = None,
    cost: Cost | None = None,
    listening: Listening | None = None,
    warnings: Sequence[str] = (),
    stopped: bool = False,
) -> Path:
    """Writes both reports, the film and the plot into the output folder of a run.

    Args:
        folder: holds `samples/` already.
        manifest: of the exported model.
        rows: the metric history.
        quality: the last measurement, None where the data cannot be measured.
        phrases: the data set; its music is shown and played beside the samples.
        cost: of the run so far.
        listening: how far the answers follow the melody, None where that was not measured.
        warnings: what the user should know of this run, a sentence each.
        stopped: the run was ended before its last iteration; it has little time, so only the page
            is written.

    Returns:
        The path of `report.html`.
    """
    run = _Run(folder, manifest, rows, quality, phrases, cost, listening, warnings)
    facts: dict[str, Any] = {
        "architecture": manifest.architecture,
        "hyperparameters": dict(manifest.hyperparameters),
        "data": dict(manifest.dataset),
        "metrics": dict(manifest.metrics),
        "versions": _versions(),
        "cost": cost.as_dict() if cost else None,
        "listening": listening.as_dict() if listening else None,
        "warnings": list(warnings),
    }
    _write(folder / "report.json", json.dumps(facts, indent=2, sort_keys=True) + "\n")
    if not stopped:
        plot(rows, folder / "losses.png")
    samples = read_samples(folder / "samples")
    parts = {
        "title": html.escape(_title(manifest)),
        "summary": _summary(run, stopped=stopped),
        "heard": _heard(manifest),
        "verdict": verdict(quality, _heard(manifest), stopped=stopped),
        "numbers": _section("numbers", "All measurements", numbers(quality)) if quality else "",
        "film": "" if stopped else _film(run, samples),
        "music": _curves(
            "music",
            "How the music grew",
            music_charts(rows, run.headlines, quality, _references(run)),
        ),
        "training": _curves("training", "How the training went", training_charts(rows)),
        "facts": _facts(facts, cost),
        "data": _script_json(page_data(samples, manifest, phrases, run.headlines)),
    }
    frame = _FRAME.read_text(encoding="utf-8")
    page = re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], frame)
    _write(folder / "report.html", page)
    return folder / "report.html"


def _title(manifest: Manifest) -> str:
    return str(manifest.dataset.get("name") or "A training")


def _summary(run: _Run, *, stopped: bool) -> str:
    """One line: how much music, how long, at what cost."""
    split = run.manifest.dataset.get("phrases", {})
    parts = [f"architecture {run.manifest.architecture}"]
    if isinstance(split, Mapping) and "train" in split:
        parts.append(f"learned from {split['train']:,} phrases")
    parts.append(f"{run.iteration:,} iterations")
    if run.cost:
        since = run.cost.since_iteration
        continued = f" since iteration {since:,}" if since else ""
        parts.append(
            f"{_minutes(run.cost.seconds)} on {run.cost.cores} cores, "
            f"{run.cost.core_minutes:.1f} core-minutes{continued}"
        )
    if stopped:
        parts.append("stopped before its end; it can be continued")
    return html.escape(" · ".join(parts))


def _heard(manifest: Manifest) -> str:
    split = manifest.dataset.get("phrases", {})
    if isinstance(split, Mapping) and not split.get("valid"):
        return "that the network learned from"
    return "that the network had never heard"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _film(run: _Run, samples: Sequence[Sample]) -> str:
    """The film of the piano rolls; who wants no motion sees its last picture."""
    path = run.folder / "evolution.gif"
    still = write_evolution(samples, path, run.headlines)
    if still is None:
        return ""
    moving = path.read_bytes()
    words = f"The piano rolls of {len(samples)} samples one after another, from iteration "
    words += f"{samples[0].iteration} to {samples[-1].iteration}"
    if len(moving) > _LARGEST_FILM:
        picture = _image(still, "png", words)
        note = "<p>The film itself is the file evolution.gif beside this page.</p>"
    else:
        quiet = f'<source media="(prefers-reduced-motion: reduce)" srcset="{_uri(still, "png")}">'
        picture, note = f"<picture>{quiet}{_image(moving, 'gif', words)}</picture>", ""
    intro = "<p>The same melodies, again and again while the network learned.</p>"
    return _section("film", "How it learned", f'{intro}<div class="film">{picture}</div>{note}')


def _curves(name: str, title: str, charts: Sequence[Chart]) -> str:
    drawn = "".join(draw(chart) for chart in charts)
    return _section(name, title, f'<div class="charts">{drawn}</div>') if drawn else ""


def _references(run: _Run) -> Row:
    """What the training music measures, if the history has something to compare with it."""
    if run.phrases is None or not any("." in name for row in run.rows for name in row):
        return {}
    track = int(run.manifest.hyperparameters.get("condition_track", 0))
    return reference_row(run.phrases.part("train"), track)


def _facts(facts: Mapping[str, Any], cost: Cost | None) -> str:
    groups = {"Data": facts["data"], "Versions": facts["versions"]}
    if cost:
        groups["Cost"] = _cost(cost)
    small = "".join(
        f"<div><h3>{title}</h3>{_table(_pairs(values))}</div>"
        for title, values in sorted(groups.items())
        if values
    )
    fields = Hyperparameters.model_fields
    rows = []
    for name, value in facts["hyperparameters"].items():
        words = (fields[name].description or "") if name in fields else ""
        told = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(words))
        rows.append(f"<tr>{_head(name)}{_cell(value)}<td>{told}</td></tr>")
    return f'<div class="facts">{small}</div><h3>Hyperparameters</h3>{_table(rows, kind="words")}'


def _cost(cost: Cost) -> dict[str, str]:
    counted = f"iteration {cost.since_iteration:,} on" if cost.since_iteration else "the beginning"
    return {
        "Core-minutes": f"{cost.core_minutes:.1f}",
        "Time on the clock": _minutes(cost.seconds),
        "Cores": str(cost.cores),
        "Computing time of all threads": _minutes(cost.cpu_seconds),
        "Counted from": counted,
    }


def _pairs(values: Mapping[str, Any]) -> list[str]:
    return [f"<tr>{_head(name)}{_cell(value)}</tr>" for name, value in values.items()]


def _table(rows: Sequence[str], *, kind: str = "pairs") -> str:
    return f'<div class="wide"><table class="{kind}">{"".join(rows)}</table></div>'


def _head(name: str) -> str:
    return f"<th>{html.escape(str(name))}</th>"


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        value = ", ".join(f"{name} {each}" for name, each in value.items())
    return f"<td>{html.escape(str(value))}</td>"


def _section(name: str, title: str, body: str) -> str:
    return f'<section class="card" id="{name}"><h2>{html.escape(title)}</h2>{body}</section>'


def _image(data: bytes, kind: str, words: str) -> str:
    return f'<img alt="{html.escape(words)}" src="{_uri(data, kind)}">'


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _script_json(values: Mapping[str, Any]) -> str:
    """JSON that no text inside can end, as a `script` element would be ended by its closing tag."""
    return json.dumps(values, separators=(",", ":")).replace("<", "\\u003c")


def _versions() -> dict[str, str]:
    import tensorflow as tf

    known = {"tensorflow": tf.__version__}  # its distribution has another name on some machines
    return {name: known.get(name) or version(name) for name in PACKAGES}


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f"draft-{path.name}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
