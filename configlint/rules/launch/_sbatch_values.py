"""The values that sbatch accepts, as data: a pattern of whole texts, in any case, and what the value must be.

Source: sbatch(1) of Slurm 22.05, whose sbatch a test asks about each value of the rule's fixture;
slurm.schedmd.com/sbatch.html of 25.11 for what came since: `exclusive=topo`, `requeue=expedite`
"""

# Minutes, with hours before or seconds behind; days and hours; -1 is without an end, too.
_TIME = r"\d+(:\d+){0,2}|\d+-(\d+(:\d+){0,2})?|-1|infinite|unlimited"
_OF_TIME = "minutes, hours:minutes:seconds (24:00:00) or days-hours (2-00)"
_CLOCK = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?(\s*[ap]m)?|midnight|noon|elevenses|fika|teatime"
_DATE = r"\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])"
_MONTH, _DAY = "(0?[1-9]|1[0-2])", "([0-2]?[0-9]|3[01])"
_WHEN = rf"({_CLOCK}|{_DATE}|today|tomorrow|{_MONTH}[/.]{_DAY}([/.]\d\d)?|{_MONTH}([0-2]\d|3[01])(\d\d)?)"
_LATER = r"now\s*([+-]\s*\d+\s*((second|minute|hour|day|week)s?)?\s*)?"
_BEGIN = rf"\s*({_WHEN}([\s-]+{_WHEN})?|{_DATE}(?-i:T)({_CLOCK}))\s*|{_LATER}"
_SIZE = r"\s*\d+([kmgt]b?)?"
_OF_SIZE = "an integer with K, M, G or T (64G)"
_NUMBER, _OF_NUMBER = r"\s*0*[1-9]\d*", "an integer of 1 or more"
_NUMBERS = (
    "cpus-per-gpu", "cpus-per-task", "mincpus", "ntasks", "ntasks-per-core", "ntasks-per-node", "ntasks-per-socket",
    "tasks", "tasks-per-node", "thread-spec",
)  # fmt: skip
_MAIL = "none|all|begin|end|fail|requeue|invalid_depend|stage_out|time_limit(_(50|80|90))?|array_tasks"
_SIGNAL = r"(sig)?(hup|int|quit|abrt|kill|alrm|term|usr1|usr2|urg|cont|stop|tstp|ttin|ttou)|\d+"

FORMS = {
    **dict.fromkeys(("delay-boot", "time", "time-min"), (_TIME, _OF_TIME)),
    "begin": (_BEGIN, "a time (16:00), a day (tomorrow, 2030-01-20T16:00) or now+2hours"),
    **dict.fromkeys(("mem", "mem-per-cpu", "mem-per-gpu", "tmp"), (_SIZE, _OF_SIZE)),
    **dict.fromkeys(_NUMBERS, (_NUMBER, _OF_NUMBER)),
    "exclusive": ("user|mcs|topo", "true (whole nodes), user, mcs or topo"),
    "kill-on-invalid-dep": ("yes|no", "yes or no in quotes"),
    "mail-type": (rf"({_MAIL})(\s*,\s*({_MAIL}))*", "ALL or a list of BEGIN, END, FAIL, REQUEUE, TIME_LIMIT, …"),
    "no-kill": ("off", "true or off"),
    # Since 23.11 also a list.
    "nodes": (r"\s*\d+[km]?([-,:]\d+[km]?)*", "a number or a range (2-4)"),
    "open-mode": ("append|truncate|a|t", "append or truncate"),
    "signal": (rf"([br]+:)?({_SIGNAL})(@\d*)?", "a signal and the seconds before the end (TERM@120)"),
    "switches": (r"\s*\d+(@.*)?", "a number, optionally with the time to wait for them (1@10:00)"),
    "wait-all-nodes": (r"\s*[01]", "0 or 1"),
}
# Options without a value; requeue can have one in later releases.
FLAGS = (
    "contiguous", "help", "hold", "ignore-pbs", "no-requeue", "overcommit", "oversubscribe", "parsable", "quiet",
    "reboot", "requeue", "spread-job", "test-only", "usage", "use-min-nodes", "verbose", "version", "wait",
)  # fmt: skip
OF_FLAGS = {"requeue": "expedite"}
# Options that may have one, or came too late to be asked about.
FREE = (
    "consolidate-segments", "exclusive", "get-user-env", "nice", "no-kill", "oom-kill-step", "propagate",
    "resv-ports", "spread-segments", "stepmgr",
)  # fmt: skip
