"""Which curves the report of a run shows, and what they mean."""

from collections.abc import Mapping, Sequence

from music.quality import Quality
from training.history import Row
from training.report_charts import Chart, Reference
from training.report_words import real_value

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
_OWN = "headline"
_TITLES = {
    "form": "One note at a time",
    "qualified_notes": "Notes of an eighth or longer",
    "overlap": "Likeness to the training music",
    "ffd8": "Distance from it, in eighths",
    "ffd": "Distance from it",
    "c2st_auc": "Told from the original",
    "full_chord": "Complete chords",
    "diss": "Dissonances with the melody",
    "outer_cons": "Melody and bass consonant",
    "mel_fit": "Melody belongs to the chord",
    "pcs": "Consonance with the melody",
    "voice_errors": "Voice-leading errors",
    "near_copies": "Near copies of training phrases",
    "nearest_median": "Distance to the nearest phrase",
    "diversity": "Difference between takes",
    "step_rate": "Moves by step",
    "odd16": "Phrases with sixteenths",
    "note_count": "Notes of a phrase",
    "empty_bars": "Empty bars of each track",
    "pitches_used": "Pitches used by each track",
    "in_scale": "Notes in the scale",
    "polyphony": "Time with two notes in a track",
}


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
    rows: Sequence[Row],
    headlines: Mapping[int, float],
    quality: Quality | None,
    references: Mapping[str, float],
) -> list[Chart]:
    """Returns the charts of what was measured in the music.

    Args:
        rows: the history. Names like `pitches_used.alto` are lines of one chart.
        headlines: by iteration.
        quality: the last measurement, which the history may not hold.
        references: what the training music measures, by names like `pitches_used.alto`.
    """
    found = []
    if headlines:
        words = "The score of the music, 0 to 100, each time it was measured."
        lines = {_OWN: sorted(headlines.items())}
        found.append(Chart("Headline", lines, words, _real(_OWN)))
    names = dict.fromkeys(name for row in rows for name in row if _is_music(name))
    names.pop(_OWN, None)
    families: dict[str, dict[str, str]] = {}
    for name in names:
        family, _, member = name.partition(".")
        families.setdefault(name if not member else f"{family}.", {})[member or name] = name
    for key, members in families.items():
        family = key.removesuffix(".")
        points = {member: _points(rows, name) for member, name in members.items()}
        if key == family:
            last = getattr(quality, family, None)
            points = {each: _ended(spots, last, headlines) for each, spots in points.items()}
            levels = _real(family)
        else:
            levels = [
                Reference(references[name], "training music", member)
                for member, name in members.items()
                if name in references
            ]
        if any(y for spots in points.values() for _, y in spots) or any(x.value for x in levels):
            # of the voices the first, the melody, is not measured
            found.append(
                Chart(_TITLES[family], points, "", levels, colour=0 if key == family else 1)
            )
    return found


def _is_music(name: str) -> bool:
    return name == _OWN or name.partition(".")[0] in _TITLES


def _points(rows: Sequence[Row], name: str) -> list[tuple[float, float]]:
    return [(row["iteration"], row[name]) for row in rows if name in row]


def _ended(
    points: list[tuple[float, float]],
    value: object,
    headlines: Mapping[int, float],
) -> list[tuple[float, float]]:
    """The points with the last measurement, unless it is among them or no number."""
    last = max(headlines, default=0)
    if not isinstance(value, float) or any(x >= last for x, _ in points):
        return points
    return [*points, (float(last), value)]


def _real(name: str) -> list[Reference]:
    value = real_value(name)
    return [] if value is None else [Reference(value, "real music")]
