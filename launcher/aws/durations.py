"""Durations as people write them: `90s`, `30m`, `4h`, `2d`."""

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WRITTEN = re.compile(r"(\d{1,9})\s*([smhd]?)", re.ASCII)


def read_duration(value: object) -> int:
    """Returns seconds; a number without a unit is seconds.

    Raises:
        ValueError: if it is no duration.
    """
    match = _WRITTEN.fullmatch(str(value).strip().lower())
    if match is None:
        raise ValueError("a duration is a whole number with s, m, h or d, such as 4h")
    return int(match[1]) * _UNITS[match[2] or "s"]
