/** Names and kinds of the legs of a turn, in the words of the page. */

export type LegKind = 'model' | 'wait' | 'path' | 'unknown';

interface Leg {
  readonly label: string;
  readonly kind: LegKind;
}

export function legOf(name: string): Leg {
  return LEGS[name] ?? { label: name.replaceAll('_', ' '), kind: 'path' };
}

/** Order of the path; what is not known comes last. */
export function byPath(a: string, b: string): number {
  return rank(a) - rank(b);
}

function rank(name: string): number {
  const at = ORDER.indexOf(name);
  return at === -1 ? ORDER.length : at;
}

const LEGS: Readonly<Record<string, Leg>> = {
  voice_to_voice: { label: 'voice to voice', kind: 'path' },
  response_latency: { label: 'at the core', kind: 'path' },
  capture: { label: 'capture', kind: 'path' },
  uplink: { label: 'uplink', kind: 'path' },
  edge_up: { label: 'edge, up', kind: 'path' },
  trunk_up: { label: 'trunk, up', kind: 'path' },
  edge_trunk_up: { label: 'edge, trunk, up', kind: 'path' },
  jitter: { label: 'jitter buffer', kind: 'path' },
  endpointing: { label: 'endpointing', kind: 'wait' },
  stt_final: { label: 'speech to text', kind: 'model' },
  llm_first_token: { label: 'first token', kind: 'model' },
  tts_first_audio: { label: 'text to speech', kind: 'model' },
  encode: { label: 'encode', kind: 'path' },
  release: { label: 'release', kind: 'path' },
  trunk_down: { label: 'trunk, down', kind: 'path' },
  edge_down: { label: 'edge, down', kind: 'path' },
  downlink: { label: 'downlink', kind: 'path' },
  playout: { label: 'playout', kind: 'path' },
  unattributed: { label: 'unattributed', kind: 'unknown' },
};

const ORDER = Object.keys(LEGS);
