"""Which curves the report of a run shows, and what they mean."""

from collections.abc import Mapping, Sequence

from music.quality import GOALS, Quality
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


def charts(
    rows: Sequence[Row], headlines: Mapping[int, float], quality: Quality | None
) -> list[Chart]:
    """Chooses the charts for a metric history.

    Args:
        rows: the history; every name that occurs is shown. Names like `pitches_used.alto` are
            lines of one chart.
        headlines: by iteration.
        quality: the last measurement, which the history does not hold.
    """
    found = []
    if headlines:
        found.append(
            Chart(
                "Headline",
                {"headline": sorted(headlines.items())},
                "The score of the music, 0 to 100, each time it was measured.",
                _reference(_OWN),
            )
        )
    names = [name for row in rows for name in row if name not in {"iteration", _OWN}]
    left = dict.fromkeys(names)
    for title, group, words in _GROUPS:
        lines = {told: _points(rows, name) for name, told in group.items() if name in left}
        if lines:
            found.append(Chart(title, lines, words))
        for name in group:
            left.pop(name, None)
    titles = {name: title for name, title, *_ in GOALS}
    families: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for name in left:
        family, _, member = name.partition(".")
        points = _points(rows, name)
        if not member and quality is not None:
            points = _ended(points, getattr(quality, name, None), headlines)
        families.setdefault(family, {})[member or name] = points
    for family, lines in families.items():
        title = titles.get(family, family.replace("_", " "))
        found.append(Chart(title[:1].upper() + title[1:], lines, "", _reference(family)))
    return found


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


def _reference(name: str) -> Reference | None:
    value = real_value(name)
    return None if value is None else Reference(value, "real music")
