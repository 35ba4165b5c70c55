import { beforeEach, describe, expect, it } from 'vitest';
import type { Timers } from './alarm.js';
import { Connection, type ConnectionState } from './connection.js';
import { CLOCK_BURST, GIVE_UP_AFTER_MS, HANDSHAKE_MS_MAX, LIVED_AFTER_MS, REFUSALS_MAX, SILENCE_MS_MAX } from './limits.js';

/** Time that goes on only when told to. */
class FakeTimers implements Timers {
  private at = 0;
  private next = 1;
  private readonly due = new Map<number, { atMs: number; callback: () => void }>();
  now = (): number => this.at;
  set = (callback: () => void, delayMs: number): number => {
    this.due.set(this.next, { atMs: this.at + delayMs, callback });
    return this.next++;
  };
  clear = (handle: number): void => void this.due.delete(handle);
  advance(ms: number): void {
    const until = this.at + ms;
    for (;;) {
      const first = [...this.due].filter(([, one]) => one.atMs <= until).sort((a, b) => a[1].atMs - b[1].atMs)[0];
      if (first === undefined) break;
      this.due.delete(first[0]);
      this.at = first[1].atMs;
      first[1].callback();
    }
    this.at = until;
  }
}

class FakeSocket {
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  isClosed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  constructor(readonly url: URL, readonly protocols: string[]) {}
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close(): void {
    this.isClosed = true;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(event: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify(event) });
  }
  welcome(received = 0, resumed = false): void {
    this.say({ type: 'segue.session', event_id: 'event_1_0_e1', session_id: 'sess_1', resume_token: 'rt_1', resumed, uplink_received: received, uplink_position: '' });
  }
  die(code = 1006, reason = ''): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
  get texts(): unknown[] {
    return this.sent.filter((event) => event['type'] === 'conversation.item.create').map((event) => event['item']);
  }
}

let sockets: FakeSocket[];
let timers: FakeTimers;
let states: ConnectionState[];
let isReady: boolean;
let connection: Connection;

const last = (): FakeSocket => sockets.at(-1) as FakeSocket;
const say = (text: string): void =>
  connection.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] } });
const item = (text: string): unknown => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
};

