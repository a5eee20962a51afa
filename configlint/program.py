"""The program: arguments in, exit code out."""

from __future__ import annotations

import gc
import os
import sys

from configlint.commands.console import CLEAN, failure, prepare
from configlint.core.typing import Any
from configlint.host import signals

# Options of `check` that hooks give, by the names that its function has for them.
PLAIN = {
    "--advice": "whole",
    "--exit-zero": "exit_zero",
    "--fix": "fix",
    "--pass-over": "pass_over",
    "--quiet": "quiet",
}


def main(at_once: bool = False) -> None:
    """Run what the command line says, and exit.

    `at_once` ends a plain check without taking down what is loaded, which is a tenth of its time.
    """
    # A process this short has no garbage worth collecting: that would be a tenth of its time, and a
    # third over a thousand specs.
    gc.disable()
    prepare()
    try:
        with signals.raised():
            code = _run(sys.argv[1:])
    except signals.Stopped as stopped:
        signals.die_of(stopped.number)
        raise
    if at_once and is_plain_check(sys.argv[1:]) and not sys.getprofile() and not sys.gettrace():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    gc.freeze()  # nor at the exit
    sys.exit(code or CLEAN)


def _run(arguments: list[str]) -> int:
    try:
        if is_plain_check(arguments):
            from configlint.commands.check import check

            flags: dict[str, Any] = {PLAIN[argument]: True for argument in arguments if argument in PLAIN}
            return check(tuple(argument for argument in arguments[1:] if argument not in PLAIN), **flags)
        from configlint import cli

        return cli.run()
    except KeyboardInterrupt:  # where signals are not ours to catch
        return 130
    except Exception as error:
        return failure(error)


def is_plain_check(arguments: list[str]) -> bool:
    """Whether these are `check`, files and flags only: then there is nothing to parse, and click, which would be a
    quarter of the time, is not loaded. On Windows it expands patterns, and a shell may ask it for completions."""
    words = [argument for argument in arguments[1:] if argument not in PLAIN]
    is_check = arguments[:1] == ["check"] and not any(word.startswith("-") for word in words)
    return is_check and os.name != "nt" and "_CONFIGLINT_COMPLETE" not in os.environ
