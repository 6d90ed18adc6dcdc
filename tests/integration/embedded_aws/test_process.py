"""The process listens where it should, ends when it is told to, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.embedded_aws.process import PROJECT_ROOT, environment, running
from tests.integration.embedded_aws.account import Account
from tests.support.ports import free_port
from tests.support.waiting import eventually

SLEEP = "import os, time\ndef handler(event, context): print(os.getpid()); time.sleep(600)"
PID = "import os\ndef handler(event, context): return os.getpid()"
DEADLINE_SECONDS = 120  # sooner than the Lambda that sleeps would end by itself


def processes_of(directory: Path) -> list[int]:
    """Find the processes that work in a directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(directory):
                found.append(int(process.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_its_lambdas_and_files(tmp_path: Path, number: int) -> None:
    with running(tmp_path, free_port()) as aws:
        account = Account(aws.endpoint)
        account.invoke(account.function(PID))
        sleeping = account.function(SLEEP, Timeout=600)
        account.start(
            account.machine({"Sleep": {"Type": "Task", "Resource": sleeping, "End": True}})
        )
        eventually(lambda: len(processes_of(tmp_path)) == 2)
        os.kill(aws.process.pid, number)
        assert aws.process.wait(DEADLINE_SECONDS) == 0
        account.close()
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_signal_amid_cold_starts_ends_it_with_its_lambdas_and_files(tmp_path: Path) -> None:
    with running(tmp_path, free_port()) as aws:
        account = Account(aws.endpoint)
        for function in [account.function(SLEEP, Timeout=600) for _ in range(8)]:
            account.client("lambda").invoke(FunctionName=function, InvocationType="Event")
        eventually(lambda: processes_of(tmp_path))
        os.kill(aws.process.pid, signal.SIGTERM)
        assert aws.process.wait(DEADLINE_SECONDS) == 0
        account.close()
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_it_listens_on_the_loopback_interface_only(account: Account) -> None:
    port = int(account.endpoint.rsplit(":", 1)[1])
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
    ]
    assert listening == [f"0100007F:{port:04X}"]


def start(
    program: str, port: int, directory: Path, **shell: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", f"{program}\nfrom local.embedded_aws.__main__ import main\nmain()"],
        cwd=PROJECT_ROOT,
        env=environment(port, directory) | shell,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        kept = tmp_path / "state" / "of the one that runs"
        kept.mkdir(parents=True)
        ended = start("", port, tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.strip() == f"embedded AWS: port {port} is in use"
    assert kept.exists()


def test_the_shells_own_folders_are_left_alone(tmp_path: Path) -> None:
    shells = {}
    for name in ("TMPDIR", "STATE_DIR", "HOME", "S3_DATA_DIR"):
        folder = tmp_path / "shell" / name
        folder.mkdir(parents=True)
        (folder / "file").touch()
        shells[name] = str(folder)
    refused = "from local.embedded_aws import patching; patching.EXPECTED_VERSION = '1.0'"

    start(refused, free_port(), tmp_path / "own", **shells)

    left = {path.relative_to(tmp_path / "shell") for path in (tmp_path / "shell").rglob("file")}
    assert left == {Path(name) / "file" for name in shells}


def test_another_version_of_the_package_is_refused_in_one_line(tmp_path: Path) -> None:
    program = "from local.embedded_aws import patching; patching.EXPECTED_VERSION = '1.0'"
    ended = start(program, free_port(), tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.startswith("embedded AWS: ministack 1.0 is expected, found 1.5.33: ")
    assert len(ended.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_changed_function_of_the_package_is_refused_in_one_line(tmp_path: Path) -> None:
    changed = tmp_path / "changed.py"
    changed.write_text("def _run_execution(exec_arn):\n    return None\n")
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
import changed
from ministack.services import stepfunctions
stepfunctions._run_execution = changed._run_execution
"""
    ended = start(program, free_port(), tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.startswith("ministack changed: _run_execution: 'time.sleep(0.15)' occurs 0")
    assert ended.stderr.endswith("; re-check local/embedded_aws/latency.py\n")
    assert len(ended.stderr.splitlines()) == 1