beforeEach(() => {
  sockets = [];
  timers = new FakeTimers();
  states = [];
  isReady = false;
  connection = new Connection({
    edges: ['http://one', 'https://two'],
    model: 'segue',
    credential: 'ek_x',
    timers,
    nowNs: () => timers.now() * 1e6,
    random: () => 0,
    openSocket: (url, protocols) => {
      const socket = new FakeSocket(new URL(url), protocols);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    isReady: async () => isReady,
  });
  connection.on('state', (state) => states.push(state));
  connection.open();
  timers.advance(0);
});

/** A connection that has lived for a while. */
function goLive(): FakeSocket {
  last().open();
  last().welcome();
  for (let spent = 0; spent < LIVED_AFTER_MS; spent += 1_000) {
    timers.advance(1_000);
    last().say({ type: 'segue.ack', event_id: 'event_1_0_e2', through: 0, position: '' });
  }
  return last();
}

describe('Connection', () => {
  it('connects with its credential and asks for the extensions', () => {
    expect(last().url.href).toBe('ws://one/v1/realtime?model=segue&segue=1');
    expect(last().protocols).toEqual(['realtime', 'openai-insecure-api-key.ek_x']);
    goLive();
    expect(connection.state).toEqual({ kind: 'live', sessionId: 'sess_1', moves: 0 });
  });

  it('sends what was said before there was a connection', () => {
    say('early');
    goLive();
    say('later');
    expect(last().texts).toEqual([item('early'), item('later')]);
  });

  it('resumes elsewhere: waits for the server, then sends what it lacks, once and in order', () => {
    const first = goLive();
    const before = first.sent.length;
    say('a');
    say('b');
    first.say({ type: 'session.updated', event_id: 'event_9_1' });
    first.die();
    expect(connection.state.kind).toBe('reconnecting');
    say('c');
    timers.advance(0);
    const second = last();
    expect(second.url.searchParams.get('after')).toBe('event_9_1');
    expect(second.url.searchParams.get('received')).toBe(String(before + 3));
    expect(second.protocols).toEqual(['realtime', 'openai-insecure-api-key.rt_1']);
    second.open();
    say('d');
    expect(second.sent).toEqual([]);
    second.welcome(before + 1, true);
    say('e');
    expect(second.texts).toEqual([item('b'), item('c'), item('d'), item('e')]);
    expect(connection.state).toMatchObject({ kind: 'live', moves: 1 });
  });

  it('goes on to the next edge when one does not answer', () => {
    goLive().die();
    timers.advance(0);
    expect(last().url.host).toBe('one');
    timers.advance(HANDSHAKE_MS_MAX);
    expect(sockets[1]?.isClosed).toBe(true);
    timers.advance(0);
    expect(last().url.protocol + last().url.host).toBe('wss:two');
  });

  it('slows down where each connection dies young, and gives up after a minute of it', () => {
    goLive().die();
    const began = timers.now();
    while (connection.state.kind !== 'ended' && sockets.length < 500) {
      timers.advance(4_000);
      last().open();
      last().welcome(0, true);
      last().die(1011, 'internal error');
    }
    expect(connection.state).toMatchObject({ kind: 'ended', reason: 'unreachable' });
    expect(sockets.length).toBeLessThan(40);
    expect(timers.now() - began).toBeLessThan(GIVE_UP_AFTER_MS + 10_000);
  });

  it('gives a silent socket up, and only while it waits for an answer', () => {
    const socket = goLive();
    timers.advance(SILENCE_MS_MAX - 1_000);
    expect(socket.isClosed).toBe(false);
    socket.say({ type: 'segue.clock.pong', event_id: 'event_1_0_e2', t0_ns: 0, t1_ns: 1, t2_ns: 2 });
    timers.advance(SILENCE_MS_MAX + 5_001);
    expect(socket.isClosed).toBe(true);
    expect(connection.state.kind).toBe('reconnecting');
  });

  it('exchanges clocks: a burst of pings, each answer told to the core', () => {
    const socket = goLive();
    expect(socket.sent.filter((event) => event['type'] === 'segue.clock.ping')).toHaveLength(CLOCK_BURST);
    socket.say({ type: 'segue.clock.pong', event_id: 'event_1_0_e2', t0_ns: 0, t1_ns: 1, t2_ns: 2 });
    expect(socket.sent.at(-1)).toEqual({ type: 'segue.clock.sample', t0_ns: 0, t1_ns: 1, t2_ns: 2, t3_ns: timers.now() * 1e6 });
  });

  it('gives up where a ready edge refuses it again and again', async () => {
    isReady = true;
    for (let i = 0; i < REFUSALS_MAX; i += 1) {
      last().die();
      await settle();
      timers.advance(4_000);
    }
    expect(connection.state).toMatchObject({ kind: 'ended', reason: 'refused' });
    expect(sockets).toHaveLength(REFUSALS_MAX);
  });

  it('gives up when nobody answers for a minute', async () => {
    goLive().die();
    for (let spent = 0; spent <= GIVE_UP_AFTER_MS + 4_000; spent += 4_000) {
      timers.advance(4_000);
      last().die();
      await settle();
    }
    expect(connection.state).toMatchObject({ kind: 'ended', reason: 'unreachable' });
  });

  it('ends for good when another page took the session, or the server said goodbye', () => {
    goLive().die(4001, 'attachment_superseded: another connection resumed this session');
    expect(connection.state).toMatchObject({ kind: 'ended', reason: 'ended' });
    timers.advance(10_000);
    expect(sockets).toHaveLength(1);
  });

  it('resumes when the session moved to another core', () => {
    goLive().die(4001, 'attachment_superseded: the session is held elsewhere');
    expect(connection.state.kind).toBe('reconnecting');
  });

  it('ends when the server speaks another protocol', () => {
    goLive().onmessage?.({ data: 'hello' });
    expect(connection.state).toMatchObject({ kind: 'ended', reason: 'peer' });
  });

  it('is quiet after it was closed', () => {
    const socket = goLive();
    connection.close();
    const sent = socket.sent.length;
    say('too late');
    timers.advance(100_000);
    expect([socket.sent.length, sockets.length, socket.isClosed]).toEqual([sent, 1, true]);
    expect(connection.state).toMatchObject({ kind: 'ended', reason: null });
  });

  it('dials at once when the network is back', () => {
    goLive().die();
    timers.advance(0);
    timers.advance(HANDSHAKE_MS_MAX * 2 + 1);
    const count = sockets.length;
    last().die(1001);
    connection.hurry();
    timers.advance(0);
    expect(sockets.length).toBeGreaterThan(count);
  });
});
