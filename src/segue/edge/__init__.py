"""The edge process: terminates HTTP and WebSocket, checks tokens, routes flows to cores, holds bounded buffers.

It knows nothing of sessions: messages pass through it unread, and whatever it holds may vanish.
"""
