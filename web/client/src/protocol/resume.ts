/**
 * What a client must remember so that nothing is lost or said twice when its connection dies.
 *
 * Upward: each message is numbered from 1 and kept until the server says that it is decided and durable (`segue.ack`).
 * What a server merely has received is not sent to it again, but kept: it may die too.
 * Downward: the last `event_id` is a cursor; presented on the next connection it makes the server go on from there.
 */

import { SegueError } from '../errors.js';
import { UPLINK_RING_CHARS_MAX, UPLINK_RING_MESSAGES_MAX } from '../limits.js';
import type { Received } from './events.js';

interface Kept {
  readonly index: number;
  readonly payload: string;
}

export interface Identity {
  readonly sessionId: string;
  readonly resumeToken: string;
}

export class ResumeLedger {
  private identity: Identity | null = null;
  private cursor = '';
  private position = '';
  private lastIndex = 0;
  private kept: Kept[] = [];
  private keptChars = 0;

  /** Who we are to the server; null before the first `segue.session`. */
  get session(): Identity | null {
    return this.identity;
  }

  get sentThrough(): number {
    return this.lastIndex;
  }

  /** Number a message and keep it; throws a SegueError with reason `limit` when the ring is full. */
  keep(payload: string): number {
    if (this.kept.length >= UPLINK_RING_MESSAGES_MAX || this.keptChars + payload.length > UPLINK_RING_CHARS_MAX) {
      throw new SegueError('limit', `${this.kept.length} messages wait for the server to decide on them; no more fit`);
    }
    this.lastIndex += 1;
    this.kept.push({ index: this.lastIndex, payload });
    this.keptChars += payload.length;
    return this.lastIndex;
  }

  /** Follow one server event: its cursor, and the bookkeeping that is for us. */
  handle({ eventId, event }: Received): void {
    if (eventId.startsWith('event_')) this.cursor = eventId;
    if (event?.type === 'segue.session') {
      this.identity = { sessionId: event.session_id, resumeToken: event.resume_token };
    } else if (event?.type === 'segue.ack') {
      this.release(event.through, event.position);
    }
  }

  /** Messages beyond `after`, in order, to send again on a resumed connection. */
  unacknowledged(after: number): readonly string[] {
    return this.kept.filter((one) => one.index > after).map((one) => one.payload);
  }

  /** Query parameters of the next connection. */
  query(): Record<string, string> {
    if (this.identity === null) return { segue: '1' };
    const { sessionId } = this.identity;
    return {
      segue: '1',
      session_id: sessionId,
      received: String(this.lastIndex),
      ...(this.cursor && { after: this.cursor }),
      ...(this.position && { position: this.position }),
    };
  }

  private release(through: number, position: string): void {
    const held = this.kept.findIndex((one) => one.index > through);
    const gone = this.kept.splice(0, held === -1 ? this.kept.length : held);
    for (const one of gone) this.keptChars -= one.payload.length;
    if (gone.length > 0) this.position = position;
  }
}
