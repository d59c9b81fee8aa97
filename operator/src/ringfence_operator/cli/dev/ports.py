"""Free ports of the loopback address."""

import socket
from collections.abc import Iterator

HOST = "127.0.0.1"
LAST_PORT = 65_535


class NoFreePort(Exception):
    """Every port from the first one up is taken."""


def free_ports(first: int) -> Iterator[int]:
    """Ports that nobody listens on, from `first` upwards.

    Raises:
        NoFreePort: there is none left.
    """
    for port in range(first, LAST_PORT + 1):
        if _is_free(port):
            yield port
    raise NoFreePort(f"no port from {first} up is free on {HOST}: choose another with --port")


def any_free_port() -> int:
    """A port that the kernel picks."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
