"""What the processes log: our own words, of libraries only warnings, and nobody's secrets."""

import logging
from collections.abc import Mapping

from container.redaction import redact

OURS = ("__main__", "container", "inference", "music", "training")
LEVEL_VARIABLE = "SM_LOG_LEVEL"  # a number of Python's logging, 20 (all but details) where unset


class RedactingFormatter(logging.Formatter):
    """Masks secrets in whole records, tracebacks included.

    Args:
        environ: the environment, whose secrets are masked too.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__("%(levelname)s %(message)s")
        self._environ = environ

    def format(self, record: logging.LogRecord) -> str:
        """Writes one record."""
        return redact(super().format(record), self._environ)


def configure(environ: Mapping[str, str]) -> None:
    """Sends the log of this process to stderr, one line a record."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter(environ))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    level = environ.get(LEVEL_VARIABLE, "")
    for name in OURS:
        logging.getLogger(name).setLevel(int(level) if level.isdecimal() else logging.INFO)
