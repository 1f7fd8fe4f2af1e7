"""Which device is taken, what a machine leaves for a run within the limits set on it, and the formats it is fast in."""

import ctypes
import os
import platform
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest
import torch
from PIL import Image

from style_helpers import devices, images, networks
from style_helpers.settings import SettingsError

CPU = torch.device("cpu")
CAT = images.CONTENT / "chelsea-the-cat.jpg"
NO_LIMIT_V1 = 9223372036854771712


@pytest.fixture(autouse=True)
def no_limits(monkeypatch):
    for name in ("MEM_LIMIT", "CPU_LIMIT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(devices, "kept_freed_memory", lambda: 0)


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


# Which device


@pytest.fixture
def with_gpus(monkeypatch):
    """A machine with two NVIDIA GPUs and nobody who names a device."""
    monkeypatch.delenv(devices.VARIABLE)
    monkeypatch.setitem(devices._PRESENT, "cuda", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.mark.parametrize(
    ("argument", "variable", "chosen"),
    [
        (None, None, "cuda"),
        ("auto", None, "cuda"),
        (None, "", "cuda"),
        (None, "auto", "cuda"),
        (None, "cpu", "cpu"),
        ("auto", "cpu", "cpu"),
        ("cuda", "cpu", "cuda"),
        ("cuda:1", "cpu", "cuda:1"),
        ("cpu", "abacus", "cpu"),
        (torch.device("meta"), "cpu", "meta"),  # somebody has chosen already
    ],
)
def test_an_argument_wins_then_the_variable_then_the_best(with_gpus, monkeypatch, argument, variable, chosen):
    if variable is not None:
        monkeypatch.setenv(devices.VARIABLE, variable)
    assert devices.choose(argument) == torch.device(chosen)


@pytest.mark.parametrize("asks", [devices.choose, lambda: images.load(CAT, 16), lambda: networks.load("alexnet")])
@pytest.mark.parametrize("wrong", ["abacus", "cuda:2", "cuda:x", "cuda:", "cuda:00", "cpu:٠", "xpu"])
def test_a_device_that_cannot_be_is_one_sentence_that_names_the_variable(with_gpus, monkeypatch, asks, wrong):
    monkeypatch.setenv(devices.VARIABLE, wrong)
    with pytest.raises(SettingsError, match=f"^{devices.VARIABLE} '{wrong}' is not .*auto, cuda.*cpu[.]$"):
        asks()


def test_pictures_and_networks_go_where_the_variable_says(pretend):
    picture = images.load(CAT, 64)
    found = networks.load("alexnet", ("relu1",))(picture)["relu1"]
    assert picture.device == found.device == pretend
    assert (
        images.from_pil(Image.new("RGB", (20, 20)), "cpu").device == networks.load("alexnet", device="cpu").mean.device
    )


@pytest.mark.parametrize(
    ("preset", "device", "size"),
    [("tutorial", "cpu", 128), ("gatys", "cpu", 256), ("tutorial", "cuda", 512), ("fine", None, 512)],
)
def test_the_default_size_grows_with_the_device(with_gpus, preset, device, size):
    assert devices.default_size(preset, device) == size


def test_where_that_is_in_words(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla T4")
    assert devices.in_words(CPU) == "the processor with 1 thread"
    assert devices.in_words(torch.device("cuda")) == "the GPU Tesla T4"
    assert devices.in_words(torch.device("mps")) == "the GPU of this Mac"


# What a GPU leaves, and what it says when that is too little


@pytest.mark.parametrize("kind", ["cuda", "xpu"])
def test_what_torch_keeps_of_a_gpus_freed_memory_counts_as_free(monkeypatch, kind):
    module = getattr(torch, kind)
    monkeypatch.setattr(module, "mem_get_info", lambda device: (5, 16))
    monkeypatch.setattr(module, "memory_reserved", lambda device: 4)
    monkeypatch.setattr(module, "memory_allocated", lambda device: 1)
    assert devices.free_memory(torch.device(kind)) == 8


def test_a_gpu_of_intel_that_does_not_tell_its_free_memory(monkeypatch):
    def silent(device):
        raise RuntimeError("The device (Intel Arc) doesn't support querying the available free memory.")

    monkeypatch.setattr(torch.xpu, "mem_get_info", silent)
    monkeypatch.setattr(torch.xpu, "get_device_properties", lambda device: SimpleNamespace(total_memory=16))
    monkeypatch.setattr(torch.xpu, "memory_allocated", lambda device: 1)
    assert devices.free_memory(torch.device("xpu")) == 15


@pytest.mark.parametrize(("of_the_mac", "free"), [(100, 9), (2, 4)])
def test_on_a_mac_other_programs_use_the_gpus_memory_too(monkeypatch, of_the_mac, free):
    """The GPU may have 12, of which 3 are in use and 2 kept for use again."""
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 12)
    monkeypatch.setattr(torch.mps, "current_allocated_memory", lambda: 3)
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 5)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=of_the_mac))
    assert devices.free_memory(torch.device("mps")) == free


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: you tried"),
            True,
        ),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: not enough memory: you tried"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB, max allowed: 9.07 GB)."), True),
        (RuntimeError("Invalid buffer size: 19.45 GB"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"), True),
        (RuntimeError("level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)"), True),
        (RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"), False),
        (ValueError("A picture of 4096 x 4096 pixels does not fit into what is not out of memory"), False),
    ],
)
def test_every_devices_words_for_used_up_memory_are_known(error, is_it):
    assert devices.is_out_of_memory(error) == is_it


def test_a_real_allocation_that_is_too_large_is_known():
    with pytest.raises((RuntimeError, MemoryError)) as caught:
        torch.empty(2**60)
    assert devices.is_out_of_memory(caught.value)


# Number formats


@pytest.mark.parametrize(
    ("machine", "found", "gain", "fast"),
    [
        ("x86_64", {"amx_bf16": True}, 0.1, True),
        ("AMD64", {"avx512_bf16": True}, 0.1, True),
        ("x86_64", {"avx2": True}, 9, False),
        ("aarch64", {"bf16": True}, 2, True),
        ("arm64", {"bf16": True}, 0.4, False),
        ("arm64", {"bf16": False}, 2, False),
    ],
)
def test_bfloat16_on_a_processor_needs_its_own_instructions_and_on_arm_a_measured_gain(
    monkeypatch, machine, found, gain, fast
):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    monkeypatch.setattr(devices, "_measured_gain", lambda: gain)
    assert devices.has_fast_bfloat16(CPU) == fast
    assert devices.number_format("auto", CPU) == (torch.bfloat16 if fast else torch.float32)


def test_the_gain_is_that_of_two_real_convolutions(monkeypatch):
    took = {torch.float32: 6.0, torch.bfloat16: 2.0}
    assert all(devices._seconds(number_format) > 0 for number_format in took)
    monkeypatch.setattr(devices, "_seconds", took.get)
    devices._measured_gain.cache_clear()
    assert devices._measured_gain() == 3
    devices._measured_gain.cache_clear()


def test_bfloat16_on_gpus_is_where_it_has_units_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0) if device.index else (7, 5))
    engines = "has_subgroup_matrix_multiply_accumulate"
    monkeypatch.setattr(torch.xpu, "get_device_capability", lambda device: {engines: bool(device.index)})
    for kind in ("cuda", "xpu"):
        assert not devices.has_fast_bfloat16(torch.device(kind, 0))
        assert devices.has_fast_bfloat16(torch.device(kind, 1))
    assert not devices.has_fast_bfloat16(torch.device("mps"))


KEPT = """
import torch
from style_helpers import devices

devices.keep_freed_memory()
block = torch.ones(100_000_000)
during = devices.kept_freed_memory(), devices.free_memory(torch.device("cpu"))
del block
print(devices.kept_freed_memory() - during[0], devices.free_memory(torch.device("cpu")) - during[1])
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="not the GNU C library"
)
def test_memory_that_was_freed_and_kept_counts_as_free():
    """A second picture in the same notebook must not be refused for what the first one no longer needs."""
    # In a process of its own: after an allocation that failed, a thread's large blocks are not kept
    told = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, text=True, check=True).stdout.split()
    assert int(told[0]) > 390_000_000
    assert int(told[1]) > 200_000_000  # other programs take and give meanwhile


def test_float32_is_not_rounded_to_tf32_on_nvidias():
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
