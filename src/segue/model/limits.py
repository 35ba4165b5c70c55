"""Every bound, with its reason. A full thing refuses, drops its oldest or closes: the policy is named beside the bound.

Relations between bounds are asserted at import, so that one cannot be changed into a deadlock with another.
"""

APPEND_BYTES_MAX = 15 * 1024 * 1024
"""One audio append, decoded. OpenAI Realtime's own bound. Over it: the event is refused with an error."""

CLIENT_MESSAGE_BYTES_MAX = 21 * 1024 * 1024
"""One client message: an append in base64 and its envelope. Over it: the socket is closed with 1009."""

TRUNK_FRAME_BYTES_MAX = 22 * 1024 * 1024
"""One trunk frame: a client message and its header. Over it: the trunk link is closed (a peer of ours is broken)."""

UPLINK_RING_BYTES_MAX = 48 * 1024 * 1024
"""Replay ring of one flow at an edge. Full: the edge stops reading that client until the core releases. A message of
the largest size is decided by what comes after it (more audio, a commit), so both must fit beside one still to come."""

UPLINK_RING_MESSAGES_MAX = 20_000
"""The same in messages: about six minutes of 20 ms frames."""

FLOW_CREDIT_BYTES = 1024 * 1024
"""What one side of the trunk may have in flight on one flow beyond the other's grant; one frame may overdraw it."""

UNRELEASED_AUDIO_MS_MAX = 20_000
"""Undecided user audio before the core writes it to the journal and releases it; a third of what a ring can hold."""

EDGE_FLOWS_MAX = 10_000
"""Client connections of one edge. Full: 503 with `Retry-After`."""

CORE_SESSIONS_MAX = 2_000
"""Live sessions of one core. Full: the flow is refused, and the edge answers 503."""

SPOKEN_LEAD_MS_MAX = 20_000
"""Speech sent beyond the playout position. Full: synthesis waits; bounds the client's buffer and what a cut loses."""

SESSION_IDLE_MS_MAX = 15 * 60 * 1000
"""A session with no attachment is put to rest (its journal stays, a resume wakes it)."""

INSTRUCTIONS_CHARS_MAX = 100_000
ITEM_TEXT_CHARS_MAX = 100_000
HISTORY_ITEMS_MAX = 2_000
TOOLS_MAX = 128
RESPONSE_SEGMENTS_MAX = 1_000
"""Bounds of one session's content. Over: the event is refused with an error."""

STT_AUDIO_MS_MAX = 15_000
"""Longest span given to the recogniser at once (its cost grows faster than its length); longer utterances are split."""

HEARTBEAT_MS = 50
SUSPECT_AFTER_MS = 250
"""Trunk heartbeats, and the silence after which the other side is suspected."""

RESUME_TOKEN_TTL_S = 3_600
"""Life of a resume token; renewed on each attachment."""

assert APPEND_BYTES_MAX * 4 // 3 < CLIENT_MESSAGE_BYTES_MAX < TRUNK_FRAME_BYTES_MAX < UPLINK_RING_BYTES_MAX
assert CLIENT_MESSAGE_BYTES_MAX * 2 + UNRELEASED_AUDIO_MS_MAX * 48 * 4 // 3 < UPLINK_RING_BYTES_MAX, (
    "what decides the largest message must be read while it is held"
)
assert STT_AUDIO_MS_MAX < UNRELEASED_AUDIO_MS_MAX
assert SUSPECT_AFTER_MS >= 3 * HEARTBEAT_MS
