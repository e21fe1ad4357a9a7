"""A data set that is trained on in no time."""

import numpy as np

from music.phrase_file import write_phrases
from music.phrases import PhraseSet
from tests.container.folders import phrase_set


def small_set(path):
    """24 phrases, 6 of them to be heard while training."""
    phrases = phrase_set(24)
    split = np.array(["train"] * 18 + ["valid"] * 6)
    arrays = {name: getattr(phrases, name) for name in ("pitch", "onset", "fermata", "source")}
    arrays |= {name: getattr(phrases, name) for name in ("tags", "tonic", "mode", "bar")}
    write_phrases(PhraseSet(**arrays, split=split, header=phrases.header), path)
    return path
