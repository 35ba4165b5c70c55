/**
 * The four-timestamp exchange with the core: when to ping, and what the best of the last exchanges says.
 *
 * t0, t3 are stamps of this page's clock, t1, t2 of the core's; offset = core - page, wrong by at most half the round
 * trip. The core gets every finished exchange; the estimate here is for display.
 */

import { CLOCK_BURST, CLOCK_BURST_EVERY_MS, CLOCK_EVERY_MS, CLOCK_SAMPLES_MAX } from '../limits.js';
import type { ClientEvent, ServerEventOf } from './events.js';

export interface ClockEstimate {
  readonly offsetNs: number;
  readonly boundNs: number;
  readonly rttNs: number;
}

export class ClockExchange {
  private pings = 0;
  private estimates: ClockEstimate[] = [];

  /** A new connection is another path: measure it anew. */
  restart(): void {
    this.pings = 0;
    this.estimates = [];
  }

  ping(nowNs: number): ClientEvent {
    this.pings += 1;
    return { type: 'segue.clock.ping', t0_ns: nowNs };
  }

  /** Delay until the next ping. */
  get nextInMs(): number {
    return this.pings < CLOCK_BURST ? CLOCK_BURST_EVERY_MS : CLOCK_EVERY_MS;
  }

  /** Take an answer; returns what the core is to be told. */
  handlePong(pong: ServerEventOf<'segue.clock.pong'>, nowNs: number): ClientEvent {
    const { t0_ns, t1_ns, t2_ns } = pong;
    const rttNs = Math.max(0, nowNs - t0_ns - (t2_ns - t1_ns));
    this.estimates.push({ offsetNs: (t1_ns - t0_ns + (t2_ns - nowNs)) / 2, boundNs: rttNs / 2, rttNs });
    if (this.estimates.length > CLOCK_SAMPLES_MAX) this.estimates.shift();
    return { type: 'segue.clock.sample', t0_ns, t1_ns, t2_ns, t3_ns: nowNs };
  }

  /** The exchange with the shortest round trip of the last ones. */
  get best(): ClockEstimate | null {
    return this.estimates.reduce<ClockEstimate | null>(
      (best, one) => (best === null || one.rttNs < best.rttNs ? one : best),
      null,
    );
  }
}
