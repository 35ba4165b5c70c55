"""Where the time of a turn went: marks, clock relations, hops that tile the path, histograms and records.

Pure: stamps come in as arguments. It knows no session, no wire format and no screen; docs/design/time.md has the maths.
"""
