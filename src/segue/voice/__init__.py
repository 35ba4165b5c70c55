"""The voice kind of session: turns, endpointing, barge-in, the playout ledger and the operations of a turn. Pure."""
