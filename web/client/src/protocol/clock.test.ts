import { describe, expect, it } from 'vitest';
import { CLOCK_BURST, CLOCK_BURST_EVERY_MS, CLOCK_EVERY_MS } from '../limits.js';
import { ClockExchange } from './clock.js';

const pong = (t0_ns: number, t1_ns: number, t2_ns: number) => ({ type: 'segue.clock.pong' as const, t0_ns, t1_ns, t2_ns });

describe('ClockExchange', () => {
  it('pings in a burst, then now and then, and again after a restart', () => {
    const clock = new ClockExchange();
    expect(clock.nextInMs).toBe(CLOCK_BURST_EVERY_MS);
    for (let i = 0; i < CLOCK_BURST; i += 1) clock.ping(i);
    expect(clock.nextInMs).toBe(CLOCK_EVERY_MS);
    clock.restart();
    expect(clock.nextInMs).toBe(CLOCK_BURST_EVERY_MS);
  });

  it('hands the finished exchange on and believes the shortest round trip', () => {
    const clock = new ClockExchange();
    const sample = clock.handlePong(pong(1_000, 51_000, 52_000), 12_000);
    expect(sample).toEqual({ type: 'segue.clock.sample', t0_ns: 1_000, t1_ns: 51_000, t2_ns: 52_000, t3_ns: 12_000 });
    clock.handlePong(pong(20_000, 62_000, 62_000), 24_000);
    expect(clock.best).toEqual({ offsetNs: 40_000, boundNs: 2_000, rttNs: 4_000 });
  });

  it('holds the true offset within its bound however lopsided the path', () => {
    for (const [up, down] of [[1, 90], [90, 1], [30, 30]] as const) {
      const clock = new ClockExchange();
      const offset = 777;
      clock.handlePong(pong(100, 100 + up + offset, 110 + up + offset), 110 + up + down);
      const best = clock.best;
      expect(Math.abs((best?.offsetNs ?? NaN) - offset)).toBeLessThanOrEqual(best?.boundNs ?? 0);
    }
  });
});
