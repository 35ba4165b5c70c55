/**
 * What is said on the wire, as far as this client understands it. Decoded once, here: an event of a type we know has
 * the fields we use, of the right type, or it is the server's fault. Types we do not know are passed over, but their id
 * still counts: every `event_id` is a resume cursor.
 */

import { SegueError } from '../errors.js';

export interface HopRecord {
  readonly name: string;
  readonly start_ms: number;
  readonly duration_ms: number;
  readonly bound_ms: number | null;
}

export interface HopStats {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly n: number;
}

export interface WireItem {
  readonly id: string;
  readonly type: string;
  readonly role?: string;
  readonly status?: string;
  readonly content?: readonly WirePart[];
  readonly name?: string;
  readonly arguments?: string;
}

export interface WirePart {
  readonly type: string;
  readonly text?: string;
  readonly transcript?: string | null;
}

export interface WireResponse {
  readonly id: string;
  readonly status: string;
  readonly status_details?: { readonly error?: { readonly message?: string } | null } | null;
}

export type ServerEvent =
  | { type: 'session.created' }
  | { type: 'session.updated' }
  | { type: 'error'; error: { code?: string | null; message: string } }
  | { type: 'input_audio_buffer.speech_started'; item_id: string; audio_start_ms: number }
  | { type: 'input_audio_buffer.speech_stopped'; item_id: string; audio_end_ms: number }
  | { type: 'input_audio_buffer.committed'; item_id: string }
  | { type: 'conversation.item.added'; item: WireItem }
  | { type: 'conversation.item.deleted'; item_id: string }
  | { type: 'conversation.item.input_audio_transcription.completed'; item_id: string; transcript: string }
  | { type: 'conversation.item.input_audio_transcription.failed'; item_id: string; error: { message?: string } }
  | { type: 'response.created'; response: WireResponse }
  | { type: 'response.done'; response: WireResponse }
  | { type: 'response.output_item.added'; response_id: string; item: WireItem }
  | { type: 'response.output_item.done'; response_id: string; item: WireItem }
  | { type: 'response.output_audio.delta'; item_id: string; delta: string }
  | { type: 'response.output_audio.done'; item_id: string }
  | { type: 'response.output_audio_transcript.delta'; item_id: string; delta: string }
  | { type: 'response.output_audio_transcript.done'; item_id: string; transcript: string }
  | { type: 'response.output_text.delta'; item_id: string; delta: string }
  | { type: 'response.output_text.done'; item_id: string; text: string }
  | { type: 'segue.session'; session_id: string; resume_token: string; resumed: boolean; uplink_received: number; uplink_position: string }
  | { type: 'segue.ack'; through: number; position: string }
  | { type: 'segue.playout.hold'; item_id: string }
  | { type: 'segue.playout.resume'; item_id: string }
  | { type: 'segue.playout.clear'; item_id: string; played_ms: number }
  | { type: 'segue.clock.pong'; t0_ns: number; t1_ns: number; t2_ns: number }
  | { type: 'segue.transcript.partial'; item_id: string; text: string }
  | { type: 'segue.item.heard'; item_id: string; heard_ms: number; heard_text: string; cut: boolean }
  | { type: 'segue.turn.hops'; turn_id: string; item_id: string; voice_to_voice_ms: number | null; bound_ms: number | null; hops: readonly HopRecord[]; stats: Readonly<Record<string, HopStats>> }
  | { type: 'segue.state'; store: 'ok' | 'away'; message: string };

export type ServerEventOf<T extends ServerEvent['type']> = Extract<ServerEvent, { type: T }>;

/** `event` is null where the type is unknown to this client. */
export interface Received {
  readonly eventId: string;
  readonly event: ServerEvent | null;
}

