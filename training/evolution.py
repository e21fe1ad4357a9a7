"""How the music grew, as a film: the same melodies, accompanied ever better.

An animated GIF, because every browser and mail program plays it and Pillow writes it: an encoder
for mp4 would be a package of 70 MB for a film of a hundred kilobytes.
"""

import io
from collections.abc import Sequence
from pathlib import Path

from music.picture import draw_song
from training.report_samples import Sample

WIDTH, HEIGHT = 960, 400
FRAME_MS, LAST_MS = 800, 3000
_COLOURS = 32  # of a frame; more would only be shades of the letters


def write_evolution(samples: Sequence[Sample], path: Path, titles: Sequence[str]) -> bytes | None:
    """Writes the film and returns its last picture as PNG; None if there is no sample.

    Args:
        samples: in the order of their iterations; each is one picture.
        path: of the GIF.
        titles: of the samples.
    """
    from PIL import Image

    pitches = _range_of(samples)
    if pitches is None:
        return None
    frames, png = [], b""
    for sample, title in zip(samples, titles, strict=True):
        png = draw_song(sample.song, width=WIDTH, height=HEIGHT, title=title, pitches=pitches)
        frame = Image.open(io.BytesIO(png))
        frames.append(frame.quantize(_COLOURS, dither=Image.Dither.NONE))
    draft = path.with_name(f"draft-{path.name}")
    frames[0].save(
        draft,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=[FRAME_MS] * (len(frames) - 1) + [LAST_MS],
        loop=0,
    )
    draft.replace(path)
    return png


def _range_of(samples: Sequence[Sample]) -> tuple[int, int] | None:
    """Lowest and highest pitch of all samples with a margin, so that no picture jumps."""
    used = [
        note.pitch for sample in samples for track in sample.song.tracks for note in track.notes
    ]
    return (max(0, min(used) - 2), min(127, max(used) + 2)) if used else None
