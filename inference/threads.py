"""How many threads this process may keep busy."""

import os
from collections.abc import Iterator
from pathlib import Path

CGROUP, MEMBERSHIP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def usable_threads(cgroup: Path = CGROUP, membership: Path = MEMBERSHIP) -> int:
    """Counts the processors that the affinity and the control groups grant, 1 at least.

    A container on a large host sees all of its processors but is throttled to a quota; threads
    beyond that quota only wait for one another. So does a service of systemd's, whose group lies
    deeper: the least quota counts of all groups on the way down to the process's own.

    Args:
        cgroup: where the control groups are mounted, version 2 or 1.
        membership: names the groups of this process.
    """
    try:
        granted = len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        granted = os.cpu_count() or 1
    quotas = [quota for folder in control_groups(cgroup, membership) if (quota := _quota(folder))]
    return max(1, min(granted, *(int(quota) for quota in quotas))) if quotas else granted


def control_groups(cgroup: Path = CGROUP, membership: Path = MEMBERSHIP) -> Iterator[Path]:
    """Where this process's groups may lie, and those around them; not all folders need exist."""
    yield cgroup  # in a container of version 2 this is its own
    yield cgroup / "cpu"  # of version 1
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        folder = cgroup / controllers  # version 2 names no controllers
        for part in Path(path).parts[1:]:
            folder /= part
            yield folder


def _quota(folder: Path) -> float | None:
    """The processors that a control group grants, None if it sets no bound."""
    try:
        quota, period = (folder / "cpu.max").read_text().split()[:2]
    except (OSError, ValueError):
        try:
            quota = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        except OSError:
            return None
    try:
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):  # "max"
        return None
    return share if share > 0 else None
