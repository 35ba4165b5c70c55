import { describe, expect, it } from 'vitest';
import { PlayoutLedger, type OutputClock, type PlayoutReport } from './playout.js';

/** 48 kHz device; the ear hears frame f at f / 48 ms. */
const ear = (frame: number): OutputClock => ({ heardFrame: frame, atNs: (at) => Math.round((at / 48) * 1e6) });
const span = (itemId: string, frame: number, sample: number, samples: number) => ({ itemId, frame, frames: samples * 2, sample, samples });

const only = (reports: PlayoutReport[]): PlayoutReport => {
  expect(reports).toHaveLength(1);
  return reports[0] as PlayoutReport;
};

describe('PlayoutLedger', () => {
  it('counts as heard what the device has played, not what was rendered', () => {
    const ledger = new PlayoutLedger();
    ledger.handleReceived('a', 24_000, 5);
    ledger.handleRendered(span('a', 4_800, 0, 4_800));
    expect(ledger.poll(ear(4_000))).toEqual([]);
    const report = only(ledger.poll(ear(4_800 + 4_800)));
    expect(report).toMatchObject({ playedMs: 100, bufferedMs: 900, startedAtNs: 100_000_000, receivedAtNs: 5, isDone: false });
  });

  it('does not count the silence of an underrun or a hold', () => {
    const ledger = new PlayoutLedger();
    ledger.handleReceived('a', 4_800, 0);
    ledger.handleRendered(span('a', 0, 0, 2_400));
    ledger.handleRendered(span('a', 96_000, 2_400, 2_400));
    expect(only(ledger.poll(ear(90_000))).playedMs).toBe(100);
    expect(only(ledger.poll(ear(96_000 + 2_400))).playedMs).toBe(150);
  });

  it('is done once all of an ended item was heard, and says so once', () => {
    const ledger = new PlayoutLedger();
    ledger.handleReceived('a', 2_400, 0);
    ledger.handleRendered(span('a', 0, 0, 2_400));
    expect(only(ledger.poll(ear(4_800))).isDone).toBe(false);
    expect(ledger.isOwing).toBe(true);
    ledger.handleEnded('a');
    expect(only(ledger.poll(ear(4_800)))).toMatchObject({ isDone: true, playedMs: 100, bufferedMs: 0 });
    expect(ledger.poll(ear(9_600))).toEqual([]);
    expect(ledger.isOwing).toBe(false);
  });

  it('reports a cut item as played to where it was rendered, and takes no more of it', () => {
    const ledger = new PlayoutLedger();
    ledger.handleReceived('a', 24_000, 0);
    ledger.handleRendered(span('a', 0, 0, 4_800));
    ledger.handleCut('a');
    expect(only(ledger.poll(ear(4_800)))).toMatchObject({ isDone: true, isCut: true, playedMs: 200, bufferedMs: 0 });
    expect(ledger.handleReceived('a', 2_400, 1)).toBe(false);
    expect(ledger.isAudible).toBe(false);
  });

  it('answers for an item it was told to clear and never got', () => {
    const ledger = new PlayoutLedger();
    ledger.handleCut('never');
    expect(only(ledger.poll(ear(0)))).toMatchObject({ itemId: 'never', playedMs: 0, isDone: true, startedAtNs: null });
  });

  it('never goes back, even when the device clock does', () => {
    const ledger = new PlayoutLedger();
    ledger.handleReceived('a', 24_000, 0);
    ledger.handleRendered(span('a', 0, 0, 12_000));
    ledger.poll(ear(12_000));
    expect(ledger.poll(ear(6_000))).toEqual([]);
  });
});
