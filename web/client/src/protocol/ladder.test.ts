import { describe, expect, it } from 'vitest';
import { GIVE_UP_AFTER_MS, REFUSALS_MAX, RETRY_FIRST_MS, RETRY_MS_MAX } from '../limits.js';
import { DialLadder, type Step } from './ladder.js';

const dialled = (step: Step): Extract<Step, { kind: 'dial' }> => {
  if (step.kind !== 'dial') throw new Error(`gave up: ${step.reason}`);
  return step;
};

describe('DialLadder', () => {
  it('tries each edge at once, then waits longer from round to round', () => {
    const ladder = new DialLadder(['a', 'b'], () => 1);
    const steps = [dialled(ladder.begin(0))];
    for (let i = 0; i < 5; i += 1) steps.push(dialled(ladder.handleFailure(1, 'away')));
    expect(steps.map((step) => step.edge)).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
    expect(steps.map((step) => step.delayMs > 0)).toEqual([false, false, true, false, true, false]);
    expect(steps[2]?.delayMs).toBe(RETRY_FIRST_MS);
    expect(steps[4]?.delayMs).toBeGreaterThan(RETRY_FIRST_MS);
  });

  it('never waits longer than its bound', () => {
    const ladder = new DialLadder(['a'], () => 1);
    ladder.begin(0);
    let longest = 0;
    for (let i = 0; i < 30; i += 1) longest = Math.max(longest, dialled(ladder.handleFailure(1, 'away')).delayMs);
    expect(longest).toBe(RETRY_MS_MAX);
  });

  it('gives up where it is refused again and again, or after a minute', () => {
    const refused = new DialLadder(['a'], () => 0);
    refused.begin(0);
    const steps = Array.from({ length: REFUSALS_MAX }, () => refused.handleFailure(1, 'refused'));
    expect(steps.at(-1)).toEqual({ kind: 'give_up', reason: 'refused' });
    const away = new DialLadder(['a'], () => 0);
    away.begin(0);
    expect(away.handleFailure(GIVE_UP_AFTER_MS + 1, 'away')).toEqual({ kind: 'give_up', reason: 'unreachable' });
  });

  it('starts anew after a connection that lived', () => {
    const ladder = new DialLadder(['a'], () => 0);
    ladder.begin(0);
    ladder.handleFailure(1, 'refused');
    expect(dialled(ladder.begin(GIVE_UP_AFTER_MS * 2))).toMatchObject({ attempt: 1, delayMs: 0 });
    expect(ladder.handleFailure(GIVE_UP_AFTER_MS * 2 + 1, 'away').kind).toBe('dial');
  });
});
