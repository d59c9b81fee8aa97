"""What the harness reads from the machine, and what it refuses to disturb."""

from pathlib import Path

import pytest

from e2e.cluster.addresses import NODE_ADDRESS, POD_NETWORK, SERVICE_NETWORK
from e2e.cluster.machine import Machine
from e2e.cluster.mounts import parse_mountinfo
from e2e.cluster.network import overlapping
from e2e.cluster.paths import Layout, cache_dir, state_dir
from e2e.cluster.system_packages import absent, cure

NETWORKS = [POD_NETWORK, SERVICE_NETWORK, f"{NODE_ADDRESS}/32"]


def test_mounts_are_read_with_their_type_and_with_spaces_in_their_names() -> None:
    text = (
        "36 35 98:0 / /sys/fs/cgroup/unified rw,noatime master:1 - cgroup2 cgroup2 rw,nsdelegate\n"
        "37 35 0:30 / /with\\040space rw - tmpfs none rw,size=4k\n"
    )
    first, second = parse_mountinfo(text)
    assert (first.target, first.kind) == (Path("/sys/fs/cgroup/unified"), "cgroup2")
    assert (second.target, second.kind) == (Path("/with space"), "tmpfs")


@pytest.mark.parametrize("address", ["10.244.3.4/24", "10.96.0.5/32", "10.0.0.7/8", f"{NODE_ADDRESS}/24"])
def test_a_machine_that_uses_the_clusters_addresses_is_noticed(address: str) -> None:
    assert overlapping({"lo": ["127.0.0.1/8"], "eth1": [address]}, NETWORKS) == "eth1"


def test_a_machine_with_other_addresses_is_fine() -> None:
    assert overlapping({"lo": ["127.0.0.1/8"], "eth0": ["192.0.2.2/24", "172.17.0.1/16"]}, NETWORKS) is None


def test_a_snapshot_of_the_machine_survives_being_written_down(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "cluster")
    assert Machine.read(layout) is None
    machine = Machine("boot", {"net/ipv4/ip_forward": "0"}, {"ip": ["filter"], "ip6": []}, ["/var/lib/cni"])
    machine.write(layout)
    assert Machine.read(layout) == machine


def test_folders_follow_the_environment_and_ignore_relative_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_dir() == Path("/somewhere/cache/ringfence")
    assert state_dir() == Path("/home/someone/.local/state/ringfence/cluster")


def test_a_package_counts_as_missing_unless_it_is_fully_installed() -> None:
    listing = "runc installed\npodman config-files\niptables not-installed\n"
    assert absent(["iptables", "podman", "runc", "unknown"], listing) == ["iptables", "podman", "unknown"]


def test_missing_packages_are_named_in_one_line_with_the_command_that_installs_them() -> None:
    assert cure(["ipset", "runc"], has_apt=True).endswith("apt-get install --no-install-recommends ipset runc")
    assert "\n" not in cure(["ipset"], has_apt=False)
