"""What the processes log: our own words, and of libraries only warnings."""

import logging

OURS = ("__main__", "container", "inference", "music", "training")


def configure() -> None:
    """Sends the log of this process to stderr, one line a record."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
