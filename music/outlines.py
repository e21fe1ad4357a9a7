"""What can be said of a file that is not used: its bars, its key and its tracks."""

from dataclasses import dataclass

from music.errors import MusicError
from music.keys import Key
from music.midi import read_midi
from music.pieces import Selection, choose_tracks, song_key, sounding_bars


@dataclass(frozen=True)
class Outline:
    """A song without its notes.

    Attributes:
        bars: of the song, as its time signatures say.
        key: of the tracks, None if there are none.
        tracks: names of those that would be taken; all pitched ones if the choice is in vain.
        left_out: names of the others.
    """

    bars: int
    key: Key | None
    tracks: tuple[str, ...]
    left_out: tuple[str, ...]


def read_outline(data: bytes, selection: Selection) -> Outline | None:
    """Reads what there is to say of a MIDI file; None if it cannot be read at all."""
    try:
        song = read_midi(data)
    except MusicError:
        return None
    try:
        chosen = choose_tracks(song, selection)
    except MusicError:
        pitched = (index for index, track in enumerate(song.tracks) if not track.is_drum)
        chosen = tuple(pitched)
    tracks = [song.tracks[index] for index in chosen]
    return Outline(
        bars=len(sounding_bars(song, tracks or list(song.tracks))),
        key=song_key(song, tracks) if tracks else None,
        tracks=tuple(track.name for track in tracks),
        left_out=tuple(t.name for i, t in enumerate(song.tracks) if i not in chosen),
    )
