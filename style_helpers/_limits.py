"""The limits that a container, a batch system or JupyterHub sets on this process. Behind `devices`.

A container's or a batch system's limit is its control group's (Linux); JupyterHub's are the variables MEM_LIMIT and
CPU_LIMIT. `root` is where /proc and /sys are looked for.
"""

import contextlib
import os
from pathlib import Path

import psutil


def memory_left(root: Path) -> list[int]:
    """For each limit on memory: the limit less what is used of it, in bytes."""
    return [*_left_in_control_groups(root), *_left_at_the_hub()]


def shares_of_processors(root: Path) -> list[float]:
    """Each limit on processor cores, perhaps a part of one."""
    shares = []
    with contextlib.suppress(KeyError, ValueError):
        shares.append(float(os.environ["CPU_LIMIT"]))
    for folder in _control_groups(root, "cpu"):
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = (folder / "cpu.max").read_text().split()  # "max 100000" where there is no limit
            shares.append(int(quota) / int(period))
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
            shares += [quota / period] if quota > 0 else []
    return shares


def _left_in_control_groups(root: Path) -> list[int]:
    """For each limit on our control group and on those above it."""
    left = []
    for folder in _control_groups(root, "memory"):
        for limit, used, idle in (
            ("memory.max", "memory.current", "inactive_file"),  # version 2
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),  # version 1
        ):
            with contextlib.suppress(OSError, ValueError):  # another version, or "max": no limit
                numbers = [int((folder / name).read_text()) for name in (limit, used)]
                kept = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                left.append(numbers[0] - numbers[1] + int(kept.get(idle, 0)))  # files in memory give way
    return left


def _control_groups(root: Path, controller: str) -> list[Path]:
    """The folders of our control group and of all above it, for version 2 and for one controller of version 1."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return []
    folders = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", controller) or controller in controllers.split(","):
            top = root / "sys/fs/cgroup" / controllers
            group = top / path.strip("/")
            # Inside a container the path may be the host's, of which only the top is seen here
            folders += [folder for folder in (group, *group.parents) if folder.is_relative_to(top) and folder.is_dir()]
    return folders


def _left_at_the_hub() -> list[int]:
    """MEM_LIMIT less what the learner's server and all that it started hold: not every JupyterHub enforces it."""
    limit = os.environ.get("MEM_LIMIT", "")
    if not limit.isdecimal():
        return []
    with contextlib.suppress(psutil.Error):
        top = psutil.Process()
        for parent in top.parents():
            with contextlib.suppress(psutil.Error):  # of another user: the hub itself
                top = parent if parent.environ().get("MEM_LIMIT") == limit else top
        return [int(limit) - sum(_held(each) for each in (top, *top.children(recursive=True)))]
    return [int(limit)]


def _held(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:  # it has just ended
        return 0
