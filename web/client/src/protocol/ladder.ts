/**
 * When and where to dial next, and when to stop trying. Pure: time and randomness come in.
 *
 * Edges are tried in turn. The wait grows from one round over all edges to the next, so that a second edge is tried at once.
 */

import { GIVE_UP_AFTER_MS, REFUSALS_MAX, RETRY_FIRST_MS, RETRY_GROWTH, RETRY_MS_MAX } from '../limits.js';

export type DialFailure =
  /** Nobody answered, or the edge said that it cannot just now. */
  | 'away'
  /** The upgrade failed though the edge says that it is ready. */
  | 'refused';

export type Step =
  | { readonly kind: 'dial'; readonly edge: string; readonly delayMs: number; readonly attempt: number }
  | { readonly kind: 'give_up'; readonly reason: 'refused' | 'unreachable' };

export class DialLadder {
  private edge = 0;
  private attempt = 0;
  private refusals = 0;
  private beganAtMs: number | null = null;

  constructor(
    private readonly edges: readonly string[],
    private readonly random: () => number,
  ) {}

  /** The first attempt after a connection was lost, or at the start: at once. */
  begin(nowMs: number): Step {
    this.beganAtMs = nowMs;
    this.attempt = 1;
    this.refusals = 0;
    return this.dial(0);
  }

  handleFailure(nowMs: number, failure: DialFailure): Step {
    this.refusals = failure === 'refused' ? this.refusals + 1 : 0;
    if (this.refusals >= REFUSALS_MAX) return { kind: 'give_up', reason: 'refused' };
    if (nowMs - (this.beganAtMs ?? nowMs) > GIVE_UP_AFTER_MS) return { kind: 'give_up', reason: 'unreachable' };
    const round = Math.floor((this.attempt - 1) / this.edges.length);
    const isRoundOver = this.attempt % this.edges.length === 0;
    const longestMs = Math.min(RETRY_MS_MAX, RETRY_FIRST_MS * RETRY_GROWTH ** round);
    this.attempt += 1;
    this.edge += 1;
    return this.dial(isRoundOver ? longestMs * (0.5 + this.random() / 2) : 0);
  }

  private dial(delayMs: number): Step {
    const edge = this.edges[this.edge % this.edges.length] as string;
    return { kind: 'dial', edge, delayMs, attempt: this.attempt };
  }
}
