"""Serves a peer as the image serves ours: the same process, routes and arranger, another network.

It is set up by the environment, see `container.server`.
"""

import os
import sys
from typing import TYPE_CHECKING

from container import logs
from container.server import serve

if TYPE_CHECKING:
    from container.app import Settings
    from inference.arranger import Arranger
    from inference.network import Network


def serve_with(network: "type[Network]") -> None:
    """Serves until a signal ends it."""

    def load(settings: "Settings") -> "Arranger":
        from inference.arranger import Arranger
        from inference.options import Options
        from inference.predictor import Predictor
        from music.melodies import melody
        from music.midi import write_midi

        predictor = Predictor(settings.model_dir, settings.threads, load=network)
        arranger = Arranger(predictor)
        write_midi(arranger.arrange(melody("twinkle"), Options()).song)  # as ours does first
        return arranger

    logs.configure(os.environ)
    sys.exit(serve(os.environ, load))
