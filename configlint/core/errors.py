"""What ends a run before there is a report."""


class UsageError(Exception):
    """What was asked for cannot be done: a line for stderr, exit code 2."""
