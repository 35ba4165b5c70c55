"""The trunk link: one authenticated TCP connection between one edge and one core.

`port` has the words both ends share, `handshake` the mutual proof, `credit` the accounting of payload in flight, `link`
the connection itself with `dial_trunk` (edge), and `listener` has `serve_trunk` (core).
"""
