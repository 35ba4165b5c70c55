import { describe, expect, it } from 'vitest';
import { PlayQueue } from './play-queue.js';

const BLOCK = 128;
const steady = (samples: number): Int16Array => new Int16Array(samples).fill(16_384);

class Device {
  readonly heard: number[] = [];
  constructor(readonly queue: PlayQueue) {}
  run(blocks: number): Float32Array {
    const out = new Float32Array(BLOCK);
    const from = this.heard.length;
    for (let i = 0; i < blocks; i += 1) {
      this.queue.render(out, this.heard.length);
      this.heard.push(...out);
    }
    return Float32Array.from(this.heard.slice(from));
  }
}

const device = (rate = 48_000): Device => new Device(new PlayQueue(rate));
const played = (queue: PlayQueue): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const span of queue.takeSpans()) counts[span.itemId] = (counts[span.itemId] ?? 0) + span.samples;
  return counts;
};

describe('PlayQueue', () => {
  it.each([24_000, 44_100, 48_000])('plays every sample of an item exactly once at %i Hz', (rate) => {
    const { queue, ...rest } = device(rate);
    const out = Object.assign(new Device(queue), rest);
    for (const size of [1_000, 1, 2_399]) queue.push('a', steady(size));
    queue.end('a');
    out.run(100);
    expect(played(queue)).toEqual({ a: 3_400 });
    expect(out.heard.filter((x) => Math.abs(x) > 0.1).length / (rate / 24_000)).toBeCloseTo(3_400, -1);
  });

  it('plays items one after the other without a gap', () => {
    const { queue, run } = bound(device());
    queue.push('a', steady(960));
    queue.push('b', steady(960));
    queue.end('b');
    run(20);
    const spans = queue.takeSpans();
    expect(spans[0]).toMatchObject({ itemId: 'a', frame: 0, sample: 0 });
    const last = spans.filter((span) => span.itemId === 'a').at(-1);
    const first = spans.find((span) => span.itemId === 'b');
    expect(first?.frame).toBe((last?.frame ?? 0) + (last?.frames ?? 0));
  });

  it('is silent while held and goes on with the next sample', () => {
    const { queue, run } = bound(device());
    queue.push('a', steady(4_800));
    run(4);
    queue.hold();
    run(1);
    const before = played(queue)['a'];
    expect(run(10).every((x) => x === 0)).toBe(true);
    expect(played(queue)).toEqual({});
    queue.goOn();
    run(1);
    const [next] = queue.takeSpans();
    expect(next?.sample).toBe(before);
  });

  it('fades a cleared item out within one block and never plays the rest', () => {
    const { queue, run } = bound(device());
    queue.push('a', steady(48_000));
    queue.push('b', steady(480));
    run(10);
    queue.clear('a');
    const fade = run(1);
    expect(Math.abs(fade[0] as number)).toBeGreaterThan(Math.abs(fade.at(-1) as number));
    queue.takeSpans();
    run(1);
    expect(Object.keys(played(queue))).toEqual(['b']);
  });

  it('ends a hold with the clear that follows it, without a sound', () => {
    const { queue, run } = bound(device());
    queue.push('a', steady(48_000));
    run(4);
    queue.hold();
    run(2);
    queue.takeSpans();
    queue.clear('a');
    expect(run(4).every((x) => x === 0)).toBe(true);
    queue.push('b', steady(960));
    run(4);
    expect(Object.keys(played(queue))).toEqual(['b']);
  });

  it('waits in silence for what is late', () => {
    const { queue, run } = bound(device());
    queue.push('a', steady(256));
    run(10);
    queue.push('a', steady(256));
    queue.end('a');
    run(10);
    expect(played(queue)).toEqual({ a: 512 });
  });
});

function bound(one: Device): { queue: PlayQueue; run: (blocks: number) => Float32Array } {
  return { queue: one.queue, run: (blocks) => one.run(blocks) };
}
