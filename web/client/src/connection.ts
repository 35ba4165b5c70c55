/**
 * One session's connection to Segue: a WebSocket, and what replaces it when it dies.
 *
 * Rules: the ledger owns what must be sent again, the ladder when to dial; this module only moves messages. Each timer has
 * one owner. Events come out once each and in order, whatever happened below.
 */

import { Alarm, type Timers } from './alarm.js';
import { Emitter } from './emitter.js';
import { SegueError, type Reason } from './errors.js';
import { HANDSHAKE_MS_MAX, LIVED_AFTER_MS, SILENCE_MS_MAX } from './limits.js';
import { ClockExchange } from './protocol/clock.js';
import { decodeServerEvent, type ClientEvent, type Received, type ServerEvent } from './protocol/events.js';
import { DialLadder, type DialFailure, type Step } from './protocol/ladder.js';
import { ResumeLedger } from './protocol/resume.js';

export interface ConnectionConfig {
  /** Base URLs of the edges (`https://host`), tried in turn. */
  readonly edges: readonly string[];
  readonly model: string;
  /** An API key or client secret for the first connection; later ones use the session's own token. */
  readonly credential: string;
  readonly timers: Timers;
  /** This page's clock in nanoseconds, as all stamps of the session. */
  readonly nowNs: () => number;
  readonly random: () => number;
  readonly openSocket: (url: string, protocols: string[]) => WebSocket;
  /** Whether an edge says that it would serve a session; false also where one cannot know. */
  readonly isReady: (edge: string) => Promise<boolean>;
}

export type ConnectionState =
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'live'; readonly sessionId: string; readonly moves: number }
  | { readonly kind: 'reconnecting'; readonly sessionId: string; readonly attempt: number; readonly moves: number }
  | { readonly kind: 'ended'; readonly reason: Reason | null; readonly message: string };

export interface ConnectionEvents {
  event: { readonly event: ServerEvent; readonly receivedAtNs: number };
  state: ConnectionState;
}

export class Connection extends Emitter<ConnectionEvents> {
  readonly clock = new ClockExchange();
  private readonly ledger = new ResumeLedger();
  private readonly ladder: DialLadder;
  private readonly redial: Alarm;
  private readonly handshake: Alarm;
  private readonly ping: Alarm;
  private readonly silence: Alarm;
  private socket: WebSocket | null = null;
  private edge = '';
  private attempt = 1;
  private moves = 0;
  private liveSinceMs = 0;
  private current: ConnectionState = { kind: 'connecting', attempt: 1 };

  constructor(private readonly config: ConnectionConfig) {
    super();
    this.ladder = new DialLadder(config.edges, config.random);
    this.redial = new Alarm(config.timers, () => this.dial());
    this.handshake = new Alarm(config.timers, () => this.lose('away'));
    this.ping = new Alarm(config.timers, () => this.sendPing());
    this.silence = new Alarm(config.timers, () => this.lose('away'));
  }

  get state(): ConnectionState {
    return this.current;
  }

  open(): void {
    this.setState({ kind: 'connecting', attempt: 1 });
    this.follow(this.ladder.begin(this.config.timers.now()));
  }

  /** Send one event, now or as soon as there is a connection again. */
  send(event: ClientEvent): void {
    if (this.current.kind === 'ended') return;
    const payload = JSON.stringify(event);
    try {
      this.ledger.keep(payload);
    } catch (error) {
      if (!(error instanceof SegueError)) throw error;
      return this.end(error.reason, error.message);
    }
    if (this.current.kind === 'live' || (this.ledger.session === null && this.isOpen)) this.socket?.send(payload);
  }

  /** End the session from this side. */
  close(): void {
    this.end(null, 'you ended the conversation');
  }

  /** The network is back: do not wait for the next attempt. */
  hurry(): void {
    if (this.current.kind === 'reconnecting' && this.socket === null) this.redial.setIn(0);
  }

  private get isOpen(): boolean {
    return this.socket?.readyState === OPEN;
  }

  private follow(step: Step): void {
    if (step.kind === 'give_up') {
      const message =
        step.reason === 'refused'
          ? 'the server refuses this session: the key or token is not valid (any more)'
          : 'no server could carry this conversation on for a minute';
      return this.end(step.reason, message);
    }
    this.edge = step.edge;
    this.attempt = step.attempt;
    this.announce();
    this.redial.setIn(step.delayMs);
  }

  private announce(): void {
    const session = this.ledger.session;
    if (session === null) this.setState({ kind: 'connecting', attempt: this.attempt });
    else {
      const { attempt, moves } = this;
      this.setState({ kind: 'reconnecting', sessionId: session.sessionId, attempt, moves });
    }
  }

