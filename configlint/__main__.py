"""`configlint`, and `python -m configlint`."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # The folder that is checked: a click.py in it is not ours to import.
    del sys.path[0]

import signal


def main() -> None:
    """The program, from its first import on."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # While there is nothing to clean up, Ctrl-C ends the program without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from configlint.program import main

    main()


if __name__ == "__main__":
    main()
