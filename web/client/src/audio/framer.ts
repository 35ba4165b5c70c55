/** Microphone samples at the device's rate in, frames of 480 int16 samples at 24 kHz out, each with its place in time. */

import { FRAME_SAMPLES, WIRE_RATE_HZ } from '../limits.js';
import { toInt16 } from './pcm.js';
import { Resampler } from './resampler.js';

export interface CapturedFrame {
  readonly pcm: Int16Array<ArrayBuffer>;
  /** Context frame right behind the last sample. */
  readonly endFrame: number;
}

export class Framer {
  private readonly resampler: Resampler;
  private pcm = new Int16Array(FRAME_SAMPLES);
  private filled = 0;
  private produced = 0;
  private firstFrame: number | null = null;

  constructor(private readonly deviceRateHz: number) {
    this.resampler = new Resampler(deviceRateHz, WIRE_RATE_HZ);
  }

  /** Take a block that began at context frame `frame`. After a gap the count begins anew. */
  push(block: Float32Array, frame: number): CapturedFrame[] {
    this.firstFrame ??= frame;
    const frames: CapturedFrame[] = [];
    for (const sample of this.resampler.push(block)) {
      this.pcm[this.filled] = toInt16(sample);
      this.filled += 1;
      this.produced += 1;
      if (this.filled === FRAME_SAMPLES) {
        frames.push({ pcm: this.pcm, endFrame: this.firstFrame + (this.produced * this.deviceRateHz) / WIRE_RATE_HZ });
        this.pcm = new Int16Array(FRAME_SAMPLES);
        this.filled = 0;
      }
    }
    return frames;
  }
}
