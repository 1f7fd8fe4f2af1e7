"""The cut really cuts: nothing outside is reached, and this machine itself is."""

import os
import subprocess
import sys

import pytest

from tests.notebooks import offline

# The address is one of those kept for documentation: it belongs to nobody
OUTSIDE = """
import errno, socket
with socket.socket() as caller:
    caller.settimeout(20)
    try:
        print(caller.connect(("192.0.2.1", 80)))
    except OSError as error:
        print(errno.errorcode[error.errno])
"""
NAME = """
import socket
try:
    print(socket.getaddrinfo("example.org", 80))
except socket.gaierror:
    print("no such name")
"""
DATAGRAM = """
import errno, socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    try:
        print(sender.sendto(b"hello", ("192.0.2.1", 53)))
    except OSError as error:
        print(errno.errorcode[error.errno])
"""
LOOPBACK = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    with socket.create_connection(server.getsockname(), timeout=20) as client, server.accept()[0] as other:
        other.sendall(b"hello")
        print(client.recv(5).decode())
"""
SAID = [(OUTSIDE, "ENETUNREACH"), (NAME, "no such name"), (DATAGRAM, "ENETUNREACH"), (LOOPBACK, "hello")]
each_case = pytest.mark.parametrize(("code", "said"), SAID, ids=["outside", "name", "datagram", "loopback"])


def output(command: list[str], path: str) -> str:
    environment = os.environ | {"PYTHONPATH": path}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=300
    ).stdout.strip()


@each_case
def test_python_itself_refuses(code, said):
    assert output([sys.executable, "-c", code], offline.python_path()) == said


@each_case
def test_the_way_that_the_lessons_are_run(code, said):
    assert output(offline.cut([sys.executable, "-c", code]), offline.python_path()) == said


@each_case
def test_what_a_program_in_it_starts_is_cut_off_too(code, said):
    child = f"import subprocess, sys; print(subprocess.check_output([sys.executable, '-c', {code!r}], text=True))"
    assert output(offline.cut([sys.executable, "-c", child]), offline.python_path()) == said


def test_a_network_of_its_own_has_nothing_but_loopback():
    """Without Python's own refusal, wherever this system has namespaces; elsewhere the command is left as it is."""
    listed = output(offline.cut([sys.executable, "-c", "import socket; print(socket.if_nameindex())"]), "")
    if offline.has_namespaces():
        assert listed == "[(1, 'lo')]"
        assert [output(offline.cut([sys.executable, "-c", code]), "") for code, _ in SAID] == [said for _, said in SAID]
    else:
        assert offline.cut(["python"]) == ["python"]
