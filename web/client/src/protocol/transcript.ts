/**
 * The conversation as captions: what each side said, and of the agent's words which have been heard.
 *
 * Pure: server events and playout progress in, a list of entries out. Entries keep the order in which they began.
 */

import type { ServerEvent, WireItem } from './events.js';

export type UserState = 'speaking' | 'recognising' | 'final' | 'failed';
export type AgentState = 'speaking' | 'heard' | 'cut';

export interface UserEntry {
  readonly role: 'user';
  readonly id: string;
  readonly text: string;
  readonly state: UserState;
  readonly isTyped: boolean;
}

/** `text` is heard ‖ not heard. `isCut`: the rest never will be. */
export interface AgentEntry {
  readonly role: 'agent';
  readonly id: string;
  readonly heard: string;
  readonly unheard: string;
  readonly state: AgentState;
  readonly isSpoken: boolean;
}

export interface ToolEntry {
  readonly role: 'tool';
  readonly id: string;
  readonly name: string;
}

export type Entry = UserEntry | AgentEntry | ToolEntry;

interface Agent {
  text: string;
  heardChars: number;
  state: AgentState;
  isSpoken: boolean;
}

export class Transcript {
  private readonly order: string[] = [];
  private readonly users = new Map<string, UserEntry>();
  private readonly agents = new Map<string, Agent>();
  private readonly tools = new Map<string, ToolEntry>();
  /** Speech that stopped and was not committed by the very next event: it was no turn. */
  private uncommitted: string | null = null;

  get entries(): Entry[] {
    return this.order.flatMap((id) => this.entry(id) ?? []);
  }

  entry(id: string): Entry | null {
    const agent = this.agents.get(id);
    if (agent === undefined) return this.users.get(id) ?? this.tools.get(id) ?? null;
    const { text, heardChars, state, isSpoken } = agent;
    return { role: 'agent', id, heard: text.slice(0, heardChars), unheard: text.slice(heardChars), state, isSpoken };
  }

  /** Returns the id of an entry that changed or went, or null. */
  handle(event: ServerEvent): string | null {
    const dropped = this.uncommitted;
    this.uncommitted = null;
    if (dropped !== null && !(event.type === 'input_audio_buffer.committed' && event.item_id === dropped)) {
      this.remove(dropped);
      return this.on(event) ?? dropped;
    }
    return this.on(event);
  }

  private on(event: ServerEvent): string | null {
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
      case 'segue.transcript.partial':
        return this.hearUser(event.item_id, event.type === 'segue.transcript.partial' ? event.text : null);
      case 'input_audio_buffer.speech_stopped':
        this.uncommitted = event.item_id;
        return null;
      case 'input_audio_buffer.committed':
        return this.setUser(event.item_id, { state: 'recognising' });
      case 'conversation.item.added':
        return this.addItem(event.item);
      case 'conversation.item.deleted':
        return this.remove(event.item_id);
      case 'conversation.item.input_audio_transcription.completed':
        return event.transcript.trim() === ''
          ? this.remove(event.item_id)
          : this.setUser(event.item_id, { state: 'final', text: event.transcript });
      case 'conversation.item.input_audio_transcription.failed':
        return this.setUser(event.item_id, { state: 'failed' });
      case 'response.output_item.added':
        return this.addItem(event.item);
      case 'response.output_audio_transcript.delta':
        return this.say(event.item_id, event.delta, true);
      case 'response.output_text.delta':
        return this.say(event.item_id, event.delta, false);
      case 'segue.item.heard':
        return this.markHeard(event.item_id, event.heard_text, event.cut);
      default:
        return null;
    }
  }

  /** Progress between the server's own words on it: of `totalMs` that have arrived `playedMs` were heard. */
  handleProgress(itemId: string, playedMs: number, totalMs: number, isWhole: boolean): string | null {
    const agent = this.agents.get(itemId);
    if (agent === undefined || agent.state === 'cut') return null;
    const { text, heardChars } = agent;
    const expectedMs = isWhole ? totalMs : Math.max(totalMs, text.length * MS_PER_LETTER);
    const isOver = isWhole && playedMs >= totalMs;
    const share = isOver ? 1 : playedMs / Math.max(1, expectedMs);
    agent.heardChars = Math.max(heardChars, wordsWithin(text, Math.floor(text.length * share)));
    if (isOver) agent.state = 'heard';
    return itemId;
  }

  private hearUser(id: string, text: string | null): string {
    const known = this.users.get(id);
    return known?.state === 'final' ? id : this.setUser(id, { state: 'speaking', ...(text !== null && { text }) });
  }

  private setUser(id: string, change: Partial<UserEntry>): string {
    if (!this.users.has(id)) this.order.push(id);
    const before = this.users.get(id) ?? { role: 'user', id, text: '', state: 'speaking', isTyped: false };
    this.users.set(id, { ...before, ...change });
    return id;
  }

  private addItem(item: WireItem): string | null {
    if (item.type === 'function_call') {
      if (!this.tools.has(item.id)) this.order.push(item.id);
      this.tools.set(item.id, { role: 'tool', id: item.id, name: item.name ?? 'a tool' });
      return item.id;
    }
    if (item.type !== 'message') return null;
    if (item.role === 'assistant') return this.say(item.id, '', true);
    if (item.role !== 'user') return null;
    const typed = (item.content ?? []).filter((part) => part.type === 'input_text').map((part) => part.text ?? '');
    if (typed.length > 0) return this.setUser(item.id, { text: typed.join(' '), state: 'final', isTyped: true });
    const known = this.users.get(item.id);
    return known?.state === 'final' ? item.id : this.setUser(item.id, { state: 'recognising' });
  }

  private say(id: string, delta: string, isSpoken: boolean): string {
    let agent = this.agents.get(id);
    if (agent === undefined) {
      agent = { text: '', heardChars: 0, state: 'speaking', isSpoken };
      this.agents.set(id, agent);
      this.order.push(id);
    }
    agent.text += delta;
    agent.isSpoken = isSpoken;
    if (!isSpoken) agent.heardChars = agent.text.length;
    return id;
  }

  private markHeard(id: string, heardText: string, isCut: boolean): string | null {
    const agent = this.agents.get(id);
    if (agent === undefined) return null;
    const chars = agent.text.startsWith(heardText) ? heardText.length : wordsWithin(agent.text, heardText.length);
    agent.heardChars = isCut ? chars : Math.max(agent.heardChars, chars);
    if (isCut) agent.state = 'cut';
    return id;
  }

  private remove(id: string): string | null {
    const at = this.order.indexOf(id);
    if (at === -1) return null;
    this.order.splice(at, 1);
    this.users.delete(id);
    this.agents.delete(id);
    this.tools.delete(id);
    return id;
  }
}

/** The end of the last word that ends within the first `chars` characters. */
function wordsWithin(text: string, chars: number): number {
  if (chars >= text.length) return text.length;
  return Math.max(0, text.lastIndexOf(' ', chars));
}

/** How long a letter takes, roughly, where the audio for the words is not all here. */
const MS_PER_LETTER = 60;
