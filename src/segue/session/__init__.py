"""The durable kernel: journal rows, ownership by epoch, the output gate, snapshots; it knows no kind of session.

Pure: time, ids and what the store answered come in as inputs; what to do goes out as data. `docs/design/journal.md`
says why each rule is as it is.
"""
