"""The table of all measurements, in words that a musician understands, as HTML."""

import html

from music.quality import GOALS, Quality
from training.report_words import percent
from training.report_yardstick import BACH, Yardstick

# What is no share, and so is not told in per cent.
_PLAIN = frozenset({"ffd", "ffd8", "pcs"})

_TERMS = {
    "form": "Every voice sounds exactly one note at a time",
    "qualified_notes": "Notes of an eighth or longer; shorter ones are ornaments",
    "overlap": "Likeness to the training music, feature by feature",
    "ffd8": "Distance from the training music, with the rhythm in eighths",
    "ffd": "Distance from the training music",
    "c2st_auc": "How often a trained listener tells it from the original; 50 % is guessing",
    "full_chord": "Beats with a complete chord",
    "diss": "Dissonances against the melody, on the beat",
    "outer_cons": "Beats on which melody and bass are consonant",
    "mel_fit": "The melody belongs to the chord under it",
    "pcs": "Consonance with the melody, from -1 to 1",
    "voice_errors": "Parallel fifths and octaves, crossed voices, wide gaps",
    "near_copies": "Phrases that are nearly a phrase of the training music",
    "nearest_median": "Notes that differ from the nearest training phrase",
    "diversity": "Notes that differ between two takes of one melody",
}


def numbers(quality: Quality, yardstick: Yardstick) -> str:
    """Returns the table of all measurements beside those of real music and the goals."""
    rows = []
    for name, title, _, low, high in GOALS:
        value = getattr(quality, name)
        missed = value is None or not (
            (low is None or value >= low) and (high is None or value <= high)
        )
        shown = "-" if value is None else _say(name, value)
        bounds = [_say(name, bound) for bound in (low, high) if bound is not None]
        goal = (
            f"{bounds[0]} to {bounds[1]}"
            if len(bounds) == 2
            else f"{'at least' if low is not None else 'at most'} {bounds[0]}"
        )
        state = "not measured" if value is None else "missed" if missed else "reached"
        rows.append(
            f"<tr><th>{html.escape(_TERMS.get(name, title))}</th><td><b>{shown}</b></td>"
            f"<td>{_real(name, yardstick)}</td><td>{goal}</td>"
            f'<td class="{"no" if missed else "yes"}">{state}</td></tr>'
        )
    return (
        f'<p class="soft">{_told(yardstick)}</p>'
        '<div class="wide"><table class="numbers"><thead><tr><th></th><th>This run</th>'
        "<th>Real music</th><th>Goal</th><th></th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _told(yardstick: Yardstick) -> str:
    """What stands in the column of real music."""
    if yardstick.own is None:
        return "Real music is Bach here, and the goals are set by him."
    return (
        "Real music: the composers' own settings of the same melodies, measured in the same way; "
        "Bach, where it says so. The goals are set by Bach."
    )


def _real(name: str, yardstick: Yardstick) -> str:
    level = yardstick.level(name)
    if level is None:
        return "-"
    told = _say(name, level.value)
    return f"{BACH} {told}" if level.name == BACH and yardstick.own else told


def _say(name: str, value: float) -> str:
    """A number of an evaluation; a share in per cent."""
    return f"{round(value, 4):.3g}" if name in _PLAIN else percent(value)
