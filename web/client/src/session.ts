/**
 * A conversation: connection, microphone, speaker and captions put together. `handle*` in, typed events out.
 *
 * Rules: what the core is told was heard comes from the device, not from what was sent to it. Acknowledgements follow the
 * playback worklet's reports, so that a hidden page, whose timers are throttled, goes on telling the truth.
 */

import { Alarm, browserTimers, type Timers } from './alarm.js';
import { decodeBase64, encodeBase64 } from './audio/pcm.js';
import { nowNs, openAudio, type WorkletUrls } from './audio/device.js';
import { Microphone, type MicrophoneFrame } from './audio/microphone.js';
import { Speaker } from './audio/speaker.js';
import { Connection, type ConnectionConfig, type ConnectionState } from './connection.js';
import { Emitter } from './emitter.js';
import { SegueError } from './errors.js';
import { PLAYOUT_EVERY_MS, TURNS_MAX } from './limits.js';
import type { ServerEvent, ServerEventOf } from './protocol/events.js';
import { PlayoutLedger, type PlayoutReport, type RenderedSpan } from './protocol/playout.js';
import { Transcript } from './protocol/transcript.js';

export interface SessionConfig {
  readonly edges: readonly string[];
  readonly credential: string;
  readonly worklets: WorkletUrls;
  readonly model?: string;
  readonly constraints?: MediaTrackConstraints;
  readonly timers?: Timers;
  readonly openSocket?: ConnectionConfig['openSocket'];
}

export type TurnHops = ServerEventOf<'segue.turn.hops'>;

export interface SessionEvents {
  state: ConnectionState;
  /** Captions changed; read `transcript.entries`. */
  transcript: Transcript;
  /** A turn's hops; `turns` has them all. */
  turn: TurnHops;
  /** 0..1 each. */
  microphoneLevel: number;
  speakerLevel: number;
  /** The microphone was opened, muted or closed. */
  microphone: MicrophoneState;
  /** The agent is (or is no longer) at the ear. */
  audible: boolean;
  store: ServerEventOf<'segue.state'>;
  /** The server refused one thing; the conversation goes on. */
  problem: string;
  /** Everything the server said, for those who want more. */
  event: ServerEvent;
}

export type MicrophoneState = 'off' | 'on' | 'muted';

export class Session extends Emitter<SessionEvents> {
  readonly transcript = new Transcript();
  readonly connection: Connection;
  private readonly playout = new PlayoutLedger();
  private readonly timers: Timers;
  /** The device is still playing what the worklet has long rendered, or has silence between two arrivals. */
  private readonly owing: Alarm;
  private readonly hops: TurnHops[] = [];
  private readonly activeResponses = new Set<string>();
  private context: AudioContext | null = null;
  private speaker: Speaker | null = null;
  private microphone: Microphone | null = null;
  private reportedAtMs = -Infinity;
  private wasAudible = false;

  constructor(private readonly config: SessionConfig) {
    super();
    this.timers = config.timers ?? browserTimers;
    this.owing = new Alarm(this.timers, () => this.report(true));
    this.connection = new Connection({
      edges: config.edges,
      model: config.model ?? 'segue',
      credential: config.credential,
      timers: this.timers,
      nowNs,
      random: Math.random,
      openSocket: config.openSocket ?? ((url, protocols) => new WebSocket(url, protocols)),
      isReady,
    });
    this.connection.on('state', (state) => this.onState(state));
    this.connection.on('event', ({ event, receivedAtNs }) => this.onEvent(event, receivedAtNs));
  }

  get turns(): readonly TurnHops[] {
    return this.hops;
  }

  get microphoneState(): MicrophoneState {
    if (this.microphone === null) return 'off';
    return this.microphone.isMuted ? 'muted' : 'on';
  }

  /** Make sound possible and connect. Call it from within a user's gesture. */
  async start(): Promise<void> {
    this.context = await openAudio(this.config.worklets);
    this.speaker = new Speaker(this.context, {
      onRendered: (spans, cleared) => this.onRendered(spans, cleared),
      onLevel: (level) => this.emit('speakerLevel', level),
    });
    this.connection.open();
  }

  /** Open the microphone; throws a SegueError that says why it cannot. */
  async listen(): Promise<void> {
    if (this.context === null) throw new SegueError('unsupported', 'start the session first');
    if (this.microphone !== null) return;
    this.microphone = await Microphone.open(this.context, {
      ...(this.config.constraints && { constraints: this.config.constraints }),
      onFrame: (frame) => this.onFrame(frame),
      onEnded: () => this.onMicrophoneEnded(),
    });
    if (this.connection.state.kind === 'ended') this.closeMicrophone();
    this.emit('microphone', this.microphoneState);
  }

  mute(isMuted: boolean): void {
    if (this.microphone === null) return;
    this.microphone.isMuted = isMuted;
    this.emit('microphone', this.microphoneState);
  }

