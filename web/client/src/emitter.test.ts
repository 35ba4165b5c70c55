import { afterEach, describe, expect, it, vi } from 'vitest';
import { Emitter } from './emitter.js';

afterEach(() => vi.unstubAllGlobals());

describe('Emitter', () => {
  it('tells listeners until they are taken off', () => {
    const emitter = new Emitter<{ level: number }>();
    const heard: number[] = [];
    const off = emitter.on('level', (level) => heard.push(level));
    emitter.emit('level', 1);
    off();
    emitter.emit('level', 2);
    expect(heard).toEqual([1]);
  });

  it('does not let one listener silence the others', () => {
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    const emitter = new Emitter<{ level: number }>();
    const heard: number[] = [];
    emitter.on('level', () => {
      throw new Error('mine');
    });
    emitter.on('level', (level) => heard.push(level));
    emitter.emit('level', 1);
    expect([heard, reported.mock.calls.length]).toEqual([[1], 1]);
  });
});
