"""What crosses a process boundary: trunk frames, tokens, OpenAI Realtime events. Decoded once, here; pure."""
