import os

import pytest

from inference.threads import usable_threads

GRANTED = len(os.sched_getaffinity(0))


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_max", ".max").replace("cfs", "cpu.cfs")
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("quota", "threads"),
    [
        ("max 100000\n", GRANTED),
        ("50000 100000\n", 1),
        ("150000 100000\n", 1),
        ("6400000 100000\n", GRANTED),
        ("nonsense", GRANTED),
    ],
)
def test_quota_of_version_2(tmp_path, quota, threads):
    write(tmp_path, cpu_max=quota)
    assert usable_threads(tmp_path) == threads


@pytest.mark.parametrize(("quota", "threads"), [("-1", GRANTED), ("25000", 1)])
def test_quota_of_version_1(tmp_path, quota, threads):
    write(tmp_path, cpu__cfs_quota_us=quota, cpu__cfs_period_us="100000")
    assert usable_threads(tmp_path) == threads


@pytest.mark.parametrize(
    ("membership", "folder"),
    [
        ("0::/system.slice/own.service", "system.slice/own.service"),
        ("0::/limited/own", "limited"),  # what holds for a group holds for those in it
        ("4:memory:/\n3:cpu,cpuacct:/own", "cpu,cpuacct/own"),
        ("4:memory:/other\n0::/own", "own"),
    ],
)
def test_the_quota_of_a_group_within_groups(tmp_path, membership, folder):
    (tmp_path / "membership").write_text(membership)
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "cpu.max").write_text("50000 100000")
    assert usable_threads(tmp_path, tmp_path / "membership") == 1


def test_a_group_beside_the_own_takes_nothing(tmp_path):
    (tmp_path / "membership").write_text("0::/own\n4:memory:/other")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "cpu.max").write_text("50000 100000")
    assert usable_threads(tmp_path, tmp_path / "membership") == GRANTED


def test_no_control_group(tmp_path):
    assert usable_threads(tmp_path / "absent") == GRANTED


def test_affinity_counts(tmp_path):
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_threads(tmp_path) == 1
    finally:
        os.sched_setaffinity(0, before)