  private dial(): void {
    const token = this.ledger.session?.resumeToken ?? this.config.credential;
    let socket: WebSocket;
    try {
      socket = this.config.openSocket(this.url(), ['realtime', `openai-insecure-api-key.${token}`]);
    } catch {
      return this.end('refused', 'this key has characters that no key has');
    }
    this.socket = socket;
    this.handshake.setIn(HANDSHAKE_MS_MAX);
    socket.onopen = () => this.onOpen(socket);
    socket.onmessage = ({ data }) => this.onMessage(socket, data);
    socket.onclose = (event) => this.onClose(socket, event);
  }

  private url(): string {
    const url = new URL('/v1/realtime', this.edge);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.search = new URLSearchParams({ model: this.config.model, ...this.ledger.query() }).toString();
    return url.href;
  }

  private onOpen(socket: WebSocket): void {
    if (socket !== this.socket || this.ledger.session !== null) return;
    for (const payload of this.ledger.unacknowledged(0)) socket.send(payload);
  }

  private onMessage(socket: WebSocket, data: unknown): void {
    const receivedAtNs = this.config.nowNs();
    if (socket !== this.socket || this.current.kind === 'ended') return;
    let received: Received;
    try {
      if (typeof data !== 'string') throw new SegueError('peer', 'the server sent a message that is not text');
      received = decodeServerEvent(data);
    } catch (error) {
      if (!(error instanceof SegueError)) throw error;
      return this.end(error.reason, error.message);
    }
    const { event } = received;
    this.silence.clear();
    this.ledger.handle(received);
    if (event === null) return;
    if (event.type === 'segue.session') this.onSession(event.uplink_received);
    if (event.type === 'segue.clock.pong') this.send(this.clock.handlePong(event, receivedAtNs));
    this.emit('event', { event, receivedAtNs });
  }

  /** The server knows us: from here on we are live. It has `received` of our messages; the rest goes again, in order. */
  private onSession(received: number): void {
    this.handshake.clear();
    const wasLive = this.current.kind === 'live';
    if (wasLive) return;
    if (this.current.kind === 'reconnecting') {
      this.moves += 1;
      for (const payload of this.ledger.unacknowledged(received)) this.socket?.send(payload);
    }
    this.liveSinceMs = this.config.timers.now();
    const sessionId = this.ledger.session?.sessionId ?? '';
    this.setState({ kind: 'live', sessionId, moves: this.moves });
    this.clock.restart();
    this.sendPing();
  }

  private sendPing(): void {
    this.send(this.clock.ping(this.config.nowNs()));
    this.ping.setIn(this.clock.nextInMs);
    this.silence.setOnceIn(SILENCE_MS_MAX);
  }

  private onClose(socket: WebSocket, { code, reason }: CloseEvent): void {
    if (socket !== this.socket) return;
    if (isFinal(code, reason)) return this.end('ended', reason || `the server ended the session (${code})`);
    const isUpgradeFailed = code === ABNORMAL && this.current.kind !== 'live';
    this.lose(isUpgradeFailed ? 'unknown' : 'away');
  }

  /** The connection is no use any more: let go of it and dial again. */
  private lose(failure: DialFailure | 'unknown'): void {
    const nowMs = this.config.timers.now();
    const hasLived = this.current.kind === 'live' && nowMs - this.liveSinceMs >= LIVED_AFTER_MS;
    this.drop();
    if (hasLived) return this.follow(this.ladder.begin(nowMs));
    if (failure !== 'unknown') return this.follow(this.ladder.handleFailure(nowMs, failure));
    void this.config.isReady(this.edge).then((isReady) => {
      if (this.current.kind === 'ended' || this.socket !== null) return;
      this.follow(this.ladder.handleFailure(this.config.timers.now(), isReady ? 'refused' : 'away'));
    });
  }

  private end(reason: Reason | null, message: string): void {
    if (this.current.kind === 'ended') return;
    this.drop();
    this.setState({ kind: 'ended', reason, message });
  }

  private drop(): void {
    for (const alarm of [this.redial, this.handshake, this.ping, this.silence]) alarm.clear();
    const { socket } = this;
    this.socket = null;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(1000);
    }
  }

  private setState(state: ConnectionState): void {
    this.current = state;
    this.emit('state', state);
  }
}

const OPEN = 1;
const ABNORMAL = 1006;
const NORMAL = 1000;
const SUPERSEDED = 4001;

/** Ends that a new connection cannot change, or must not: another page has the session now, and wants to keep it. */
function isFinal(code: number, reason: string): boolean {
  return code === NORMAL || (code === SUPERSEDED && !reason.includes('elsewhere'));
}
