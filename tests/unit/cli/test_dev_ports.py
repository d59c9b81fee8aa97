"""Ports that are taken are passed over."""

import socket
from itertools import islice

import pytest

from ringfence_operator.cli.dev.ports import LAST_PORT, NoFreePort, any_free_port, free_ports


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        if taken > LAST_PORT - 10:
            pytest.fail("the kernel gave out the last ports")

        found = list(islice(free_ports(taken), 2))

    assert taken not in found
    assert found[0] < found[1]


def test_a_port_picked_by_the_kernel_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", any_free_port())):
        pass


def test_without_any_free_port_the_option_is_named() -> None:
    with pytest.raises(NoFreePort, match="--port"):
        next(free_ports(LAST_PORT + 1))
