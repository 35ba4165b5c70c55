/**
 * Capture straight from the track, where the browser can (Chromium): each chunk says when it was captured, and none waits
 * in front of the audio graph, which costs 5 to 18 ms and does not say which.
 */

import { CaptureClock } from './capture-clock.js';
import { Framer } from './framer.js';
import type { OnCaptured } from './microphone.js';

/** What no type library has yet. */
interface AudioChunk {
  readonly timestamp: number;
  readonly numberOfFrames: number;
  readonly sampleRate: number;
  copyTo(destination: Float32Array, options: { planeIndex: number; format: 'f32-planar' }): void;
  close(): void;
}

type TrackProcessor = new (init: { track: MediaStreamTrack; maxBufferSize: number }) => {
  readonly readable: ReadableStream<AudioChunk>;
};

export function findTrackProcessor(): TrackProcessor | null {
  return (globalThis as { MediaStreamTrackProcessor?: TrackProcessor }).MediaStreamTrackProcessor ?? null;
}

export class TrackCapture {
  private readonly reader: ReadableStreamDefaultReader<AudioChunk>;
  private framer: Framer | null = null;
  private clock: CaptureClock | null = null;
  private rateHz = 0;
  private position = 0;

  constructor(
    processor: TrackProcessor,
    track: MediaStreamTrack,
    private readonly onCaptured: OnCaptured,
  ) {
    this.reader = new processor({ track, maxBufferSize: WAITING_CHUNKS_MAX }).readable.getReader();
  }

  /** Deliver frames until the track ends or this is closed. */
  async run(): Promise<void> {
    for (;;) {
      const { value, done } = await this.reader.read();
      if (done) return;
      this.handleChunk(value, performance.now());
      value.close();
    }
  }

  close(): void {
    void this.reader.cancel();
  }

  private handleChunk(chunk: AudioChunk, nowMs: number): void {
    if (chunk.sampleRate !== this.rateHz || this.framer === null || this.clock === null) {
      this.rateHz = chunk.sampleRate;
      this.framer = new Framer(chunk.sampleRate);
      this.clock = new CaptureClock(chunk.sampleRate);
      this.position = 0;
    }
    const block = new Float32Array(chunk.numberOfFrames);
    chunk.copyTo(block, { planeIndex: 0, format: 'f32-planar' });
    const frames = this.framer.push(block, this.position);
    this.position += block.length;
    this.clock.handleArrival(this.position, nowMs);
    const endMs = this.endMs(chunk, nowMs, this.clock);
    for (const { pcm, endFrame } of frames) {
      this.onCaptured(pcm, endMs - ((this.position - endFrame) * 1000) / this.rateHz);
    }
  }

  /** When the last sample of a chunk was at the microphone: never after we had it, whatever its stamp means. */
  private endMs(chunk: AudioChunk, nowMs: number, clock: CaptureClock): number {
    const stampedMs = (chunk.timestamp + (chunk.numberOfFrames * 1e6) / chunk.sampleRate) / 1000;
    const isOurClock = Math.abs(nowMs - stampedMs) < CLOCK_APART_MS;
    return Math.min(isOurClock ? stampedMs : Infinity, clock.atMs(this.position));
  }
}

/** Two seconds of a busy main thread; older chunks are lost then. */
const WAITING_CHUNKS_MAX = 200;
/** A chunk's stamp counts from the page's own time origin. Further off than this it does not. */
const CLOCK_APART_MS = 3_000;
