"""The options of sbatch, as data, and which one a name was meant for.

Source: sbatch(1) and `sbatch --help` of Slurm 22.05, whose sbatch a test asks about each;
slurm.schedmd.com/sbatch.html of 25.11 for what came since: consolidate-segments, container-id, extra,
oom-kill-step, resources, resv-ports, segment, spread-segments, stepmgr, tres-bind, tres-per-task;
`srun --help` in the wiki of NVIDIA/pyxis (Usage)
"""

from __future__ import annotations

from configlint.core.plan import Plan

OPTIONS = (
    "account", "acctg-freq", "array", "batch", "bb", "bbf", "begin", "chdir", "cluster-constraint", "clusters",
    "comment", "consolidate-segments", "constraint", "container", "container-id", "contiguous", "core-spec",
    "cores-per-socket", "cpu-freq", "cpus-per-gpu", "cpus-per-task", "deadline", "delay-boot", "dependency",
    "distribution", "error", "exclude", "exclusive", "export", "export-file", "extra", "extra-node-info",
    "get-user-env", "gid", "gpu-bind", "gpu-freq", "gpus", "gpus-per-node", "gpus-per-socket", "gpus-per-task",
    "gres", "gres-flags", "help", "hint", "hold", "ignore-pbs", "input", "job-name", "kill-on-invalid-dep",
    "licenses", "mail-type", "mail-user", "mcs-label", "mem", "mem-bind", "mem-per-cpu", "mem-per-gpu", "mincpus",
    "network", "nice", "no-kill", "no-requeue", "nodefile", "nodelist", "nodes", "ntasks", "ntasks-per-core",
    "ntasks-per-gpu", "ntasks-per-node", "ntasks-per-socket", "oom-kill-step", "open-mode", "output", "overcommit",
    "oversubscribe", "parsable", "partition", "power", "prefer", "priority", "profile", "propagate", "qos", "quiet",
    "reboot", "requeue", "reservation", "resources", "resv-ports", "segment", "signal", "sockets-per-node",
    "spread-job", "spread-segments", "stepmgr", "switches", "tasks", "tasks-per-node", "test-only", "thread-spec",
    "threads-per-core", "time", "time-min", "tmp", "tres-bind", "tres-per-task", "uid", "usage", "use-min-nodes",
    "verbose", "version", "wait", "wait-all-nodes", "wckey", "wrap",
)  # fmt: skip
# The letters that stand for some of them.
SHORT = {
    "A": "account", "B": "extra-node-info", "C": "constraint", "D": "chdir", "F": "nodefile", "G": "gpus",
    "H": "hold", "J": "job-name", "L": "licenses", "M": "clusters", "N": "nodes", "O": "overcommit", "Q": "quiet",
    "S": "core-spec", "W": "wait", "a": "array", "b": "begin", "c": "cpus-per-task", "d": "dependency",
    "e": "error", "i": "input", "k": "no-kill", "m": "distribution", "n": "ntasks", "o": "output",
    "p": "partition", "q": "qos", "s": "oversubscribe", "t": "time", "v": "verbose", "w": "nodelist",
    "x": "exclude",
}  # fmt: skip
# Options of srun that sbatch refuses.
OF_SRUN = (
    "accel-bind", "bcast", "compress", "cpu-bind", "disable-status", "epilog", "exact", "immediate", "interactive",
    "kill-on-bad-exit", "label", "mpi", "msg-timeout", "multi-prog", "overlap", "preserve-env", "prolog", "pty",
    "quit-on-interrupt", "relative", "slurmd-debug", "task-epilog", "task-prolog", "unbuffered", "whole", "x11",
)  # fmt: skip
# Options of srun that pyxis adds.
PYXIS = (
    "container-entrypoint", "container-entrypoint-log", "container-env", "container-image", "container-mount-home",
    "container-mounts", "container-name", "container-readonly", "container-remap-root", "container-save",
    "container-workdir", "container-writable", "no-container-entrypoint", "no-container-mount-home",
    "no-container-remap-root",
)  # fmt: skip
# What people call some of them.
ALSO = {
    "cores": "cpus-per-task", "cpu": "cpus-per-task", "cpus": "cpus-per-task", "email": "mail-user",
    "memory": "mem", "name": "job-name", "project": "account", "queue": "partition", "ram": "mem",
    "timeout": "time", "timelimit": "time", "walltime": "time",
}  # fmt: skip


def begun(name: str) -> str | None:
    """The option of sbatch that a name is short for: it takes the beginning of one, where no other begins so."""
    options = [option for option in (*OPTIONS, *PYXIS) if len(name) > 1 and option.startswith(name)]
    return options[0] if len(options) == 1 and options[0] in OPTIONS else None


def meant(plan: Plan, name: str) -> str | None:
    """The option that a name which is none most likely stands for."""
    if name in SHORT:
        return SHORT[name]
    folded = name.lower().replace("-", "").replace("_", "")
    return ALSO.get(folded) or plan.nearest(name, (*OPTIONS, *PYXIS))
