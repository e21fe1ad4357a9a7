"""Which tracks of a song are the melody and, where some of it is kept, the accompaniment."""

from collections.abc import Sequence

from music.errors import MusicError
from music.song import Song, Track, pitched_tracks

MAX_NAME = 40  # characters of a track's name in a sentence


def choose_melody(song: Song, index: int | None) -> int:
    """Finds the melody among the tracks of a song.

    Args:
        song: any.
        index: the track the caller wants, from 0, or None for the first that is not drums.

    Raises:
        MusicError: `no_notes` or `drums_only` if there is no melody to be found, `bad_option` if
            the track wanted is none.
    """
    pitched = pitched_tracks(song)
    chosen = pitched[0] if index is None else index
    if chosen not in pitched:
        shown = [f"{i} ({name_of(song.tracks[i])})" for i in pitched[:10]]
        raise MusicError(
            "bad_option",
            f"Track {chosen} is no melody among the {len(song.tracks)} tracks, counted from 0.",
            f"Choose `melody_track` from {', '.join(shown)}.",
        )
    return chosen


def find_parts(song: Song, melody: int, names: Sequence[str]) -> list[int | None]:
    """Finds the tracks of a song that are the model's accompanying tracks.

    They are those of the same names, in any case; if there is none, the pitched tracks after the
    melody, in order.

    Args:
        song: any.
        melody: the index of its melody.
        names: of the model's accompanying tracks.

    Returns:
        For each name an index, or None if the song has no such track with notes.
    """
    pitched = [index for index in pitched_tracks(song) if index != melody]
    by_name = {song.tracks[i].name.strip().casefold(): i for i in reversed(pitched)}
    found = [by_name.get(name.casefold()) for name in names]
    if any(index is not None for index in found):
        return found
    after = [index for index in pitched if index > melody]
    return [after[i] if i < len(after) else None for i in range(len(names))]


def warn_of_left_out(song: Song, melody: int, parts: Sequence[int | None]) -> list[str]:
    """Names the tracks with notes that are neither the melody nor a part."""
    names = [
        name_of(track) + (" (drums)" if track.is_drum else "")
        for i, track in enumerate(song.tracks)
        if i != melody and i not in parts and track.notes
    ]
    if not names:
        return []
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return [f"Only track {melody} was accompanied; left out: {', '.join(names[:5])}{more}."]


def name_of(track: Track) -> str:
    """What a track is called in a sentence."""
    return track.name[:MAX_NAME] or "unnamed"
