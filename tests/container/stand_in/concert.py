"""Plays nothing: the stand-in's model cannot."""


def play_a_song(_model, _output):
    """Does nothing."""
