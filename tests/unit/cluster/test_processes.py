"""A recorded process is ended, and no other one, whatever happened to its number since."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster.errors import HarnessError
from e2e.cluster.processes import Processes, Record, boot_id, end, parse_start_time, start_time, tail
from e2e.cluster.teardown import part_name

SLEEP = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
]


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    started = Processes(tmp_path / "records", tmp_path / "logs")
    yield started
    for record in started.all():
        started.stop(record.name, grace=0.1)


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEP, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def wait_for(path: Path, text: str) -> None:
    for _ in range(500):
        if path.exists() and text in path.read_text():
            return
        subprocess.run(["sleep", "0.01"], check=True)
    raise AssertionError(f"{text} never appeared in {path.name}")


def test_a_started_process_is_alive_until_it_is_stopped(processes: Processes) -> None:
    processes.start("sleeper", SLEEP)
    record = processes.find("sleeper")
    assert record is not None
    assert record.is_alive()
    processes.stop("sleeper")
    assert not record.is_alive()
    assert processes.all() == []


def test_starting_a_running_process_again_starts_nothing(processes: Processes) -> None:
    processes.start("sleeper", SLEEP)
    first = processes.find("sleeper")
    processes.start("sleeper", SLEEP)
    assert processes.find("sleeper") == first


def test_a_process_that_ignores_the_request_to_end_is_killed(processes: Processes) -> None:
    processes.start("deaf", STUBBORN)
    wait_for(processes.log("deaf"), "deaf")
    record = processes.find("deaf")
    processes.stop("deaf", grace=0.1)
    assert record is not None
    assert not record.is_alive()


def test_stopping_what_never_ran_does_nothing(processes: Processes) -> None:
    processes.stop("nobody")


def test_a_process_that_took_over_a_recorded_number_is_left_alone(bystander: subprocess.Popen[bytes]) -> None:
    started = start_time(bystander.pid)
    assert started is not None
    end(Record("dead", bystander.pid, started - 1, boot_id()), grace=0.1)
    end(Record("dead", bystander.pid, started, "another boot"), grace=0.1)
    assert bystander.poll() is None


def test_a_dead_process_is_reported_with_the_end_of_its_log(processes: Processes) -> None:
    processes.start("brief", [sys.executable, "-c", "import sys; sys.stdin.read(); print('the reason')"])
    wait_for(processes.log("brief"), "the reason")
    processes.stop("brief")
    with pytest.raises(HarnessError, match="the reason"):
        processes.check("brief")


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["/cache/kube-scheduler-1/kube-scheduler", "--kubeconfig=/state/pki/scheduler.kubeconfig"], "kube-scheduler"),
        (["/usr/bin/containerd-shim-runc-v2", "-address", "/state/containerd/a.sock"], "containerd-shim-runc-v2"),
        (["/usr/bin/containerd-shim-runc-v2", "-address", "/run/containerd/containerd.sock"], None),
        (["/cache/etcd", "--data-dir=/state-of-another/etcd"], None),
        (["/cache/kubectl", "--kubeconfig=/state/kubeconfig", "port-forward"], None),
        (["vim", "/state/logs/etcd.log"], None),
        ([], None),
    ],
)
def test_only_the_clusters_own_parts_are_known_by_their_command_line(command: list[str], name: str | None) -> None:
    line = "".join(f"{word}\0" for word in command).encode()
    assert part_name(line, Path("/state")) == name


def test_a_record_cut_short_by_a_crash_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"name": "bro')
    assert Processes(tmp_path, tmp_path).all() == []
    assert Processes(tmp_path, tmp_path).find("broken") is None


def test_a_record_survives_being_written_down() -> None:
    record = Record("etcd", 12, 34, "boot")
    assert Record.from_json(record.to_json()) == record


def test_the_start_time_is_found_behind_a_name_with_spaces_and_parentheses() -> None:
    after_name = " ".join(["S", *(str(number) for number in range(4, 53))])
    assert parse_start_time(f"7 (a ) b) {after_name}") == 22
    assert parse_start_time(f"7 (a) {after_name.replace('S', 'Z', 1)}") is None


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\ntwo\nthree\n")
    assert tail(log, 2) == "two\nthree"
    assert tail(tmp_path / "none") == "(no log)"
