import { describe, expect, it } from 'vitest';
import { byPath, legOf } from './legs.js';

describe('legs', () => {
  it('orders legs as the path goes, unknown ones last', () => {
    const names = ['unattributed', 'brand_new', 'playout', 'capture', 'voice_to_voice', 'stt_final'];
    expect(names.sort(byPath)).toEqual(['voice_to_voice', 'capture', 'stt_final', 'playout', 'unattributed', 'brand_new']);
  });

  it('names each, also those it does not know', () => {
    expect(legOf('stt_final')).toEqual({ label: 'speech to text', kind: 'model' });
    expect(legOf('brand_new')).toEqual({ label: 'brand new', kind: 'path' });
  });
});
