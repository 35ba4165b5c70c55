/**
 * What the ear has had of each agent item, from what the playback worklet says it rendered and when the device plays it.
 *
 * Positions are samples of 24 kHz from the item's beginning; places in time are frames of the audio context. A rendered
 * sample cannot be taken back: after a cut, what was rendered counts as played.
 */

import { WIRE_RATE_HZ } from '../limits.js';

/** `samples` samples of an item from `sample` on were rendered into `frames` frames from `frame` on. */
export interface RenderedSpan {
  readonly itemId: string;
  readonly frame: number;
  readonly frames: number;
  readonly sample: number;
  readonly samples: number;
}

/** Context frames to this page's clock, by what the audio device says it is playing now. */
export interface OutputClock {
  /** The frame that is at the ear now. */
  readonly heardFrame: number;
  /** When a frame is (was) at the ear. */
  atNs(frame: number): number;
}

export interface PlayoutReport {
  readonly itemId: string;
  readonly playedMs: number;
  readonly bufferedMs: number;
  readonly startedAtNs: number | null;
  readonly receivedAtNs: number | null;
  /** All of it has arrived. */
  readonly isWhole: boolean;
  readonly isCut: boolean;
  /** Nothing more of it will be heard. */
  readonly isDone: boolean;
}

interface Item {
  readonly receivedAtNs: number | null;
  received: number;
  startedAtNs: number | null;
  /** Spans not wholly heard; what was before is in `heard`. */
  spans: RenderedSpan[];
  heard: number;
  isEnded: boolean;
  isCut: boolean;
  reportedSamples: number;
  isReportedDone: boolean;
}

export class PlayoutLedger {
  private readonly items = new Map<string, Item>();

  /** Audio of an item arrived; false if it was cut and must not be played. */
  handleReceived(itemId: string, samples: number, nowNs: number): boolean {
    const item = this.item(itemId, nowNs);
    if (item.isCut) return false;
    item.received += samples;
    return true;
  }

  /** All of an item has arrived. */
  handleEnded(itemId: string): void {
    const item = this.items.get(itemId);
    if (item !== undefined) item.isEnded = true;
  }

  handleRendered(span: RenderedSpan): void {
    const item = this.items.get(span.itemId);
    if (item === undefined) return;
    const last = item.spans.at(-1);
    const isContiguous =
      last !== undefined && last.frame + last.frames === span.frame && last.sample + last.samples === span.sample;
    if (isContiguous) {
      item.spans[item.spans.length - 1] = { ...last, frames: last.frames + span.frames, samples: last.samples + span.samples };
    } else {
      item.spans.push(span);
    }
  }

  /** The item is cut: nothing more of it will be rendered than the worklet said it was. */
  handleCut(itemId: string): void {
    this.item(itemId, null).isCut = true;
  }

  /** What is to be told now: of each item of which more was heard, or that is over, since it was last told. */
  poll(clock: OutputClock): PlayoutReport[] {
    const reports: PlayoutReport[] = [];
    for (const [itemId, item] of this.items) {
      if (item.isReportedDone) continue;
      this.advance(item, clock);
      const isDone = item.isCut || (item.isEnded && item.heard >= item.received);
      const played = item.isCut ? this.rendered(item) : item.heard;
      if (!isDone && played <= item.reportedSamples) continue;
      item.reportedSamples = played;
      item.isReportedDone = isDone;
      reports.push({
        itemId,
        playedMs: toMs(played),
        bufferedMs: item.isCut ? 0 : toMs(item.received - played),
        startedAtNs: item.startedAtNs,
        receivedAtNs: item.receivedAtNs,
        isWhole: item.isEnded,
        isCut: item.isCut,
        isDone,
      });
    }
    return reports;
  }

  /** Whether anything is, or is about to be, at the ear. */
  get isAudible(): boolean {
    for (const item of this.items.values()) {
      if (!item.isCut && item.heard < item.received) return true;
    }
    return false;
  }

  /** Whether there is anything left to tell. */
  get isOwing(): boolean {
    for (const item of this.items.values()) {
      if (!item.isReportedDone) return true;
    }
    return false;
  }

  private item(itemId: string, receivedAtNs: number | null): Item {
    let item = this.items.get(itemId);
    if (item === undefined) {
      item = {
        receivedAtNs,
        received: 0,
        startedAtNs: null,
        spans: [],
        heard: 0,
        isEnded: false,
        isCut: false,
        reportedSamples: 0,
        isReportedDone: false,
      };
      this.items.set(itemId, item);
      this.forgetOld();
    }
    return item;
  }

  private advance(item: Item, clock: OutputClock): void {
    const first = item.spans[0];
    if (item.startedAtNs === null && first !== undefined && first.frame <= clock.heardFrame) {
      item.startedAtNs = clock.atNs(first.frame);
    }
    let span = item.spans[0];
    while (span !== undefined && span.frame <= clock.heardFrame) {
      const share = Math.min(1, (clock.heardFrame - span.frame) / span.frames);
      item.heard = Math.max(item.heard, span.sample + Math.floor(span.samples * share));
      if (share < 1 || item.spans.length === 1) break;
      item.spans.shift();
      span = item.spans[0];
    }
  }

  private rendered(item: Item): number {
    const last = item.spans.at(-1);
    return last === undefined ? item.heard : last.sample + last.samples;
  }

  private forgetOld(): void {
    for (const [itemId, item] of this.items) {
      if (this.items.size <= ITEMS_MAX || !item.isReportedDone) return;
      this.items.delete(itemId);
    }
  }
}

function toMs(samples: number): number {
  return (samples * 1000) / WIRE_RATE_HZ;
}

/** Items remembered so that late audio of a cut one is still known as such. */
const ITEMS_MAX = 64;
