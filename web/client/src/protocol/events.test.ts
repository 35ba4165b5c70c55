import { describe, expect, it } from 'vitest';
import { decodeServerEvent } from './events.js';

const peer = expect.objectContaining({ reason: 'peer' });

describe('decodeServerEvent', () => {
  it('knows an event and its id', () => {
    const { eventId, event } = decodeServerEvent('{"type":"segue.ack","event_id":"event_3_0_e1","through":4,"position":"p"}');
    expect(eventId).toBe('event_3_0_e1');
    expect(event).toMatchObject({ type: 'segue.ack', through: 4 });
  });

  it('passes over what it does not know, but keeps its id', () => {
    expect(decodeServerEvent('{"type":"rate_limits.updated","event_id":"event_4_0"}')).toEqual({ eventId: 'event_4_0', event: null });
  });

  it('takes a missing voice-to-voice as not measured', () => {
    const text = '{"type":"segue.turn.hops","event_id":"event_1_0","turn_id":"t","item_id":"i","hops":[],"stats":{},"voice_to_voice_ms":null}';
    expect(decodeServerEvent(text).event).toMatchObject({ voice_to_voice_ms: null });
  });

  it.each(['{', '[]', 'null', '{"event_id":"event_1_0"}', '{"type":"segue.ack","through":"4","position":""}', '{"type":"segue.ack"}', '{"type":"response.output_audio.delta","item_id":1,"delta":""}'])(
    'refuses %s and says why',
    (text) => expect(() => decodeServerEvent(text)).toThrow(peer),
  );
});
