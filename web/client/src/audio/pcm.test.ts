import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64, meterLevel, squaresOf, toInt16 } from './pcm.js';

describe('pcm', () => {
  it('brings samples through base64, however many', () => {
    for (const length of [0, 1, 480, 20_001]) {
      const pcm = Int16Array.from({ length }, (_, i) => ((i * 7919) % 65_536) - 32_768);
      expect(decodeBase64(encodeBase64(pcm))).toEqual(pcm);
    }
  });

  it('encodes a view, not the buffer behind it', () => {
    const pcm = Int16Array.from([1, 2, 3, 4]);
    expect(decodeBase64(encodeBase64(pcm.subarray(1, 3)))).toEqual(Int16Array.from([2, 3]));
  });

  it('clips, and meters 60 decibels', () => {
    expect([toInt16(2), toInt16(-2), toInt16(0)]).toEqual([32_767, -32_767, 0]);
    const loud = new Int16Array(100).fill(32_767);
    expect(meterLevel(squaresOf(loud), 100)).toBeCloseTo(1, 3);
    expect(meterLevel(0, 100)).toBe(0);
    expect(meterLevel(squaresOf(new Int16Array(100).fill(33)), 100)).toBeCloseTo(0, 2);
  });
});