/** Decode one message of the server; throws a SegueError with reason `peer` naming what is wrong. */
export function decodeServerEvent(text: string): Received {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SegueError('peer', 'the server sent a message that is not JSON', { cause });
  }
  if (!isRecord(value) || typeof value['type'] !== 'string') {
    throw new SegueError('peer', 'the server sent a message that is no event');
  }
  const eventId = typeof value['event_id'] === 'string' ? value['event_id'] : '';
  const shape = SHAPES[value['type'] as ServerEvent['type']];
  if (shape === undefined) return { eventId, event: null };
  for (const [name, kind] of Object.entries(shape)) {
    if (!fits(value[name], kind)) {
      throw new SegueError('peer', `the server sent ${value['type']} without a proper ${name}`);
    }
  }
  return { eventId, event: value as unknown as ServerEvent };
}

type Kind = 'string' | 'number' | 'boolean' | 'record' | 'list' | 'number?';

function fits(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'record':
      return isRecord(value);
    case 'list':
      return Array.isArray(value);
    case 'number?':
      return value === null || value === undefined || Number.isFinite(value);
    case 'number':
      return Number.isFinite(value);
    default:
      return typeof value === kind;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const ITEM = { item_id: 'string' } as const;

const SHAPES: Readonly<Record<ServerEvent['type'], Readonly<Record<string, Kind>>>> = {
  'session.created': {},
  'session.updated': {},
  error: { error: 'record' },
  'input_audio_buffer.speech_started': ITEM,
  'input_audio_buffer.speech_stopped': ITEM,
  'input_audio_buffer.committed': ITEM,
  'conversation.item.added': { item: 'record' },
  'conversation.item.deleted': ITEM,
  'conversation.item.input_audio_transcription.completed': { item_id: 'string', transcript: 'string' },
  'conversation.item.input_audio_transcription.failed': { item_id: 'string', error: 'record' },
  'response.created': { response: 'record' },
  'response.done': { response: 'record' },
  'response.output_item.added': { item: 'record' },
  'response.output_item.done': { item: 'record' },
  'response.output_audio.delta': { item_id: 'string', delta: 'string' },
  'response.output_audio.done': ITEM,
  'response.output_audio_transcript.delta': { item_id: 'string', delta: 'string' },
  'response.output_audio_transcript.done': { item_id: 'string', transcript: 'string' },
  'response.output_text.delta': { item_id: 'string', delta: 'string' },
  'response.output_text.done': { item_id: 'string', text: 'string' },
  'segue.session': { session_id: 'string', resume_token: 'string', resumed: 'boolean', uplink_received: 'number', uplink_position: 'string' },
  'segue.ack': { through: 'number', position: 'string' },
  'segue.playout.hold': ITEM,
  'segue.playout.resume': ITEM,
  'segue.playout.clear': { item_id: 'string', played_ms: 'number' },
  'segue.clock.pong': { t0_ns: 'number', t1_ns: 'number', t2_ns: 'number' },
  'segue.transcript.partial': { item_id: 'string', text: 'string' },
  'segue.item.heard': { item_id: 'string', heard_ms: 'number', heard_text: 'string', cut: 'boolean' },
  'segue.turn.hops': { turn_id: 'string', hops: 'list', stats: 'record', voice_to_voice_ms: 'number?', bound_ms: 'number?' },
  'segue.state': { store: 'string', message: 'string' },
};

export type ClientEvent =
  | { type: 'session.update'; session: Readonly<Record<string, unknown>> }
  | { type: 'input_audio_buffer.append'; audio: string; segue: { captured_at_ns: number; sent_at_ns: number } }
  | { type: 'conversation.item.create'; item: { type: 'message'; role: 'user'; content: readonly { type: 'input_text'; text: string }[] } }
  | { type: 'response.create' }
  | { type: 'response.cancel' }
  | { type: 'output_audio_buffer.clear' }
  | { type: 'segue.playout'; item_id: string; played_ms: number; buffered_ms: number; at_ns: number; started_at_ns: number | null; received_at_ns: number | null; done: boolean }
  | { type: 'segue.clock.ping'; t0_ns: number }
  | { type: 'segue.clock.sample'; t0_ns: number; t1_ns: number; t2_ns: number; t3_ns: number };
