"""How the music grew, as a film: the same melodies, accompanied ever better.

An animated GIF, because every browser and mail program plays it and Pillow writes it. Where the
machine has ffmpeg there is an mp4 beside it, for players and slides; an encoder of our own would be
a package of 70 MB for a film of a hundred kilobytes.
"""

import contextlib
import io
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from music.picture import draw_song
from training.report_samples import Sample

WIDTH, HEIGHT = 960, 400
FRAME_MS, LAST_MS = 800, 3000
_PATIENCE = 60.0  # seconds for the mp4; the last word of a run does not wait for a film
_COLOURS = 32  # of a frame; more would only be shades of the letters


def write_evolution(samples: Sequence[Sample], path: Path, titles: Sequence[str]) -> bytes | None:
    """Writes the film and returns its last picture as PNG; None if no sample has a note.

    Args:
        samples: in the order of their iterations; each is one picture.
        path: of the GIF.
        titles: of the samples.
    """
    from PIL import Image

    pitches = _range_of(samples)
    if pitches is None:
        return None
    pictures = [
        draw_song(sample.song, width=WIDTH, height=HEIGHT, title=title, pitches=pitches)
        for sample, title in zip(samples, titles, strict=True)
    ]
    frames = [
        Image.open(io.BytesIO(png)).quantize(_COLOURS, dither=Image.Dither.NONE) for png in pictures
    ]
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
    if encoder := shutil.which("ffmpeg"):
        _write_mp4(pictures, path.with_suffix(".mp4"), encoder)
    return pictures[-1]


def _write_mp4(pictures: Sequence[bytes], path: Path, encoder: str) -> None:
    """Writes PNG pictures as a film of the GIF's pace; none if this encoder cannot."""
    draft = path.with_name(f"draft-{path.name}")
    stream = b"".join([*pictures, *[pictures[-1]] * (LAST_MS // FRAME_MS)])
    reading = f"-loglevel error -y -f image2pipe -c:v png -framerate {1000 / FRAME_MS} -i -"
    writing = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -r 10 -movflags +faststart"
    command = [encoder, *reading.split(), *writing.split(), str(draft)]
    with contextlib.suppress(subprocess.SubprocessError, OSError):  # there is the GIF
        subprocess.run(command, input=stream, check=True, capture_output=True, timeout=_PATIENCE)
        draft.replace(path)
    draft.unlink(missing_ok=True)


def _range_of(samples: Sequence[Sample]) -> tuple[int, int] | None:
    """Lowest and highest pitch of all samples with a margin, so that no picture jumps."""
    used = [
        note.pitch for sample in samples for track in sample.song.tracks for note in track.notes
    ]
    return (max(0, min(used) - 2), min(127, max(used) + 2)) if used else None
