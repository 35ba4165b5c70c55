"""The command line: reads configuration, builds the parts, runs them. The only place that prints."""

import sys


def main() -> None:
    """Run `segue`; an error of ours is one line on stderr and an exit status, never a stack trace."""
    from segue.cli.app import run  # the command line's libraries are loaded only when it is the command line

    sys.exit(run(sys.argv[1:]))
