"""The core process: holds sessions, each driven by exactly one task around one pure machine.

`sessions.py` finds or wakes the session of a flow, `host.py` drives one, `hearing.py` is its ear, `speaker.py` its
mouth, `downlink.py` tells its client what the journal says, `operations.py` has models and tools do its work,
`attachment.py` is one client connection, `links.py` the trunk to the edges, `clocks.py` relates their clocks, `ops.py`
and `metrics.py` are for the operator, `server.py` is all of it together. It performs and carries; what things mean is
decided in `voice`.
"""
