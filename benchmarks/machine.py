"""Says on which machine something was measured."""

import os
import platform


def machine() -> str:
    """Names the system, Python and the cores."""
    return f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores"
