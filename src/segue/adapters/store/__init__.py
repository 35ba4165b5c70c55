"""The store: where journals live. `port` says what one must do; `sqlite` and `memory` do it."""
