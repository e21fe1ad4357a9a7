"""Which curves the report of a run shows, and what they mean."""

from collections.abc import Mapping, Sequence
from typing import Literal

from training.history import Row
from training.listening import BACH as BACH_LISTENING
from training.report_charts import Chart, Reference
from training.report_yardstick import BACH, Yardstick

_GROUPS = (
    (
        "Losses",
        {"generator_loss": "generator", "critic_loss": "critic"},
        "Two networks play against each other; neither curve has to fall. Calm is a good sign.",
    ),
    (
        "Likelihood of the composer's own notes",
        {"reconstruction_loss": "loss"},
        "Lower: the composer's own accompaniment surprises the network less.",
    ),
    ("Use of the noise", {"kl": "divergence"}, "How much the noise decides; nought is nothing."),
    (
        "Gradient penalty",
        {"gradient_penalty": "penalty"},
        "Keeps the critic's judgement smooth; it should stay small.",
    ),
)
_HEADLINE = "headline"
_TITLES = {
    "form": "One note at a time",
    "qualified_notes": "Notes of an eighth or longer",
    "overlap": "Likeness to training music",
    "ffd8": "Distance from it, in eighths",
    "ffd": "Distance from it",
    "c2st_auc": "Told from the original",
    "full_chord": "Complete chords",
    "diss": "Dissonances with the melody",
    "outer_cons": "Melody and bass consonant",
    "mel_fit": "Melody belongs to the chord",
    "pcs": "Consonance with the melody",
    "voice_errors": "Voice-leading errors",
    "near_copies": "Near copies",
    "nearest_median": "Distance to nearest phrase",
    "diversity": "Difference between takes",
    "step_rate": "Moves by step",
    "odd16": "Phrases with sixteenths",
    "note_count": "Notes of a phrase",
}
_TRACK_TITLES = {
    "pitches_used": "Pitches used in a phrase",
    "in_scale": "Notes in the scale",
    "empty_bars": "Empty bars",
    "polyphony": "Time with two notes or more",
}
_LISTENING = {
    "listening_melody": "with another melody",
    "listening_noise": "by chance",
    "listening_score": "the melody's part",
}
_PLAIN = {"ffd8", "ffd", "pcs", "note_count", "pitches_used"}
_SHARES = frozenset({*_TITLES, *_TRACK_TITLES, *_LISTENING} - _PLAIN)  # told in per cent


def training_charts(rows: Sequence[Row]) -> list[Chart]:
    """Returns the charts of losses and of whatever else the updates measure."""
    left = dict.fromkeys(name for row in rows for name in row if not _is_music(name))
    left.pop("iteration", None)
    found = []
    for title, group, words in _GROUPS:
        lines = {told: _points(rows, name) for name, told in group.items() if name in left}
        if lines:
            found.append(Chart(title, lines, words))
        for name in group:
            left.pop(name, None)
    for name in left:
        title = name.replace("_", " ")
        found.append(Chart(title[:1].upper() + title[1:], {title: _points(rows, name)}))
    return found


def music_charts(
    rows: Sequence[Row], headlines: Mapping[int, float], yardstick: Yardstick
) -> list[Chart]:
    """Returns the charts of what was measured in the music as a whole.

    Args:
        rows: the history.
        headlines: by iteration.
        yardstick: what real music measures.
    """
    found = []
    if headlines:
        lines = {_HEADLINE: [(float(at), value) for at, value in sorted(headlines.items())]}
        found.append(Chart("Headline", lines, references=_references(_HEADLINE, yardstick)))
    listening = {told: _points(rows, name) for name, told in _LISTENING.items()}
    if any(listening.values()):
        levels = [
            Reference(100.0 * value, BACH, _LISTENING[name])
            for name, value in (
                ("listening_melody", BACH_LISTENING.melody),
                ("listening_noise", BACH_LISTENING.noise),
            )
        ]
        found.append(Chart("What changes in its answers", listening, "", levels, 2, "%"))
    for name, title in _TITLES.items():
        if points := _points(rows, name):
            levels = _references(name, yardstick)
            found.append(Chart(title, {title.lower(): points}, references=levels, unit=_unit(name)))
    return found


def track_charts(rows: Sequence[Row], references: Mapping[str, float]) -> list[Chart]:
    """Returns the charts of what was measured in each track, with a line for each.

    Args:
        rows: the history, with names like `pitches_used.alto`.
        references: what the training music measures, by the same names.
    """
    found = []
    for family, members in _families(rows).items():
        lines = {member: _points(rows, f"{family}.{member}") for member in members}
        levels = [
            Reference(_factor(family) * references[f"{family}.{member}"], "training music", member)
            for member in members
            if f"{family}.{member}" in references
        ]
        if any(y for points in lines.values() for _, y in points) or any(x.value for x in levels):
            # of the voices' colours the first is that of the melody, which is not measured
            found.append(Chart(_TRACK_TITLES[family], lines, "", levels, 1, _unit(family)))
    return found


def never_heard(rows: Sequence[Row], references: Mapping[str, float]) -> list[str]:
    """Returns the titles of what no track ever has, nor the training music: a chart of noughts."""
    drawn = {chart.title for chart in track_charts(rows, references)}
    return [_TRACK_TITLES[name] for name in _families(rows) if _TRACK_TITLES[name] not in drawn]


def _families(rows: Sequence[Row]) -> dict[str, list[str]]:
    """The tracks that each measurement of `_TRACK_TITLES` is of, in the order of the titles."""
    names = dict.fromkeys(name for row in rows for name in row)
    found = {
        family: [name.removeprefix(f"{family}.") for name in names if name.startswith(f"{family}.")]
        for family in _TRACK_TITLES
    }
    return {family: members for family, members in found.items() if members}


def _is_music(name: str) -> bool:
    family, _, member = name.partition(".")
    return (family in _TRACK_TITLES) if member else name in {_HEADLINE, *_TITLES, *_LISTENING}


def _unit(name: str) -> Literal["", "%"]:
    return "%" if name in _SHARES else ""


def _factor(name: str) -> float:
    return 100.0 if name in _SHARES else 1.0


def _points(rows: Sequence[Row], name: str) -> list[tuple[float, float]]:
    factor = _factor(name.partition(".")[0])
    return [(row["iteration"], factor * row[name]) for row in rows if name in row]


def _references(name: str, yardstick: Yardstick) -> list[Reference]:
    level = yardstick.level(name)
    return [] if level is None else [Reference(_factor(name) * level.value, level.name)]
