"""Programs and kernels with the network cut off; `python tests/offline.py COMMAND ...` is a step on the way there.

Where Linux lets a user make a network namespace, there is nothing in it but loopback. Everywhere, the folder no_network
in PYTHONPATH makes Python refuse every connection, and every look-up of a name, that is not this machine's own.
"""

import functools
import os
import secrets
import socket
import struct
import subprocess
import sys
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager
from jupyter_core.paths import jupyter_runtime_dir

NO_NETWORK = Path(__file__).resolve().parent / "no_network"
OWN_NETWORK = ("unshare", "--user", "--map-root-user", "--net", "--", sys.executable, str(Path(__file__).resolve()))


@functools.cache
def has_namespaces() -> bool:
    """Whether this system lets a user cut a program off from the network."""
    try:
        return (
            subprocess.run([*OWN_NETWORK, sys.executable, "-c", ""], capture_output=True, timeout=300).returncode == 0
        )
    except OSError:
        return False


def cut(command: list[str]) -> list[str]:
    return [*OWN_NETWORK, *command] if has_namespaces() else command


def python_path(*first: Path) -> str:
    return os.pathsep.join(str(folder) for folder in (*first, NO_NETWORK))


class KernelCutOff(AsyncKernelManager):
    """Starts kernels in a network of their own, and talks to them through files in place of ports."""

    def __init__(self, **options):
        by_files = {"transport": "ipc", "ip": str(Path(jupyter_runtime_dir()) / secrets.token_hex(4))}
        super().__init__(**(by_files if has_namespaces() else {}), **options)

    def format_kernel_cmd(self, extra_arguments=None):
        return cut(super().format_kernel_cmd(extra_arguments))


def _raise_loopback() -> None:
    import fcntl

    up_and_running = struct.pack("16sh14x", b"lo", 0x1 | 0x40)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, up_and_running)  # SIOCSIFFLAGS


if __name__ == "__main__":
    _raise_loopback()
    os.execvp(sys.argv[1], sys.argv[1:])
