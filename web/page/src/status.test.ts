import { describe, expect, it } from 'vitest';
import { describe as words, describeMicrophone } from './status.js';

describe('status', () => {
  it('says where the connection is, in words that change only when it does', () => {
    expect(words(null, null).text).toBe('Not connected');
    expect(words({ kind: 'live', sessionId: 's', moves: 0 }, null)).toEqual({ state: 'live', text: 'Live' });
    expect(words({ kind: 'live', sessionId: 's', moves: 2 }, null).text).toBe('Live, moved 2 times');
    const trying = [3, 4, 9].map((attempt) => words({ kind: 'reconnecting', sessionId: 's', attempt, moves: 0 }, null).text);
    expect(new Set(trying).size).toBe(1);
  });

  it('says that the store is away, and that the person ended it', () => {
    expect(words({ kind: 'live', sessionId: 's', moves: 0 }, 'disk full')).toMatchObject({ state: 'degraded', text: expect.stringContaining('disk full') });
    expect(words({ kind: 'ended', reason: null, message: '' }, null).state).toBe('idle');
    expect(words({ kind: 'ended', reason: 'refused', message: '' }, null).state).toBe('ended');
    expect(describeMicrophone('muted')).toBe('You: muted');
  });
});
