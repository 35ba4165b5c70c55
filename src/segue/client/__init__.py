"""The Python client: a connection that survives its edge, a player that knows what was heard, a scripted caller.

`resume.py` is the pure ledger of what must be sent again; `connection.py` the socket and its reconnects; `player.py` an
ideal 1x audio device; `caller.py` a scripted conversation; `load.py` many of them.
"""

from segue.client.caller import Caller, CallReport, Line
from segue.client.connection import Connection, ConnectionConfig

__all__ = ["CallReport", "Caller", "Connection", "ConnectionConfig", "Line"]
