"""What ends a run before there is a report."""


class UsageError(Exception):
    """What was asked for cannot be done: its arguments are lines for stderr, exit code 2."""
