"""The offline responder: rules, not a network. Small, deterministic, and honest about it.

All of it but `responder` is pure: a request in, one reply out, everything it knows is in the request.
"""
