"""Ports of this machine's loopback, taken before anything else is started."""

import socket

LOOPBACK = "127.0.0.1"


class PortTaken(Exception):
    """Another process listens there, or the port is not ours to take."""


def listen(port: int, option: str) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortTaken naming the option that chooses another."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortTaken(f"Port {port}: {error.strerror}. Choose another with {option}.") from error
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a server on it will answer."""
    return f"http://{LOOPBACK}:{listener.getsockname()[1]}"
