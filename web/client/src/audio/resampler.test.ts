import { describe, expect, it } from 'vitest';
import { Resampler } from './resampler.js';

const sine = (hz: number, rate: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate));

/** All output of an input given in pieces of `size`. */
function run(from: number, to: number, input: Float32Array, size: number): Float32Array {
  const resampler = new Resampler(from, to);
  const output: number[] = [];
  for (let at = 0; at < input.length; at += size) output.push(...resampler.push(input.subarray(at, at + size)));
  output.push(...resampler.flush());
  return Float32Array.from(output);
}

const rms = (samples: Float32Array): number => Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);

describe('Resampler', () => {
  it.each([[48_000, 24_000], [44_100, 24_000], [16_000, 24_000], [24_000, 48_000], [24_000, 44_100], [24_000, 24_000]])(
    'keeps a tone in its place from %i to %i Hz',
    (from, to) => {
      const output = run(from, to, sine(1_000, from, from / 2), 128);
      const expected = sine(1_000, to, output.length);
      const middle = output.slice(200, -200).map((x, i) => x - (expected[i + 200] as number));
      expect(rms(middle)).toBeLessThan(0.002);
      expect(Math.abs(output.length - to / 2)).toBeLessThanOrEqual(1);
    },
  );

  it('gives the same whatever the pieces', () => {
    const input = sine(700, 44_100, 5_000);
    const whole = run(44_100, 24_000, input, 5_000);
    for (const size of [1, 128, 333]) expect(run(44_100, 24_000, input, size)).toEqual(whole);
  });

  it('lets nothing above the new band through', () => {
    expect(rms(run(48_000, 24_000, sine(15_000, 48_000, 24_000), 128).slice(100, -100))).toBeLessThan(0.01);
  });
});
