"""The report of a run: `report.json` for programs, `report.html`, one file, for people.

The page needs no network: its pictures, film, music and player are inside. `page/report.html` is
its frame, with `{{name}}` where a part goes.
"""

import base64
import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from music.manifest import Manifest
from music.phrases import PhraseSet
from music.quality import Quality
from training.cost import Cost
from training.evolution import write_evolution
from training.history import Row
from training.listening import Listening
from training.report_charts import Chart, draw
from training.report_curves import music_charts, never_heard, track_charts, training_charts
from training.report_facts import minutes, run_facts, versions
from training.report_numbers import numbers
from training.report_plot import plot
from training.report_samples import Sample, page_data, read_samples
from training.report_words import conditions, listens, score_parts, unmeasured, verdict, warned
from training.report_yardstick import Yardstick
from training.track_metrics import reference_row

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
    def exported(self) -> int:
        """The one whose generator was exported."""
        return int(self.manifest.metrics.get("best_iteration", self.iteration))

    @property
    def headlines(self) -> dict[int, float]:
        """By iteration, that of the exported generator included."""
        last = {self.exported: self.quality.headline} if self.quality else {}
        return last | {
            int(row["iteration"]): row["headline"] for row in self.rows if "headline" in row
        }

    def yardstick(self) -> Yardstick:
        """Real music; the run's own, if there is anything to compare it with."""
        if self.phrases is None or not self.headlines:
            return Yardstick()
        return Yardstick.of(self.phrases)

    def references(self) -> Row:
        """What the training music measures, track by track, if there is anything to compare."""
        if self.phrases is None or not any("." in name for row in self.rows for name in row):
            return {}
        track = int(self.manifest.hyperparameters.get("condition_track", 0))
        return reference_row(self.phrases.part("train"), track)

    def moment(self, sample: Sample) -> str:
        """What a sample is called."""
        headline = self.headlines.get(sample.iteration)
        score = "" if headline is None else f" · headline {headline:.1f}"
        exported = " · exported" if sample.iteration == self.exported else ""
        return f"Iteration {sample.iteration:,}{score}{exported}"


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
        "versions": versions(),
        "cost": cost.as_dict() if cost else None,
        "listening": listening.as_dict() if listening else None,
        "warnings": list(warnings),
    }
    _write(folder / "report.json", json.dumps(facts, indent=2, sort_keys=True) + "\n")
    if not stopped:
        plot(rows, folder / "losses.png")
    samples = read_samples(folder / "samples", run.exported)
    moments = [run.moment(sample) for sample in samples]
    yardstick = run.yardstick()
    parts = {
        "title": html.escape(_title(manifest)),
        "summary": _summary(run, stopped=stopped),
        "heard": _heard(manifest),
        "warnings": warned(warnings),
        "verdict": _verdict(run, yardstick, stopped=stopped, audible=bool(samples)),
        "film": "" if stopped else _film(run, samples, moments),
        "curves": _all_curves(run, yardstick),
        "numbers": _numbers(quality, yardstick),
        "facts": run_facts(facts, cost),
        "data": _script_json(page_data(samples, manifest, phrases, moments, run.exported)),
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
    which = "" if run.exported == run.iteration else f", number {run.exported:,} exported"
    parts.append(f"{run.iteration:,} iterations{which}")
    if run.cost:
        since = run.cost.since_iteration
        continued = f" since iteration {since:,}" if since else ""
        parts.append(
            f"{minutes(run.cost.seconds)} on {run.cost.cores} cores, "
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


def _verdict(run: _Run, yardstick: Yardstick, *, stopped: bool, audible: bool) -> str:
    heard = _heard(run.manifest)
    columns = listens(run.listening) if run.listening else ""
    if run.quality is None:
        score = run.headlines.get(run.exported)
        said = unmeasured(score, stopped=stopped, audible=audible)
    else:
        said = verdict(run.quality, heard, yardstick)
        columns = (
            f"{score_parts(run.quality)}<div>{conditions(run.quality, yardstick)}{columns}</div>"
        )
    return f'{said}<div class="columns">{columns}</div>' if columns else said


def _numbers(quality: Quality | None, yardstick: Yardstick) -> str:
    return _section("numbers", "All measurements", numbers(quality, yardstick)) if quality else ""


def _film(run: _Run, samples: Sequence[Sample], moments: Sequence[str]) -> str:
    """The film of the piano rolls; who wants no motion sees its last picture."""
    path = run.folder / "evolution.gif"
    still = write_evolution(samples, path, moments)
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


def _all_curves(run: _Run, yardstick: Yardstick) -> str:
    """The curves of the music as a whole, of its tracks, and of the training."""
    references = run.references()
    none = " and ".join(title.lower() for title in never_heard(run.rows, references))
    note = f"None at all in any track, as in the training music: {none}." if none else ""
    sections = [
        ("music", "How the music grew", music_charts(run.rows, run.headlines, yardstick), ""),
        ("tracks", "Track by track", track_charts(run.rows, references), note),
        ("training", "How the training went", training_charts(run.rows), ""),
    ]
    mark = f"The upright line is iteration {run.exported:,}, whose generator was exported. "
    if run.headlines.get(run.exported, math.inf) < max(run.headlines.values(), default=0.0):
        mark += "Where the headline is higher, a condition is not met. "
    drawn = ""
    for name, title, charts, words in sections:
        drawn += _curves(name, title, charts, run, words if drawn else mark + words)
    return drawn


def _curves(name: str, title: str, charts: Sequence[Chart], run: _Run, note: str) -> str:
    """A section of charts in which the exported iteration is marked."""
    drawn = "".join(draw(chart, run.exported, run.iteration) for chart in charts)
    if not drawn:
        return ""
    said = f'<p class="soft">{html.escape(note)}</p>' if note else ""
    return _section(name, title, f'{said}<div class="charts">{drawn}</div>')


def _section(name: str, title: str, body: str) -> str:
    return f'<section class="card" id="{name}"><h2>{html.escape(title)}</h2>{body}</section>'


def _image(data: bytes, kind: str, words: str) -> str:
    return f'<img alt="{html.escape(words)}" src="{_uri(data, kind)}">'


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _script_json(values: Mapping[str, Any]) -> str:
    """JSON that no text inside can end, as a `script` element would be ended by its closing tag."""
    return json.dumps(values, separators=(",", ":")).replace("<", "\\u003c")


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f"draft-{path.name}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
