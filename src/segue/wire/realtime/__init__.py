"""OpenAI Realtime (GA), the native voice protocol, and the `segue.*` events added to it.

`session.py` the session object, `items.py` conversation items and responses, `client.py` what clients send,
`server.py` what they are sent, `cursor.py` event ids that are resume cursors, `errors.py` the codes clients depend on.
Source: facts of the public GA protocol, mid-2026; unknown keys are ignored, as OpenAI does.
"""
