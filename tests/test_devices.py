"""What a machine leaves for a run: memory and processor cores, within the limits of containers and of JupyterHub."""

import os
import subprocess
import sys

import psutil
import pytest
import torch

from style_helpers import devices

CPU = torch.device("cpu")
NO_LIMIT_V1 = 9223372036854771712


@pytest.fixture(autouse=True)
def no_limits(monkeypatch):
    for name in ("MEM_LIMIT", "CPU_LIMIT"):
        monkeypatch.delenv(name, raising=False)


def machine(root, groups: str, **files):
    """A root folder with the control groups that this process is in, and the files of folders below sys/fs/cgroup."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for folder, contents in files.items():
        place = root / "sys/fs/cgroup" / folder.replace("__", "/")
        place.mkdir(parents=True, exist_ok=True)
        for name, text in contents.items():
            (place / name).write_text(f"{text}\n")
    return root


def v2(limit, used, idle=0):
    return {"memory.max": limit, "memory.current": used, "memory.stat": f"anon 5\ninactive_file {idle}"}


def v1(limit, used, idle=0):
    return {
        "memory.limit_in_bytes": limit,
        "memory.usage_in_bytes": used,
        "memory.stat": f"inactive_file 1\ntotal_inactive_file {idle}",
    }


def test_without_any_limit_the_free_memory_is_the_machines(tmp_path):
    free = devices.free_memory(CPU, machine(tmp_path, "0::/user\n", user=v2("max", 3_000_000)))
    assert free == pytest.approx(psutil.virtual_memory().available, abs=1e9)


def test_where_there_are_no_control_groups_the_free_memory_is_the_machines(tmp_path):
    assert devices.free_memory(CPU, tmp_path) == pytest.approx(psutil.virtual_memory().available, abs=1e9)


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        ("0::/\n", {"": v2(9_000_000, 6_000_000, 500_000)}),  # a container that sees its own group as the top
        ("0::/a/b\n", {"a__b": v2(9_000_000, 6_000_000, 500_000), "a": v2("max", 7_000_000)}),
        ("0::/a/b\n", {"a__b": v2("max", 1_000), "a": v2(9_000_000, 6_000_000, 500_000)}),  # the limit is further up
        ("0::/a/b\n", {"a__b": v2(8_000_000, 1_000), "a": v2(9_000_000, 6_000_000, 500_000)}),  # two: what is least
        ("5:cpu:/a\n4:memory:/a\n0::/\n", {"memory__a": v1(9_000_000, 6_000_000, 500_000)}),
        ("4:cpu,memory:/a\n", {"cpu,memory__a": v1(9_000_000, 6_000_000, 500_000)}),
        # In a container, the path is the host's, and only its end is seen
        ("4:memory:/docker/1f\n", {"memory": v1(9_000_000, 6_000_000, 500_000)}),
    ],
)
def test_a_limit_of_the_control_group_counts_and_files_in_memory_give_way(tmp_path, groups, files):
    assert devices.free_memory(CPU, machine(tmp_path, groups, **files)) == 3_500_000


def test_a_control_group_of_version_1_without_a_limit_changes_nothing(tmp_path):
    root = machine(tmp_path, "4:memory:/a\n", memory__a=v1(NO_LIMIT_V1, 6_000_000))
    assert devices.free_memory(CPU, root) == pytest.approx(psutil.virtual_memory().available, abs=1e9)


def test_more_used_than_allowed_leaves_nothing(tmp_path):
    assert devices.free_memory(CPU, machine(tmp_path, "0::/\n", **{"": v2(6_000_000, 9_000_000)})) == 0


def test_the_limit_of_jupyterhub_less_what_is_held_counts(tmp_path, monkeypatch):
    held = psutil.Process().memory_info().rss
    monkeypatch.setenv("MEM_LIMIT", str(held + 700_000_000))
    assert devices.free_memory(CPU, tmp_path) == pytest.approx(700_000_000, abs=50_000_000)


def test_under_jupyterhub_the_server_above_and_the_kernels_beside_hold_memory_too(tmp_path):
    """A real family: a server with the limit in its environment, which holds 200 MB, and a kernel that asks."""
    kernel = (
        "import torch, psutil; from pathlib import Path; from style_helpers import devices; "
        f"free = devices.free_memory(torch.device('cpu'), Path({str(tmp_path)!r})); "
        "print(free, psutil.Process().memory_info().rss, psutil.Process().parent().memory_info().rss)"
    )
    server = (
        "import subprocess, sys; held = b'1' * 200_000_000; "
        f"sys.exit(subprocess.run([sys.executable, '-c', {kernel!r}]).returncode)"
    )
    limit = 2_000_000_000
    done = subprocess.run(
        [sys.executable, "-c", server],
        env=os.environ | {"MEM_LIMIT": str(limit)},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    free, of_kernel, of_server = map(int, done.stdout.split())
    assert of_server > 200_000_000
    assert free == pytest.approx(limit - of_kernel - of_server, abs=50_000_000)


@pytest.mark.parametrize("limit", ["", "2G", "-1"])
def test_a_limit_that_is_no_number_of_bytes_is_passed_over(tmp_path, monkeypatch, limit):
    monkeypatch.setenv("MEM_LIMIT", limit)
    assert devices.free_memory(CPU, tmp_path) == pytest.approx(psutil.virtual_memory().available, abs=1e9)


def test_processors_are_those_of_the_machine_without_a_limit(tmp_path):
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    root = machine(tmp_path, "0::/\n", **{"": {"cpu.max": "max 100000"}})
    assert devices.processors(root) == allowed


@pytest.mark.parametrize(
    ("groups", "files", "cores"),
    [
        ("0::/a\n", {"a": {"cpu.max": "50000 100000"}}, 1),
        ("0::/a\n", {"a": {"cpu.max": "max 100000"}, "": {"cpu.max": "100000 100000"}}, 1),
        ("3:cpu,cpuacct:/\n", {"cpu,cpuacct": {"cpu.cfs_quota_us": 100000, "cpu.cfs_period_us": 100000}}, 1),
    ],
)
def test_a_quota_of_the_control_group_limits_the_processors(tmp_path, groups, files, cores):
    assert devices.processors(machine(tmp_path, groups, **files)) == cores


def test_jupyterhub_limits_the_processors_too(tmp_path, monkeypatch):
    monkeypatch.setenv("CPU_LIMIT", "0.5")
    assert devices.processors(tmp_path) == 1


def test_without_a_quota_version_1_says_minus_one(tmp_path):
    root = machine(tmp_path, "3:cpu:/\n", cpu={"cpu.cfs_quota_us": -1, "cpu.cfs_period_us": 100000})
    assert devices.processors(root) == devices.processors(tmp_path / "nothing")
