"""The report of a run: `report.json` for programs, `report.html`, one file, for people."""

import base64
import html
import json
import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from music.manifest import Manifest
from music.quality import Quality
from training.history import Row

PLOTTED = (
    ("Losses", ["critic_loss", "generator_loss"]),
    ("Likelihood", ["reconstruction_loss"]),
    ("Gradient penalty", ["gradient_penalty"]),
    ("Headline", ["headline"]),
)
SHOWN_SAMPLES = 4
PACKAGES = ("accompanist", "tensorflow", "keras", "numpy", "symusic")

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
:root {{ color-scheme: light dark; --line: #8884; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; }}
body {{ padding: 0 1rem }}
h1 {{ font-weight: 600 }} h2 {{ margin-top: 2.5rem; font-weight: 600 }}
img {{ max-width: 100%; background: #fff; border-radius: 6px }}
table {{ border-collapse: collapse }}
td, th {{ padding: .25rem 1rem .25rem 0; text-align: left; border-bottom: 1px solid var(--line) }}
pre {{ overflow-x: auto; font-size: 14px; padding: 1rem; border: 1px solid var(--line) }}
</style></head><body><h1>{title}</h1>
{body}
</body></html>
"""


def write_report(
    folder: Path, manifest: Manifest, rows: Sequence[Row], quality: Quality | None
) -> Path:
    """Writes both reports into the output folder of a run.

    Args:
        folder: holds `samples/` already.
        manifest: of the exported model.
        rows: the metric history.
        quality: the last measurement, None where the data cannot be measured.

    Returns:
        The path of `report.html`.
    """
    facts: dict[str, Any] = {
        "architecture": manifest.architecture,
        "hyperparameters": dict(manifest.hyperparameters),
        "data": dict(manifest.dataset),
        "metrics": dict(manifest.metrics),
        "versions": _versions(),
    }
    _write(folder / "report.json", json.dumps(facts, indent=2, sort_keys=True) + "\n")
    plot = folder / "losses.png"
    _plot(rows, plot)
    body = [_verdict(quality), "<h2>Samples</h2>", _samples(folder / "samples")]
    body += ["<h2>The run</h2>", _image(plot, "Losses and headline over iterations")]
    for name in ("hyperparameters", "data", "versions"):
        body.append(f"<h2>{name.capitalize()}</h2>{_table(facts[name])}")
    page = _PAGE.format(title=f"Accompanist: {manifest.architecture}", body="\n".join(body))
    _write(folder / "report.html", page)
    return folder / "report.html"


def _verdict(quality: Quality | None) -> str:
    if quality is None:
        return "<p>These measures are of four-part music; this data set cannot be measured so.</p>"
    words = (
        "All gates hold: one note a voice, little copied, and one melody gets many answers."
        if not quality.gated
        else "A gate is broken, so the headline does not count; the table says which."
    )
    return (
        f"<p><strong>Headline {quality.headline:.1f}</strong> of 100, measured on the validation "
        f"melodies, where real music has 98. {words}</p><pre>{html.escape(quality.table())}</pre>"
    )


def _samples(folder: Path) -> str:
    pictures = sorted(folder.glob("iteration-*.png"))
    if len(pictures) > SHOWN_SAMPLES:
        last = len(pictures) - 1
        pictures = [pictures[i * last // (SHOWN_SAMPLES - 1)] for i in range(SHOWN_SAMPLES)]
    return "\n".join(_image(path, f"Piano rolls, {path.stem}") for path in pictures)


def _image(path: Path, words: str) -> str:
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<p><img alt="{html.escape(words)}" src="data:image/png;base64,{data}"></p>'


def _table(facts: Mapping[str, Any]) -> str:
    rows = (
        f"<tr><th>{html.escape(str(name))}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in facts.items()
    )
    return f"<table>{''.join(rows)}</table>"


def _plot(rows: Sequence[Row], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    shown = [
        (title, [name for name in names if any(name in row for row in rows)])
        for title, names in PLOTTED
    ]
    shown = [(title, names) for title, names in shown if names] or [PLOTTED[0]]
    columns = min(2, len(shown))
    height = math.ceil(len(shown) / columns)
    size = (5 * columns, 3 * height)
    figure, axes = plt.subplots(height, columns, figsize=size, layout="constrained", squeeze=False)
    for axis, (title, names) in zip(axes.flat, shown, strict=False):
        for name in names:
            points = [(row["iteration"], row[name]) for row in rows if name in row]
            axis.plot(
                *zip(*points, strict=True), marker="." if len(points) < 10 else "", label=name
            )
        axis.set_title(title)
        axis.set_xlabel("iteration")
        if len(names) > 1:
            axis.legend()
    for axis in axes.flat[len(shown) :]:
        axis.remove()
    draft = path.with_name(f"draft-{path.name}")
    figure.savefig(draft, dpi=90)
    plt.close(figure)
    draft.replace(path)


def _versions() -> dict[str, str]:
    import tensorflow as tf

    known = {"tensorflow": tf.__version__}
    return {name: known.get(name) or version(name) for name in PACKAGES}


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f"draft-{path.name}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
