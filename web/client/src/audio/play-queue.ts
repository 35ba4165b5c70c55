/**
 * The queue behind the speaker: items in order, held, resumed and cleared, rendered block by block.
 *
 * Runs in the audio thread; pure, so that it is tested outside of it. What it says it rendered is what the device plays.
 * Rules: a hold or a clear fades out within one block and renders nothing after it; a resume goes on with the very next
 * sample. Resampling happens as it is rendered, so that a burst of arrivals costs the audio thread nothing.
 */

import { WIRE_RATE_HZ } from '../limits.js';
import type { RenderedSpan } from '../protocol/playout.js';
import { Resampler } from './resampler.js';

class QueuedItem {
  private readonly chunks: Int16Array[] = [];
  private readonly resampler: Resampler;
  private ready: Float32Array = new Float32Array(0);
  private readyAt = 0;
  private received = 0;
  private rendered = 0;
  private isEnded = false;
  private isFlushed = false;

  constructor(
    readonly itemId: string,
    private readonly outputRateHz: number,
  ) {
    this.resampler = new Resampler(WIRE_RATE_HZ, outputRateHz);
  }

  push(pcm: Int16Array): void {
    this.chunks.push(pcm);
    this.received += pcm.length;
  }

  end(): void {
    this.isEnded = true;
  }

  /** Samples of the item rendered so far. */
  get place(): number {
    return Math.min(this.received, Math.floor((this.rendered * WIRE_RATE_HZ) / this.outputRateHz));
  }

  get isOver(): boolean {
    return this.isFlushed && this.readyAt >= this.ready.length;
  }

  /** Fill as much of `out` as there is; returns how many frames. */
  render(out: Float32Array): number {
    let filled = 0;
    while (filled < out.length && this.fill()) {
      const count = Math.min(out.length - filled, this.ready.length - this.readyAt);
      out.set(this.ready.subarray(this.readyAt, this.readyAt + count), filled);
      this.readyAt += count;
      filled += count;
    }
    this.rendered += filled;
    return filled;
  }

  private fill(): boolean {
    while (this.readyAt >= this.ready.length) {
      const chunk = this.take();
      if (chunk !== null) {
        this.ready = this.resampler.push(Float32Array.from(chunk, (sample) => sample / 32768));
      } else if (this.isEnded && !this.isFlushed) {
        this.isFlushed = true;
        const total = Math.ceil((this.received * this.outputRateHz) / WIRE_RATE_HZ);
        this.ready = this.resampler.flush().subarray(0, Math.max(0, total - this.rendered));
      } else {
        return false;
      }
      this.readyAt = 0;
    }
    return true;
  }

  private take(): Int16Array | null {
    const chunk = this.chunks[0];
    if (chunk === undefined) return null;
    if (chunk.length <= STEP_SAMPLES) {
      this.chunks.shift();
      return chunk;
    }
    this.chunks[0] = chunk.subarray(STEP_SAMPLES);
    return chunk.subarray(0, STEP_SAMPLES);
  }
}

type Fading = 'out' | 'in' | null;

export class PlayQueue {
  private items: QueuedItem[] = [];
  private spans: RenderedSpan[] = [];
  private isHeld = false;
  private fading: Fading = null;
  private clearing: string | null = null;

  constructor(private readonly outputRateHz: number) {}

  /** Queue samples of an item behind what is queued; a new item says that those before it are whole. */
  push(itemId: string, pcm: Int16Array): void {
    let item = this.items.find((one) => one.itemId === itemId);
    if (item === undefined) {
      for (const earlier of this.items) earlier.end();
      item = new QueuedItem(itemId, this.outputRateHz);
      this.items.push(item);
    }
    item.push(pcm);
  }

  /** No more of this item comes. */
  end(itemId: string): void {
    this.items.find((one) => one.itemId === itemId)?.end();
  }

  hold(): void {
    if (!this.isHeld) this.fading = 'out';
    this.isHeld = true;
  }

  goOn(): void {
    if (this.isHeld) this.fading = 'in';
    this.isHeld = false;
  }

  /** Throw away what is left of an item; a hold ends with it. */
  clear(itemId: string): void {
    const isSounding = this.items[0]?.itemId === itemId && (!this.isHeld || this.fading === 'out');
    if (isSounding) {
      this.clearing = itemId;
      this.fading = 'out';
    } else {
      this.items = this.items.filter((one) => one.itemId !== itemId);
      if (this.isHeld) this.fading = 'in';
    }
    this.isHeld = false;
  }

  /** Fill one block that begins at context frame `frame`. */
  render(out: Float32Array, frame: number): void {
    out.fill(0);
    if (this.isHeld && this.fading !== 'out') return;
    let at = 0;
    while (at < out.length) {
      const item = this.items[0];
      if (item === undefined) break;
      at += this.renderItem(item, out.subarray(at), frame + at);
      if (!item.isOver) break;
      this.items.shift();
    }
    this.fade(out);
    if (this.clearing !== null) {
      this.items = this.items.filter((one) => one.itemId !== this.clearing);
      this.clearing = null;
    }
  }

  /** What was rendered since the last call. */
  takeSpans(): RenderedSpan[] {
    const spans = this.spans;
    this.spans = [];
    return spans;
  }

  private renderItem(item: QueuedItem, out: Float32Array, frame: number): number {
    const before = item.place;
    const frames = item.render(out);
    if (frames > 0) {
      this.spans.push({ itemId: item.itemId, frame, frames, sample: before, samples: item.place - before });
    }
    return frames;
  }

  private fade(out: Float32Array): void {
    if (this.fading === null) return;
    const isOut = this.fading === 'out';
    for (let i = 0; i < out.length; i += 1) {
      const share = (i + 1) / out.length;
      out[i] = (out[i] as number) * (isOut ? 1 - share : share);
    }
    this.fading = null;
  }
}

/** Input resampled at a time: about one block's worth. */
const STEP_SAMPLES = 64;
