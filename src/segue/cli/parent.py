"""Supervised roles end with their supervisor, however it ends."""

import ctypes
import os
import signal
import sys

SUPERVISED = "SEGUE_SUPERVISOR_PID"
_PR_SET_PDEATHSIG = 1


def follow_parent() -> None:
    """Ask the kernel for a SIGTERM when the supervisor that started this process is gone; Linux only, else nothing."""
    parent = os.environ.get(SUPERVISED)
    if parent is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it was gone before we asked
        os.kill(os.getpid(), signal.SIGTERM)
