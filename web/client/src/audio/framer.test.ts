import { describe, expect, it } from 'vitest';
import { Framer } from './framer.js';

describe('Framer', () => {
  it('cuts 20 ms frames that know where they end', () => {
    const framer = new Framer(48_000);
    const frames = Array.from({ length: 30 }, (_, i) => framer.push(new Float32Array(128).fill(0.5), 1_000 + 128 * i)).flat();
    expect(frames.map((frame) => frame.endFrame)).toEqual([1_960, 2_920, 3_880].slice(0, frames.length));
    expect(frames.length).toBeGreaterThanOrEqual(3);
    expect(frames[1]?.pcm).toHaveLength(480);
    expect(frames[1]?.pcm[100]).toBeCloseTo(16_384, -2);
  });

  it('clips what is too loud', () => {
    const frames = new Framer(24_000).push(new Float32Array(2_000).fill(3), 0);
    expect(Math.max(...(frames[1]?.pcm ?? []))).toBe(32_767);
  });
});
