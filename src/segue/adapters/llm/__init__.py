"""Dialogue: the words the agent says next, and the tools it calls."""
