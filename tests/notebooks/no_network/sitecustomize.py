"""Cuts the network off from inside: with this folder in PYTHONPATH, Python reaches nothing but this machine itself."""

import errno
import socket
import sys

HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "", None)
LOOKED_UP = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
SENT_TO = ("socket.connect", "socket.sendto", "socket.sendmsg")


def refuse(event, arguments):
    """Python asks this of everything it does, and a hook cannot be taken out again."""
    if event in LOOKED_UP and arguments[0] not in HERE:
        raise socket.gaierror(socket.EAI_AGAIN, "the network is cut off: no name is looked up")
    if event in SENT_TO and isinstance(arguments[1], tuple) and arguments[1][0] not in HERE:
        raise OSError(errno.ENETUNREACH, "the network is cut off")


sys.addaudithook(refuse)
