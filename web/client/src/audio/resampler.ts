/**
 * Streaming resampler between two whole rates: windowed sinc, one filter per phase, exact rational steps.
 *
 * Output sample k stands at input time k * from / to: the filter's own delay is taken out, so places convert exactly. It
 * costs a look-ahead of `lookahead` input samples, which `flush` pads with silence.
 */

export class Resampler {
  /** Input samples needed beyond the place of an output sample. */
  readonly lookahead: number;
  private readonly up: number;
  private readonly down: number;
  private readonly phases: readonly Float32Array[];
  private readonly taps: number;
  private history: Float32Array;
  private filled: number;
  /** Place of the next output sample: input index relative to `history`, and phase. */
  private at: number;
  private phase = 0;

  constructor(fromHz: number, toHz: number) {
    const divisor = greatestCommonDivisor(fromHz, toHz);
    this.up = toHz / divisor;
    this.down = fromHz / divisor;
    const cutoff = Math.min(1, toHz / fromHz) * PASSBAND;
    this.lookahead = Math.ceil(ZEROS / cutoff);
    this.taps = 2 * this.lookahead;
    this.phases = Array.from({ length: this.up }, (_, phase) => filter(phase / this.up, this.lookahead, cutoff));
    this.history = new Float32Array(4096);
    this.filled = this.lookahead - 1;
    this.at = this.lookahead - 1;
  }

  /** Take input; returns the output that it completes. */
  push(input: ArrayLike<number>): Float32Array {
    this.append(input);
    const count = this.ready();
    const output = new Float32Array(count);
    for (let i = 0; i < count; i += 1) output[i] = this.next();
    this.discard();
    return output;
  }

  /** The rest, as if silence followed. */
  flush(): Float32Array {
    return this.push(new Float32Array(this.lookahead));
  }

  private ready(): number {
    const steps = (this.filled - this.lookahead - this.at) * this.up - this.phase;
    return steps <= 0 ? 0 : Math.ceil(steps / this.down);
  }

  private next(): number {
    const taps = this.phases[this.phase] as Float32Array;
    const first = this.at - this.lookahead + 1;
    let sum = 0;
    for (let i = 0; i < this.taps; i += 1) sum += (this.history[first + i] as number) * (taps[i] as number);
    const phase = this.phase + this.down;
    this.at += Math.floor(phase / this.up);
    this.phase = phase % this.up;
    return sum;
  }

  private append(input: ArrayLike<number>): void {
    if (this.filled + input.length > this.history.length) {
      const grown = new Float32Array(2 * (this.filled + input.length));
      grown.set(this.history.subarray(0, this.filled));
      this.history = grown;
    }
    this.history.set(input, this.filled);
    this.filled += input.length;
  }

  private discard(): void {
    const gone = this.at - this.lookahead + 1;
    if (gone > 0) {
      this.history.copyWithin(0, gone, this.filled);
      this.filled -= gone;
      this.at -= gone;
    }
  }
}

/** Taps for an output sample `fraction` of an input sample after input sample `half - 1` of the window. */
function filter(fraction: number, half: number, cutoff: number): Float32Array {
  const taps = new Float32Array(2 * half);
  let sum = 0;
  for (let i = 0; i < taps.length; i += 1) {
    const distance = i - (half - 1) - fraction;
    const window = Math.abs(distance) >= half ? 0 : Math.cos((Math.PI / 2) * (distance / half)) ** 2;
    const value = cutoff * sinc(cutoff * distance) * window;
    taps[i] = value;
    sum += value;
  }
  return taps.map((tap) => tap / sum);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Zero crossings of the sinc on each side, and the share of the lower Nyquist band that passes. */
const ZEROS = 16;
const PASSBAND = 0.94;
