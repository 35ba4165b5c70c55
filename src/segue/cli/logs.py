"""How the roles' log lines are printed: JSON, one a line, on stderr; as text for people where stderr is a terminal.

Tracebacks go without the values of variables: those may be what was said, or a key.
"""

import sys
from typing import TextIO

import structlog
from structlog.typing import Processor


def print_logs(into: TextIO | None = None) -> None:
    """Print this process's log lines from now on; `into` is stderr unless said otherwise."""
    stream = into or sys.stderr
    processors: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if stream.isatty():
        processors.append(structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback))
    else:
        processors += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    structlog.configure(
        processors=processors,
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
