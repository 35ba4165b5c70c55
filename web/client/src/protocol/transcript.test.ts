import { describe, expect, it } from 'vitest';
import type { ServerEvent } from './events.js';
import { Transcript } from './transcript.js';

const following = (events: ServerEvent[]): Transcript => {
  const transcript = new Transcript();
  for (const event of events) transcript.handle(event);
  return transcript;
};
const started = (item_id: string): ServerEvent => ({ type: 'input_audio_buffer.speech_started', item_id, audio_start_ms: 0 });
const stopped = (item_id: string): ServerEvent => ({ type: 'input_audio_buffer.speech_stopped', item_id, audio_end_ms: 1 });
const committed = (item_id: string): ServerEvent => ({ type: 'input_audio_buffer.committed', item_id });
const partial = (item_id: string, text: string): ServerEvent => ({ type: 'segue.transcript.partial', item_id, text });
const completed = (item_id: string, transcript: string): ServerEvent => ({
  type: 'conversation.item.input_audio_transcription.completed',
  item_id,
  transcript,
});
const said = (item_id: string, delta: string): ServerEvent => ({ type: 'response.output_audio_transcript.delta', item_id, delta });
const heard = (item_id: string, heard_text: string, cut: boolean): ServerEvent => ({ type: 'segue.item.heard', item_id, heard_ms: 1, heard_text, cut });

describe('Transcript', () => {
  it('shows what a person says while they say it, then what was understood', () => {
    const transcript = following([started('u'), partial('u', 'what ti')]);
    expect(transcript.entries).toEqual([{ role: 'user', id: 'u', text: 'what ti', state: 'speaking', isTyped: false }]);
    for (const event of [stopped('u'), committed('u')]) transcript.handle(event);
    expect(transcript.entry('u')).toMatchObject({ state: 'recognising', text: 'what ti' });
    transcript.handle(completed('u', 'What time is it?'));
    expect(transcript.entry('u')).toMatchObject({ state: 'final', text: 'What time is it?' });
  });

  it('forgets sounds that were no turn', () => {
    expect(following([started('u'), partial('u', 'mhm'), stopped('u'), said('a', 'Yes.')]).entry('u')).toBeNull();
    expect(following([started('u'), stopped('u'), committed('u'), completed('u', ' ')]).entries).toEqual([]);
  });

  it('tells the words that were heard from those that were not yet', () => {
    const transcript = following([said('a', 'It is half past nine.')]);
    transcript.handleProgress('a', 500, 1_000, true);
    expect(transcript.entry('a')).toMatchObject({ heard: 'It is half', unheard: ' past nine.', state: 'speaking' });
    transcript.handle(heard('a', 'It is', false));
    expect(transcript.entry('a')).toMatchObject({ heard: 'It is half' });
    transcript.handleProgress('a', 1_000, 1_000, true);
    expect(transcript.entry('a')).toMatchObject({ heard: 'It is half past nine.', unheard: '', state: 'heard' });
  });

  it('believes the server about what was cut, whatever comes after', () => {
    const transcript = following([said('a', 'It is half past nine.')]);
    transcript.handleProgress('a', 900, 1_000, true);
    transcript.handle(heard('a', 'It is', true));
    transcript.handleProgress('a', 1_000, 1_000, true);
    expect(transcript.entry('a')).toMatchObject({ heard: 'It is', unheard: ' half past nine.', state: 'cut' });
  });

  it('keeps typed words, written answers and tools in their order', () => {
    const transcript = following([
      { type: 'conversation.item.added', item: { id: 't', type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] } },
      { type: 'response.output_item.added', response_id: 'r', item: { id: 'f', type: 'function_call', name: 'book' } },
      { type: 'response.output_text.delta', item_id: 'a', delta: 'hello' },
    ]);
    expect(transcript.entries.map((entry) => entry.id)).toEqual(['t', 'f', 'a']);
    expect(transcript.entry('a')).toMatchObject({ heard: 'hello', isSpoken: false });
    transcript.handle({ type: 'conversation.item.deleted', item_id: 't' });
    expect(transcript.entries.map((entry) => entry.id)).toEqual(['f', 'a']);
  });
});