  /** Say something by typing it; an agent that is speaking is cut short. */
  say(text: string): void {
    if (this.activeResponses.size > 0) this.connection.send({ type: 'response.cancel' });
    if (this.playout.isAudible) this.connection.send({ type: 'output_audio_buffer.clear' });
    this.connection.send({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
    });
    this.connection.send({ type: 'response.create' });
  }

  stop(): void {
    this.connection.close();
  }

  private onState(state: ConnectionState): void {
    if (state.kind === 'ended') this.release();
    this.emit('state', state);
  }

  private release(): void {
    this.owing.clear();
    this.closeMicrophone();
    this.speaker?.close();
    this.speaker = null;
    void this.context?.close();
    this.context = null;
    this.emit('speakerLevel', 0);
    this.noteAudible(false);
  }

  private closeMicrophone(): void {
    this.microphone?.close();
    this.microphone = null;
    this.emit('microphoneLevel', 0);
    this.emit('microphone', 'off');
  }

  private onMicrophoneEnded(): void {
    this.closeMicrophone();
    this.emit('problem', 'the microphone went away; the conversation goes on, and you can type');
  }

  private onFrame({ pcm, capturedAtNs, level }: MicrophoneFrame): void {
    this.emit('microphoneLevel', level);
    const segue = { captured_at_ns: capturedAtNs, sent_at_ns: nowNs() };
    this.connection.send({ type: 'input_audio_buffer.append', audio: encodeBase64(pcm), segue });
  }

  private onEvent(event: ServerEvent, receivedAtNs: number): void {
    switch (event.type) {
      case 'response.output_audio.delta':
        this.onAudio(event.item_id, event.delta, receivedAtNs);
        break;
      case 'response.output_audio.done':
        this.playout.handleEnded(event.item_id);
        this.speaker?.end(event.item_id);
        this.report(true);
        break;
      case 'segue.playout.hold':
        this.speaker?.hold();
        break;
      case 'segue.playout.resume':
        this.speaker?.goOn();
        break;
      case 'segue.playout.clear':
        this.speaker?.clear(event.item_id);
        break;
      case 'response.created':
        this.activeResponses.add(event.response.id);
        break;
      case 'response.done':
        this.onResponseDone(event.response);
        break;
      case 'segue.turn.hops':
        this.hops.push(event);
        if (this.hops.length > TURNS_MAX) this.hops.shift();
        this.emit('turn', event);
        break;
      case 'segue.state':
        this.emit('store', event);
        break;
      case 'error':
        this.emit('problem', event.error.message);
        break;
      default:
        break;
    }
    if (this.transcript.handle(event) !== null) this.emit('transcript', this.transcript);
    this.emit('event', event);
  }

  private onResponseDone({ id, status, status_details }: ServerEventOf<'response.done'>['response']): void {
    this.activeResponses.delete(id);
    if (status === 'failed') this.emit('problem', status_details?.error?.message ?? 'the agent could not answer');
  }

  private onAudio(itemId: string, delta: string, receivedAtNs: number): void {
    const pcm = decodeBase64(delta);
    if (!this.playout.handleReceived(itemId, pcm.length, receivedAtNs)) return;
    this.speaker?.play(itemId, pcm);
    this.noteAudible(true);
  }

  private onRendered(spans: readonly RenderedSpan[], cleared: readonly string[]): void {
    for (const span of spans) this.playout.handleRendered(span);
    for (const itemId of cleared) this.playout.handleCut(itemId);
    this.report(cleared.length > 0);
  }

  /** Tell the core what was heard: now if it is `urgent`, else every so often. */
  private report(isUrgent: boolean): void {
    const nowMs = this.timers.now();
    if (this.speaker === null || (!isUrgent && nowMs - this.reportedAtMs < PLAYOUT_EVERY_MS)) return;
    this.reportedAtMs = nowMs;
    for (const heard of this.playout.poll(this.speaker.clock)) {
      this.connection.send({
        type: 'segue.playout',
        item_id: heard.itemId,
        played_ms: heard.playedMs,
        buffered_ms: heard.bufferedMs,
        at_ns: nowNs(),
        started_at_ns: heard.startedAtNs,
        received_at_ns: heard.receivedAtNs,
        done: heard.isDone,
      });
      if (!heard.isCut) this.progress(heard);
    }
    this.noteAudible(this.playout.isAudible);
    if (this.playout.isOwing) this.owing.setIn(PLAYOUT_EVERY_MS);
  }

  private progress({ itemId, playedMs, bufferedMs, isWhole }: PlayoutReport): void {
    const changed = this.transcript.handleProgress(itemId, playedMs, playedMs + bufferedMs, isWhole);
    if (changed !== null) this.emit('transcript', this.transcript);
  }

  private noteAudible(isAudible: boolean): void {
    if (isAudible !== this.wasAudible) {
      this.wasAudible = isAudible;
      this.emit('audible', isAudible);
    }
  }
}

/** An edge of another origin cannot be asked; then nothing is known, and dialling goes on. */
async function isReady(edge: string): Promise<boolean> {
  try {
    return (await fetch(new URL('/readyz', edge), { cache: 'no-store', signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
