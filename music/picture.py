"""A song as a picture: its piano roll as PNG, drawn with Pillow alone, fast enough for a server."""

from __future__ import annotations

import bisect
import io
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from music.errors import MusicError
from music.song import Note, Song

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

# Okabe and Ito, Color Universal Design, 2008, without yellow, which is lost on white: told apart
# by readers with any of the common colour blindnesses.
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#333333")
_DRUMS = "#a0a0a0"
_BLACK_KEYS = frozenset({1, 3, 6, 8, 10})
_PAPER, _SHADE, _INK, _PALE_INK = "#ffffff", "#f5f6f8", "#222222", "#6b7280"
_BEAT_LINE, _OCTAVE_LINE, _BAR_LINE = "#eceef1", "#d5d9df", "#b4bac4"
_LEFT, _RIGHT, _BOTTOM, _LEGEND, _TITLE = 46, 16, 28, 34, 30
_MIN_PITCHES = 18  # fewer would draw a few notes as blocks
_MIN_BEAT, _MIN_BAR, _MIN_NUMBER = 8.0, 20.0, 34.0  # pixels between beats, bar lines, bar numbers
_MIN_OUTLINED = 10.0  # pixels a quarter; narrower notes would be nothing but outline
_MAX_NAME = 28
# Pillow's own font, the only one that is everywhere the same, has ASCII and these.
_SIGNS = "«°±´·»…’"
_SPELLINGS = str.maketrans("♭♯ßøØæÆœŒ–—‘“”", 'b#soOaAoO--\'""')


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where ticks and pitches lie in the picture, in pixels from the upper left corner."""

    left: int
    top: int
    right: int
    bottom: int
    ticks: int
    low: int
    high: int

    @property
    def pixels(self) -> float:
        """Pixels a tick."""
        return (self.right - self.left) / self.ticks

    def x(self, tick: int) -> int:
        return self.left + round((self.right - self.left) * tick / self.ticks)

    def y(self, pitch: int) -> int:
        """The upper edge of the row of `pitch`; its lower edge is that of the pitch below."""
        rows = self.high - self.low + 1
        return self.top + round((self.bottom - self.top) * (self.high - pitch) / rows)


def draw_song(
    song: Song,
    *,
    width: int = 1280,
    height: int = 540,
    title: str = "",
    pitches: tuple[int, int] | None = None,
) -> bytes:
    """Draws all tracks of a song as one piano roll.

    Each track has a colour of its own, the first lies on top; drums are grey. Bars are numbered
    from 1. The same song gives the same bytes.

    Args:
        song: of any length; bar and beat lines thin out as bars grow narrow.
        width: of the picture, 240..4096 pixels.
        height: of the picture, 160..4096 pixels.
        title: written above the roll, if not empty. Letters lose their accents, and characters of
            other scripts become `?`: the picture must look the same on every machine.
        pitches: lowest and highest pitch to show, so that pictures can be compared; the range of
            the notes and a margin if None. Notes outside are left out.

    Returns:
        A PNG file.

    Raises:
        MusicError: `bad_picture`, if the size or the range is out of bounds.
    """
    from PIL import Image, ImageDraw, ImageFont

    if not (240 <= width <= 4096 and 160 <= height <= 4096):
        raise MusicError(
            "bad_picture",
            f"A picture has 240 to 4096 by 160 to 4096 pixels; received {width} by {height}.",
            "Choose a size in between.",
        )
    bars = song.bars() or [(0, song.ticks_per_beat * 4)]
    low, high = pitches or _range_of(song)
    if not 0 <= low <= high < 128:
        raise MusicError(
            "bad_picture",
            f"Pitches go from 0 to 127, the lower first; received {low} and {high}.",
            "Choose a range in between.",
        )
    top = _LEGEND + (_TITLE if title else 8)
    frame = _Frame(_LEFT, top, width - _RIGHT, height - _BOTTOM, bars[-1][1], low, high)
    image = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(image)
    small, large = ImageFont.load_default(12), ImageFont.load_default(18)
    if title:
        room = width - _LEFT - _RIGHT
        draw.text((_LEFT, 10), _fit(draw, _plain(title), large, room), _INK, font=large)
    _draw_rows(draw, frame, small)
    _draw_time(draw, frame, song, bars, small)
    for index in reversed(range(len(song.tracks))):
        outlined = song.ticks_per_beat * frame.pixels >= _MIN_OUTLINED
        _draw_notes(draw, frame, song.tracks[index].notes, _colour(song, index), outlined=outlined)
    draw.rectangle((frame.left, frame.top, frame.right, frame.bottom), outline=_BAR_LINE)
    _draw_legend(draw, frame, song, small)
    png = io.BytesIO()
    image.save(png, "PNG", compress_level=4)
    return png.getvalue()


def _range_of(song: Song) -> tuple[int, int]:
    """The pitches of all notes with a margin, at least `_MIN_PITCHES` of them."""
    used = [note.pitch for track in song.tracks for note in track.notes] or [60, 72]
    low, high = min(used) - 2, max(used) + 2
    missing = max(0, _MIN_PITCHES - (high - low + 1))
    low, high = low - missing // 2, high + (missing + 1) // 2
    return max(low, 0), min(high, 127)


def _colour(song: Song, index: int) -> str:
    if song.tracks[index].is_drum:
        return _DRUMS
    pitched = sum(not track.is_drum for track in song.tracks[:index])
    return PALETTE[pitched % len(PALETTE)]


def _draw_rows(draw: ImageDraw, frame: _Frame, font: FreeTypeFont | ImageFont) -> None:
    """Shades the rows of black keys; draws a line below each C and its name beside it."""
    for pitch in range(frame.low, frame.high + 1):
        upper, lower = frame.y(pitch), frame.y(pitch - 1)
        if pitch % 12 in _BLACK_KEYS and upper < lower:  # many rows may share a pixel
            draw.rectangle((frame.left, upper, frame.right, lower - 1), fill=_SHADE)
    for pitch in range(frame.low, frame.high + 1):
        if pitch % 12 == 0:
            upper, lower = frame.y(pitch), frame.y(pitch - 1)
            draw.line((frame.left, lower, frame.right, lower), fill=_OCTAVE_LINE)
            middle = (frame.left - 8, (upper + lower) // 2)
            draw.text(middle, f"C{pitch // 12 - 1}", _PALE_INK, font=font, anchor="rm")


def _draw_time(
    draw: ImageDraw,
    frame: _Frame,
    song: Song,
    bars: list[tuple[int, int]],
    font: FreeTypeFont | ImageFont,
) -> None:
    """Draws beat lines, bar lines and bar numbers, as many as there is room for."""
    for start, end in bars:
        beat = 4 * song.ticks_per_beat / _denominator(song, start)
        if beat * frame.pixels < _MIN_BEAT:
            continue
        for count in range(1, int((end - start) / beat) + 1):
            x = frame.x(round(start + count * beat))
            draw.line((x, frame.top, x, frame.bottom), fill=_BEAT_LINE)
    bar = (frame.right - frame.left) / len(bars)
    for index, (start, _) in enumerate(bars):
        x = frame.x(start)
        if index % _thinning(bar, _MIN_BAR) == 0:
            draw.line((x, frame.top, x, frame.bottom), fill=_BAR_LINE)
        if index % _thinning(bar, _MIN_NUMBER) == 0:
            draw.text((x + 3, frame.bottom + 6), str(index + 1), _PALE_INK, font=font)


def _denominator(song: Song, tick: int) -> int:
    index = bisect.bisect_right(song.time_signatures, tick, key=lambda time: time.tick) - 1
    return song.time_signatures[index].denominator


def _thinning(distance: float, least: float) -> int:
    """The smallest power of two that brings things at `distance` at least `least` apart."""
    every = 1
    while distance * every < least:
        every *= 2
    return every


def _draw_notes(
    draw: ImageDraw, frame: _Frame, notes: tuple[Note, ...], colour: str, *, outlined: bool
) -> None:
    edge = _darker(colour) if outlined else colour
    for note in notes:
        if not frame.low <= note.pitch <= frame.high:
            continue
        left, upper = frame.x(note.start), frame.y(note.pitch)
        # A pixel stays free on the right, so that a repeated note is seen as one.
        right = max(frame.x(note.end) - 2, left + 1)
        lower = max(frame.y(note.pitch - 1) - 1, upper)
        draw.rectangle((left, upper, right, lower), fill=colour, outline=edge)


def _darker(colour: str) -> str:
    parts = (int(colour[index : index + 2], 16) * 7 // 10 for index in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _draw_legend(
    draw: ImageDraw, frame: _Frame, song: Song, font: FreeTypeFont | ImageFont
) -> None:
    """Writes the track names above the roll, from the left, until the line is full."""
    x, y = frame.left, frame.top - 18
    for index, track in enumerate(song.tracks):
        name = _plain(track.name) or f"Track {index + 1}"
        name = name if len(name) <= _MAX_NAME else name[: _MAX_NAME - 1] + "…"
        room = 18 + draw.textlength(name, font)
        left = len(song.tracks) - index
        rest = f"and {left} more"
        if x + room + (20 + draw.textlength(rest, font) if left > 1 else 0) > frame.right:
            draw.text((x, y), rest, _PALE_INK, font=font, anchor="lm")
            return
        draw.rectangle((x, y - 6, x + 11, y + 5), fill=_colour(song, index))
        draw.text((x + 18, y), name, _INK, font=font, anchor="lm")
        x += round(room) + 20


def _plain(text: str) -> str:
    """Spells `text` with the characters that the font has, without line breaks."""
    letters = unicodedata.normalize("NFKD", " ".join(text.split())[:200].translate(_SPELLINGS))
    kept = (letter for letter in letters if not unicodedata.combining(letter))
    return "".join(c if " " <= c <= "~" or c in _SIGNS else "?" for c in kept)


def _fit(draw: ImageDraw, text: str, font: FreeTypeFont | ImageFont, room: int) -> str:
    """Shortens `text` until it fits into `room` pixels."""
    if draw.textlength(text, font) <= room:
        return text
    while text and draw.textlength(text + "…", font) > room:
        text = text[:-1]
    return text + "…"
