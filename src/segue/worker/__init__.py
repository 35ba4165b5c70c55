"""The worker runtime: runs one attempt of one operation at a configured provider, in this process.

`providers.py` is who can be asked, `runner.py` runs an attempt, `speech.py` and `dialogue.py` say what running each
kind means. It knows no session and keeps nothing: retry, deadline and fallback are the session's.
"""
