/** The audio context of a page: one for both directions, so that the browser can cancel the echo. */

import { SegueError } from '../errors.js';
import type { OutputClock } from '../protocol/playout.js';

/** Where the two worklet files are served. */
export interface WorkletUrls {
  readonly capture: string;
  readonly playback: string;
}

/** Call from within a user's gesture: browsers let no page make sound without one. */
export async function openAudio(urls: WorkletUrls): Promise<AudioContext> {
  if (typeof AudioContext === 'undefined' || typeof AudioWorkletNode === 'undefined') {
    throw new SegueError('unsupported', 'this browser has no AudioWorklet (it needs a secure page: https or localhost)');
  }
  const context = new AudioContext({ latencyHint: 'interactive' });
  if (context.audioWorklet === undefined) {
    throw new SegueError('unsupported', 'audio worklets need a secure page: use https, or localhost');
  }
  await Promise.all([context.audioWorklet.addModule(urls.capture), context.audioWorklet.addModule(urls.playback)]);
  await context.resume();
  return context;
}

/** This page's clock, as stamps: integer nanoseconds of `performance.now()`. */
export function nowNs(): number {
  return toNs(performance.now());
}

export function toNs(milliseconds: number): number {
  return Math.round(milliseconds * 1e6);
}

/**
 * What the device is playing, as of now. `getOutputTimestamp` says which context time left the device when, its latency
 * included; where a browser does not know, the context's clock and its latencies stand in.
 */
export function readOutputClock(context: AudioContext): OutputClock {
  const nowMs = performance.now();
  const { contextTime, performanceTime } = context.getOutputTimestamp();
  const isKnown = contextTime !== undefined && performanceTime !== undefined && contextTime > 0 && performanceTime > 0;
  const atSeconds = isKnown ? contextTime : context.currentTime - context.baseLatency - (context.outputLatency ?? 0);
  const atMs = isKnown ? performanceTime : nowMs;
  const rate = context.sampleRate;
  return {
    heardFrame: Math.min(context.currentTime, atSeconds + (nowMs - atMs) / 1000) * rate,
    atNs: (frame) => toNs(atMs + (frame / rate - atSeconds) * 1000),
  };
}
