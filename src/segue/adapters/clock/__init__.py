"""The clock: the only way a process learns the time."""
