/**
 * When a context frame was rendered, on this page's clock.
 *
 * The audio thread has no such clock; the main thread has it when a message arrives, late by what it was busy with. So
 * the earliest arrival of the last seconds, relative to its frame, is the truth, and lateness of a single message is not.
 */

export class CaptureClock {
  /** Smallest `arrival - frame time` per bucket, oldest first. */
  private buckets: { readonly startedAtMs: number; leastMs: number }[] = [];

  constructor(private readonly rateHz: number) {}

  /** A message with audio up to `frame` arrived. */
  handleArrival(frame: number, nowMs: number): void {
    const offsetMs = nowMs - (frame * 1000) / this.rateHz;
    const last = this.buckets.at(-1);
    if (last !== undefined && Math.abs(offsetMs - last.leastMs) > STEP_MS) this.buckets = [];
    const current = this.buckets.at(-1);
    if (current !== undefined && nowMs - current.startedAtMs < BUCKET_MS) {
      current.leastMs = Math.min(current.leastMs, offsetMs);
    } else {
      this.buckets.push({ startedAtMs: nowMs, leastMs: offsetMs });
      if (this.buckets.length > BUCKETS_MAX) this.buckets.shift();
    }
  }

  /** Milliseconds of this page's clock at which `frame` was rendered. */
  atMs(frame: number): number {
    const leastMs = this.buckets.reduce((least, one) => Math.min(least, one.leastMs), Infinity);
    return (frame * 1000) / this.rateHz + leastMs;
  }
}

/** Ten seconds are remembered: enough for a quiet moment of the main thread, short enough for two crystals to drift 1 ms. */
const BUCKET_MS = 1_000;
const BUCKETS_MAX = 10;
/** The context was suspended and went on, or the device changed: what was known is void. */
const STEP_MS = 500;
