import { describe, expect, it } from 'vitest';
import { CaptureClock } from './capture-clock.js';

describe('CaptureClock', () => {
  it('is not moved by messages that come late', () => {
    const clock = new CaptureClock(48_000);
    for (let i = 0; i < 100; i += 1) clock.handleArrival(i * 960, 1_000 + i * 20 + (i % 7 === 0 ? 0.4 : 15));
    expect(clock.atMs(48_000)).toBeCloseTo(2_000.4, 6);
  });

  it('follows two crystals that drift apart', () => {
    const clock = new CaptureClock(48_000);
    let now = 0;
    for (let i = 0; i < 3_000; i += 1) {
      now = i * 20 * 1.0001;
      clock.handleArrival(i * 960, now);
    }
    expect(Math.abs(clock.atMs(2_999 * 960) - now)).toBeLessThan(1.5);
  });

  it('starts anew after a context that was suspended', () => {
    const clock = new CaptureClock(48_000);
    clock.handleArrival(0, 100);
    clock.handleArrival(960, 9_120);
    expect(clock.atMs(960)).toBe(9_120);
  });
});
