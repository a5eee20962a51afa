"""A real Slurm on this host, for tests: four nodes of eight GPUs, which are null devices.

Everything is in a temporary folder and on free ports. The nodes are named by addresses of the loopback
network, so that every program finds them and /etc/hosts stays as it is. Needs root, munge and slurm-wlm.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

NODES, GPUS = 4, 8
START_SECONDS, JOB_SECONDS = 60, 300
_ACTIVE = {"PENDING", "CONFIGURING", "RUNNING", "COMPLETING"}
_PATH = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin"
_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthInfo=socket={folder}/munge/socket
SlurmctldPort={port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmdSpoolDir={folder}/spool-%n
StateSaveLocation={folder}/state
PlugStackConfig={folder}/plugstack.conf
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
KillWait=2
"""


class Job(NamedTuple):
    """What became of a job, or of the elements of an array, and what it wrote to its output."""

    state: str
    output: str


def missing() -> str | None:
    """Why there can be no cluster here."""
    programs = [name for name in ("munged", "slurmctld", "slurmd", "sbatch") if not shutil.which(name, path=_PATH)]
    if programs:
        return f"not installed: {', '.join(programs)} (apt-get install munge slurm-wlm)"
    return None if os.geteuid() == 0 else "slurmd needs root"


@contextmanager
def cluster() -> Iterator[Path]:
    """Slurm's configuration file, for SLURM_CONF, while the cluster runs."""
    with ExitStack() as stack:
        # Short, as the name of a socket may have 107 characters.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True)))
        folder.chmod(0o755)
        names = [f"127.0.0.{number}" for number in range(1, NODES + 1)]
        conf = _configure(folder, names)
        environment = {**os.environ, "PATH": _PATH, "SLURM_CONF": str(conf)}

        def start(name: str, *command: str) -> None:
            stack.enter_context(_daemon([*command], environment, folder / f"{name}.log"))

        munge = folder / "munge"
        options = {"socket": "socket", "key-file": "key", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        start(
            "munged", "munged", "--foreground", "--force", *(f"--{key}={munge / options[key]}" for key in options)
        )
        wait(lambda: (munge / "socket").exists(), folder)
        start("slurmctld", "slurmctld", "-D", "-i")
        for name in names:
            start(name, "slurmd", "-D", "-N", name)
        stack.callback(_cancel_all, environment)
        wait(lambda: _said(["sinfo", "-hNo", "%t"], environment).split() == ["idle"] * NODES, folder)
        yield conf


def run(
    command: Sequence[str],
    cwd: Path,
    environment: dict[str, str],
    meanwhile: Callable[[str], None] = lambda id: None,
) -> Job:
    """Submit a job with an sbatch command, do something with its id, and wait for its end."""
    output = cwd / "job.out"
    command = [command[0], f"--output={output}", "--open-mode=truncate", "--parsable", *command[1:]]
    submitted = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if submitted.returncode != 0:
        return Job("REFUSED", submitted.stderr)
    id = submitted.stdout.strip()
    meanwhile(id)
    shown = ["squeue", "-ho", "%T", "-t", "all", "-j", id]
    end = time.monotonic() + JOB_SECONDS
    while not _ACTIVE.isdisjoint(states := set(_said(shown, environment).split())):
        if time.monotonic() > end:
            states.add(f"after {JOB_SECONDS} s")
            break
        time.sleep(0.1)
    return Job(" ".join(sorted(states)), output.read_text() if output.exists() else "")


def _configure(folder: Path, names: Sequence[str]) -> Path:
    for name in ("munge", "state"):
        (folder / name).mkdir(mode=0o711)
    (folder / "munge" / "key").write_bytes(os.urandom(128))
    (folder / "munge" / "key").chmod(0o600)
    for number in range(GPUS):
        os.mknod(folder / f"gpu{number}", stat.S_IFCHR, os.makedev(1, 3))
    (folder / "gres.conf").write_text(f"Name=gpu File={folder}/gpu[0-{GPUS - 1}]\n")
    (folder / "plugstack.conf").touch()
    host = socket.gethostname()
    first, *ports = _free_ports(1 + len(names))
    text = _CONF.format(folder=folder, host=host, port=first)
    for name, port in zip(names, ports, strict=True):
        text += f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=128 Gres=gpu:{GPUS}\n"
    text += f"PartitionName=gpu Nodes={','.join(names)} Default=YES MaxTime=24:00:00\n"
    conf = folder / "slurm.conf"
    conf.write_text(text)
    return conf


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def _daemon(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("w") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _cancel_all(environment: dict[str, str]) -> None:
    """What a job started outlives the daemons."""
    end = time.monotonic() + 15
    while _said(["squeue", "-ho", "%i"], environment).strip() and time.monotonic() < end:
        _said(["scancel", "--user=root"], environment)
        time.sleep(0.2)


def wait(ready: Callable[[], bool], folder: Path) -> None:
    """Raises:
    TimeoutError: it took too long; with the ends of the logs in a folder.
    """
    end = time.monotonic() + START_SECONDS
    while not ready():
        if time.monotonic() > end:
            logs = "".join(f"{path.name}:\n{path.read_text()[-2000:]}\n" for path in sorted(folder.glob("*.log")))
            raise TimeoutError(f"not ready after {START_SECONDS} s\n{logs}")
        time.sleep(0.05)


def _said(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout
