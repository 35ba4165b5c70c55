"""The words every floor shares: ids, instants, audio formats, errors and limits.

Pure: no clock, no I/O, no third-party import.
"""
