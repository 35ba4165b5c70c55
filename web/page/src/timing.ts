/** The waterfall of each turn, newest first and open, and the percentiles of each leg so far. */

import type { HopRecord, HopStats, TurnHops } from '../../client/src/index.js';
import { h } from './dom.js';
import { byPath, legOf } from './legs.js';

export class Timing {
  private turns = 0;

  constructor(
    private readonly list: HTMLElement,
    private readonly rows: HTMLElement,
    private readonly panels: { readonly empty: HTMLElement; readonly filled: readonly HTMLElement[] },
  ) {}

  clear(): void {
    this.turns = 0;
    this.list.replaceChildren();
    this.rows.replaceChildren();
    this.show(false);
  }

  add(turn: TurnHops): void {
    this.turns += 1;
    this.show(true);
    for (const older of this.list.querySelectorAll('details')) older.open = false;
    this.list.prepend(turnPanel(turn, this.turns));
    while (this.list.childElementCount > TURNS_SHOWN_MAX) this.list.lastElementChild?.remove();
    const names = Object.keys(turn.stats).sort(byPath);
    this.rows.replaceChildren(...names.map((name) => statsRow(name, turn.stats[name] as HopStats)));
  }

  private show(isFilled: boolean): void {
    this.panels.empty.hidden = isFilled;
    for (const panel of this.panels.filled) panel.hidden = !isFilled;
  }
}

export function totalText({ voice_to_voice_ms: total }: TurnHops): string {
  return total === null || total === undefined ? 'not measured' : `${Math.round(total)} ms`;
}

function turnPanel(turn: TurnHops, number: number): HTMLDetailsElement {
  const endMs = Math.max(1, ...turn.hops.map((hop) => hop.start_ms + hop.duration_ms));
  const total = h('b', {}, totalText(turn));
  const title = h('span', { class: 'turn-name' }, `Turn ${number}`);
  const strip = h('span', { class: 'strip', 'aria-hidden': 'true' }, ...turn.hops.map((hop) => bar(hop, endMs)));
  const summary = h('summary', {}, title, strip, h('span', { class: 'total' }, total, h('span', {}, ' voice to voice')));
  const caption = h('caption', { class: 'hidden' }, `Legs of turn ${number} in milliseconds from the end of your speech`);
  const head = h('thead', { class: 'hidden' }, h('tr', {}, ...['Leg', 'When', 'Duration'].map((text) => h('th', { scope: 'col' }, text))));
  const columns = h('colgroup', {}, h('col', { class: 'legs' }), h('col'), h('col', { class: 'figures' }));
  const rows = turn.hops.map((hop) => hopRow(hop, endMs));
  const table = h('table', { class: 'waterfall' }, caption, columns, head, h('tbody', {}, ...rows), axis(endMs));
  return h('details', { open: true, class: 'turn' }, summary, table);
}

function hopRow(hop: HopRecord, endMs: number): HTMLTableRowElement {
  const { label, kind } = legOf(hop.name);
  const track = h('div', { class: 'track', 'aria-hidden': 'true' }, bar(hop, endMs));
  const when = h('span', { class: 'hidden' }, `from ${number(hop.start_ms)} ms`);
  const bound = hop.bound_ms === null || hop.bound_ms === undefined ? '' : `± ${number(hop.bound_ms)}`;
  const figure = h('td', { class: 'figure' }, number(hop.duration_ms), h('small', {}, bound));
  const isIdle = hop.duration_ms <= 0;
  return h('tr', { 'data-kind': kind, class: isIdle ? 'idle' : '' }, h('th', { scope: 'row' }, label), h('td', {}, when, track), figure);
}

function bar(hop: HopRecord, endMs: number): HTMLElement {
  const element = h('i', { class: `bar-${legOf(hop.name).kind}` });
  element.style.left = `${(100 * hop.start_ms) / endMs}%`;
  element.style.width = `${(100 * Math.max(0, hop.duration_ms)) / endMs}%`;
  return element;
}

function axis(endMs: number): HTMLElement {
  const stepMs = AXIS_STEPS_MS.find((step) => endMs / step <= 4) ?? 5000;
  const ticks: HTMLElement[] = [];
  for (let atMs = 0; atMs <= endMs; atMs += stepMs) {
    const tick = h('span', {}, String(atMs));
    tick.style.left = `${(100 * atMs) / endMs}%`;
    if (atMs / endMs < 0.94 || atMs === 0) ticks.push(tick);
  }
  const cells = [h('td', {}), h('td', {}, h('div', { class: 'axis' }, ...ticks)), h('td', { class: 'figure quiet' }, 'ms')];
  return h('tfoot', { 'aria-hidden': 'true' }, h('tr', {}, ...cells));
}

function statsRow(name: string, { p50, p95, p99, n }: HopStats): HTMLTableRowElement {
  const figures = [p50, p95, p99].map((value) => h('td', { class: 'figure' }, number(value)));
  return h('tr', {}, h('th', { scope: 'row' }, legOf(name).label), ...figures, h('td', { class: 'figure' }, String(n)));
}

/** Three significant figures are enough for a person; what is under a tenth is not worth one. */
function number(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  if (Math.abs(value) >= 10) return value.toFixed(1).replace(/\.0$/, '');
  return Math.abs(value) < 0.05 ? '0' : value.toFixed(1);
}

const AXIS_STEPS_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000];
const TURNS_SHOWN_MAX = 50;
