"""What an evaluation found, in words that a musician understands, as HTML."""

import dataclasses
import html
import re

from music.headline import reference
from music.quality import DIVERSITY_GATE, FORM_GATE, GOALS, NEAR_COPIES_GATE, Quality

REAL_HEADLINE = 98.5  # windows of real chorales, measured as an accompaniment is

_FACTORS = {
    "likeness": ("Style", "each musical feature is as frequent as in the training music"),
    "frechet": ("Style as a whole", "the features also occur together as they do there"),
    "consonance": ("Harmony", "chords are complete and fit the melody, no more and no less"),
    "voice_leading": ("Voice leading", "voices move by step, without parallels or crossings"),
    "rhythm": ("Rhythm", "as many notes, as long and as lively as in real music"),
}

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


def verdict(quality: Quality | None, heard: str, *, stopped: bool = False) -> str:
    """Says how good the music is: headline, its five parts, and the gates.

    Args:
        quality: what was measured, if anything.
        heard: which melodies were played, "that ...".
        stopped: the run ended before its last iteration, and was not measured for that.
    """
    if quality is None:
        why = (
            "The run was stopped before its end, so its music was not measured."
            if stopped
            else "The measures are of four-part music with a melody on top, and need twenty "
            "phrases; this data set cannot be measured so."
        )
        return f'<p class="lead">{why} Listen and judge for yourself.</p>'
    word = "gated" if quality.gated else "held"
    claim = _claim(quality)
    meters = "".join(
        _meter(*_FACTORS.get(name, (name.replace("_", " ").capitalize(), "")), value)
        for name, value in dataclasses.asdict(quality.factors).items()
    )
    gates = "".join(_gates(quality))
    return (
        f'<div class="verdict {word}"><div class="score"><strong>{quality.headline:.1f}</strong>'
        f'<span>of 100</span></div><div><p class="lead">{claim}</p><p>Measured on '
        f"{quality.phrases} melodies {html.escape(heard)}. Real chorales score "
        f"{REAL_HEADLINE}, the accompaniment of another chorale in the same key scores 28, random "
        f"notes of the scale score 3.</p></div></div>"
        f'<div class="columns"><div><h3>What the score is made of</h3>{meters}</div>'
        f'<div><h3>Three conditions</h3><ul class="gates">{gates}</ul></div></div>'
    )


def _claim(quality: Quality) -> str:
    broken = [name for name, held in quality.gates.items() if not held]
    if broken:
        return (
            "The score does not count: a condition is not met "
            f"({html.escape(', '.join(broken))}; see below)."
        )
    parts = dataclasses.asdict(quality.factors)
    best, worst = (_FACTORS.get(pick(parts, key=parts.__getitem__)) for pick in (max, min))
    if not best or not worst:
        return "All conditions are met."
    return (
        f"All conditions are met. Its strength is {best[0].lower()}, "
        f"its weakness {worst[0].lower()}."
    )


def _meter(title: str, words: str, value: float) -> str:
    return (
        f'<div class="meter"><span>{html.escape(title)}<small>{html.escape(words)}</small></span>'
        f"<b>{100 * value:.0f}</b>"
        f'<div class="bar"><div style="width:{100 * value:.1f}%"></div></div></div>'
    )


def _gates(quality: Quality) -> list[str]:
    low, high = DIVERSITY_GATE
    differing = "it was not measured" if quality.diversity is None else _percent(quality.diversity)
    said = {
        "form": (
            "One note a voice",
            f"A voice sounds exactly one note at a time, {_percent(quality.form)} of the time; "
            f"{_percent(FORM_GATE)} are wanted.",
        ),
        "memorisation": (
            "It composes and does not copy",
            f"{_percent(quality.near_copies)} of its phrases are nearly a phrase of the training "
            f"music; up to {_percent(NEAR_COPIES_GATE)} are allowed, real music has 4 %.",
        ),
        "diversity": (
            "One melody, many answers",
            f"Two takes of one melody differ in {differing} of the notes; "
            f"{_percent(low)} to {_percent(high)} are wanted.",
        ),
    }
    items = []
    for name, held in quality.gates.items():
        title, words = said.get(name, (name.replace("_", " ").capitalize(), ""))
        sign = "yes" if held else "no"
        items.append(
            f'<li class="{sign}"><b>{html.escape(title)}</b>'
            f'<span class="sign">{"met" if held else "not met"}</span>'
            f"<span>{html.escape(words)}</span></li>"
        )
    return items


def numbers(quality: Quality) -> str:
    """Returns the table of all measurements beside those of real music and the goals."""
    rows = []
    for name, title, real, low, high in GOALS:
        value = getattr(quality, name)
        missed = value is None or not (
            (low is None or value >= low) and (high is None or value <= high)
        )
        shown = "-" if value is None else _say(name, f"{value:.3g}")
        bounds = [_say(name, f"{bound:g}") for bound in (low, high) if bound is not None]
        goal = (
            f"{bounds[0]} to {bounds[1]}"
            if len(bounds) == 2
            else f"{'at least' if low is not None else 'at most'} {bounds[0]}"
        )
        state = "not measured" if value is None else "missed" if missed else "reached"
        rows.append(
            f"<tr><th>{html.escape(_TERMS.get(name, title))}</th><td><b>{shown}</b></td>"
            f"<td>{_say(name, real)}</td><td>{goal}</td>"
            f'<td class="{"no" if missed else "yes"}">{state}</td></tr>'
        )
    return (
        '<div class="wide"><table class="numbers"><thead><tr><th></th><th>This run</th>'
        "<th>Real music</th><th>Goal</th><th></th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def real_value(name: str) -> float | None:
    """Returns what real music measures, by the name of an attribute of `Quality`."""
    if name == "headline":
        return REAL_HEADLINE
    for known, _, real, _, _ in GOALS:
        if known == name:
            found = [float(text) for text in re.findall(r"\d*\.\d+|\d+", real)]
            return sum(found) / len(found)
    return reference().real.get(name)


def _say(name: str, text: str) -> str:
    """Writes the numbers of `text` in per cent, if `name` is a share."""
    if name in _PLAIN:
        return text.replace("-.", "-0.") if text.startswith("-.") else re.sub(r"^\.", "0.", text)
    told = re.sub(r"\d*\.\d+|\d+", lambda found: _trimmed(100 * float(found[0])), text)
    return f"{told} %"


def _percent(share: float) -> str:
    return f"{_trimmed(100 * share)} %"


def _trimmed(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
