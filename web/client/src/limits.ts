/** Every bound and duration of the client, with its reason. */

/** As the server's own replay ring: what it cannot take on a resume need not be kept. Full: the session ends. */
export const UPLINK_RING_CHARS_MAX = 32 * 1024 * 1024;
/** Six minutes of 20 ms frames. */
export const UPLINK_RING_MESSAGES_MAX = 20_000;

/** The server's format both ways, and the frame the microphone is sent in. */
export const WIRE_RATE_HZ = 24_000;
export const FRAME_SAMPLES = 480;

/** How often the core is told what was heard, while something is. */
export const PLAYOUT_EVERY_MS = 100;

/** Clock exchange: a burst at the start, then now and then; the best of the last ones counts. */
export const CLOCK_BURST = 8;
export const CLOCK_BURST_EVERY_MS = 50;
export const CLOCK_EVERY_MS = 5_000;
export const CLOCK_SAMPLES_MAX = 16;

/** A clock ping that nothing at all has come after for this long: the socket is dead. A core may restart meanwhile. */
export const SILENCE_MS_MAX = 8_000;
/** From the open socket to `segue.session`. The edge waits for a core itself; after this another edge may have one. */
export const HANDSHAKE_MS_MAX = 10_000;

/** Redialling: quick at first (a restart takes a second), then patient; lost after this long. */
export const RETRY_FIRST_MS = 150;
export const RETRY_GROWTH = 1.6;
export const RETRY_MS_MAX = 3_000;
export const GIVE_UP_AFTER_MS = 60_000;
/** A connection that died younger than this did not live: the ladder goes on instead of beginning anew. */
export const LIVED_AFTER_MS = 5_000;
/** A browser hides why an upgrade failed. So often in a row by an edge that says it is ready: we are not wanted. */
export const REFUSALS_MAX = 3;

/** Turns whose hops are kept for display. */
export const TURNS_MAX = 200;
