"""What an evaluation found, in words that a musician understands, as HTML."""

import dataclasses
import html
import re
from collections.abc import Sequence

from music.quality import DIVERSITY_GATE, FORM_GATE, NEAR_COPIES_GATE, Quality
from training.listening import BACH as BACH_LISTENING
from training.listening import Listening
from training.report_yardstick import (
    BACH,
    BACH_HEADLINE,
    OWN,
    Yardstick,
)

_FACTORS = {
    "likeness": ("Style", "each musical feature is as frequent as in the training music"),
    "frechet": ("Style as a whole", "the features also occur together as they do there"),
    "consonance": ("Harmony", "chords are complete and fit the melody, no more and no less"),
    "voice_leading": ("Voice leading", "voices move by step, without parallels or crossings"),
    "rhythm": ("Rhythm", "as many notes, as long and as lively as in real music"),
}


def verdict(quality: Quality, heard: str, yardstick: Yardstick) -> str:
    """Says how good the music is: the headline and why it counts or does not.

    Args:
        quality: what was measured.
        heard: which melodies were played, "that ...".
        yardstick: what real music measures.
    """
    word = "gated" if quality.gated else "held"
    level = yardstick.level("headline")
    own = (
        f"The composers' own settings of them score {level.value:.1f}. "
        if level and level.name == OWN
        else ""
    )
    return (
        f'<div class="verdict {word}"><div class="score"><strong>{quality.headline:.1f}</strong>'
        f'<span>of 100</span></div><div><p class="lead">{_claim(quality)}</p><p>Measured on '
        f"{quality.phrases} melodies {html.escape(heard)}. {own}The scale is {BACH}'s: his "
        f"chorales score {BACH_HEADLINE} on it, the accompaniment of another chorale in the same "
        "key 28, random notes of the scale 3.</p></div></div>"
    )


def unmeasured(headline: float | None, *, stopped: bool, audible: bool) -> str:
    """Says why there is no verdict: the run was stopped, or the data has no measure.

    Args:
        headline: of the exported generator, as it was measured on the way, if it was.
        stopped: the run was ended before its last iteration.
        audible: the page has samples.
    """
    why = (
        "The run was stopped before its end, so its music was not measured in full."
        if stopped
        else "The measures are of four-part music with a melody on top, and need twenty "
        "phrases; this data set cannot be measured so."
    )
    known = (
        f" On the way the exported generator scored {headline:.1f} of 100, conditions aside."
        if headline
        else ""
    )
    invitation = " Listen and judge for yourself." if audible else ""
    return f'<p class="lead">{why}{known}{invitation}</p>'


def warned(warnings: Sequence[str]) -> str:
    """Returns the list of what the user should know of the run; nothing if there is nothing."""
    items = "".join(f"<li>{_sentence(warning)}</li>" for warning in warnings)
    return f'<ul class="warnings" aria-label="Warnings">{items}</ul>' if items else ""


def _sentence(text: str) -> str:
    """HTML of a sentence, in which names stand between backticks."""
    whole = text[:1].upper() + text[1:].rstrip(".") + "."
    return re.sub(r"`([^`]+)`", r"<b>\1</b>", html.escape(whole))


def score_parts(quality: Quality) -> str:
    """Returns what the headline is made of."""
    meters = "".join(
        meter(*_FACTORS.get(name, (name.replace("_", " ").capitalize(), "")), value)
        for name, value in dataclasses.asdict(quality.factors).items()
    )
    return f"<div><h3>What the score is made of</h3>{meters}</div>"


def conditions(quality: Quality, yardstick: Yardstick) -> str:
    """Returns the gates, and whether they are met."""
    gates = "".join(_gates(quality, yardstick))
    return f'<div><h3>Three conditions</h3><ul class="gates">{gates}</ul></div>'


def listens(listening: Listening) -> str:
    """Says how much of the answers follows the melody, and how much the noise."""
    theirs = BACH_LISTENING
    if not listening.melody:
        claim = "It does not listen: whatever the melody, it answers the same."
    elif not listening.noise:
        claim = "Only the melody decides: it has one answer to each."
    elif listening.score < 0.5:
        claim = "Chance decides more than the melody does: it hardly listens."
    else:
        claim = "The melody decides more than chance does."
    return (
        f"<div><h3>Does it listen?</h3><p>{claim} The melody's part in what changes is "
        f"{percent(listening.score)}, and {percent(theirs.score)} in {BACH}.</p>"
        + meter(
            "Another melody in the same key",
            f"so many of its notes change; {percent(theirs.melody)} between phrases of {BACH}",
            listening.melody,
            unit="\u00a0%",
        )
        + meter(
            "The same melody once more",
            f"so many change by chance; {percent(theirs.noise)} where {BACH} set a melody twice",
            listening.noise,
            unit="\u00a0%",
        )
        + "</div>"
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


def meter(title: str, words: str, value: float, *, unit: str = "") -> str:
    """Draws a share, 0..1, as a bar with its title and words."""
    return (
        f'<div class="meter"><span>{html.escape(title)}<small>{html.escape(words)}</small></span>'
        f"<b>{100 * value:.0f}{unit}</b>"
        f'<div class="bar"><div style="width:{100 * value:.1f}%"></div></div></div>'
    )


def _gates(quality: Quality, yardstick: Yardstick) -> list[str]:
    low, high = DIVERSITY_GATE
    copies = yardstick.level("near_copies")
    real = f", {copies.name} has {percent(copies.value)}" if copies else ""
    differing = "it was not measured" if quality.diversity is None else percent(quality.diversity)
    said = {
        "form": (
            "One note a voice",
            f"A voice sounds exactly one note at a time, {percent(quality.form)} of the time; "
            f"{percent(FORM_GATE)} are wanted.",
        ),
        "memorisation": (
            "It composes and does not copy",
            f"{percent(quality.near_copies)} of its phrases are nearly a phrase of the training "
            f"music; up to {percent(NEAR_COPIES_GATE)} are allowed{real}.",
        ),
        "diversity": (
            "One melody, many answers",
            f"Two takes of one melody differ in {differing} of the notes; "
            f"{percent(low)} to {percent(high)} are wanted.",
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


def percent(share: float) -> str:
    """Writes a share, 0..1, in per cent."""
    return f"{f'{100 * share:.1f}'.removesuffix('.0')}\u00a0%"
