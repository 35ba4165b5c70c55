import { describe, expect, it } from 'vitest';
import { UPLINK_RING_MESSAGES_MAX } from '../limits.js';
import type { ServerEvent } from './events.js';
import { ResumeLedger } from './resume.js';

const session = (received: number): { eventId: string; event: ServerEvent } => ({
  eventId: 'event_1_0_e1',
  event: { type: 'segue.session', session_id: 'sess_1', resume_token: 'rt_1', resumed: false, uplink_received: received, uplink_position: '' },
});
const ack = (through: number, position: string): { eventId: string; event: ServerEvent } => ({
  eventId: '',
  event: { type: 'segue.ack', through, position },
});

describe('ResumeLedger', () => {
  it('numbers messages from one and keeps them until they are acknowledged', () => {
    const ledger = new ResumeLedger();
    expect(['a', 'b', 'c'].map((text) => ledger.keep(text))).toEqual([1, 2, 3]);
    ledger.handle(ack(2, '9.pcm.24000'));
    expect(ledger.unacknowledged(0)).toEqual(['c']);
    expect(ledger.sentThrough).toBe(3);
  });

  it('sends again only what a server has not, but forgets nothing it has merely received', () => {
    const ledger = new ResumeLedger();
    for (const text of ['a', 'b', 'c']) ledger.keep(text);
    ledger.handle(session(2));
    expect(ledger.unacknowledged(2)).toEqual(['c']);
    expect(ledger.unacknowledged(0)).toEqual(['a', 'b', 'c']);
  });

  it('asks for a new session until it has one, then to go on after the last event', () => {
    const ledger = new ResumeLedger();
    expect(ledger.query()).toEqual({ segue: '1' });
    ledger.keep('a');
    ledger.handle(session(0));
    ledger.handle({ eventId: 'event_7_2_a4800', event: null });
    ledger.handle(ack(1, '9.pcm.24000'));
    expect(ledger.query()).toEqual({ segue: '1', session_id: 'sess_1', after: 'event_7_2_a4800', received: '1', position: '9.pcm.24000' });
  });

  it('refuses to grow without end', () => {
    const ledger = new ResumeLedger();
    for (let i = 0; i < UPLINK_RING_MESSAGES_MAX; i += 1) ledger.keep('x');
    expect(() => ledger.keep('x')).toThrow(expect.objectContaining({ reason: 'limit' }));
    ledger.handle(ack(1, ''));
    expect(ledger.keep('x')).toBe(UPLINK_RING_MESSAGES_MAX + 1);
  });
});
