"""How many threads this process may keep busy."""

import os
from pathlib import Path


def usable_threads(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Counts the processors that the affinity and the control group grant, 1 at least.

    A container on a large host sees all of its processors but is throttled to a quota; threads
    beyond that quota only wait for one another.

    Args:
        cgroup: where the control group is mounted, version 2 or 1.
    """
    try:
        granted = len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        granted = os.cpu_count() or 1
    quota = _quota(cgroup)
    return granted if quota is None else max(1, min(granted, int(quota)))


def _quota(cgroup: Path) -> float | None:
    """The processors that the control group grants, None if it sets no bound."""
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()[:2]
    except (OSError, ValueError):
        try:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text()
        except OSError:
            return None
    try:
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):  # "max"
        return None
    return share if share > 0 else None
