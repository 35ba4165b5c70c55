/** The conversation in words. One list item per entry, updated in place; what was cut is struck and explained. */

import type { AgentEntry, Entry, UserEntry } from '../../client/src/index.js';
import { h, setText } from './dom.js';

export class Captions {
  private readonly rows = new Map<string, HTMLLIElement>();
  /** Whoever scrolled up to read stays there; everybody else sees the newest words. */
  private isFollowing = true;

  constructor(
    private readonly list: HTMLOListElement,
    private readonly scroller: HTMLElement,
    private readonly announce: (text: string) => void,
  ) {
    scroller.addEventListener('scroll', () => {
      const { scrollHeight, scrollTop, clientHeight } = scroller;
      this.isFollowing = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    });
    const resized = new ResizeObserver(() => this.follow());
    resized.observe(scroller);
    resized.observe(list);
  }

  clear(): void {
    this.rows.clear();
    this.list.replaceChildren();
  }

  render(entries: readonly Entry[]): void {
    const visible = entries.filter(isVisible);
    const ids = new Set(visible.map((entry) => entry.id));
    for (const [id, row] of this.rows) {
      if (!ids.has(id)) {
        row.remove();
        this.rows.delete(id);
      }
    }
    for (const entry of visible) this.update(entry);
  }

  private follow(): void {
    if (this.isFollowing) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** How long an answer took, beside it. */
  tag(itemId: string, text: string): void {
    const tag = this.rows.get(itemId)?.querySelector('.took');
    if (tag !== null && tag !== undefined) setText(tag, text);
  }

  private update(entry: Entry): void {
    let row = this.rows.get(entry.id);
    if (row === undefined) {
      row = newRow(entry);
      this.rows.set(entry.id, row);
      this.list.append(row);
    }
    const stateBefore = row.dataset['state'];
    switch (entry.role) {
      case 'user':
        showUser(row, entry);
        if (entry.state === 'final' && stateBefore !== 'final') this.announce(`You said: ${entry.text}`);
        break;
      case 'agent':
        showAgent(row, entry);
        if (entry.state === 'cut' && stateBefore !== 'cut') this.announce('You interrupted the agent.');
        break;
      case 'tool':
        break;
    }
  }
}

function isVisible(entry: Entry): boolean {
  switch (entry.role) {
    case 'user':
      return entry.text !== '' || entry.state !== 'speaking';
    case 'agent':
      return entry.heard + entry.unheard !== '';
    case 'tool':
      return true;
  }
}

function newRow(entry: Entry): HTMLLIElement {
  if (entry.role === 'tool') {
    return h('li', { class: 'entry tool' }, h('p', {}, 'used ', h('code', {}, entry.name)));
  }
  const who = entry.role === 'user' ? 'You' : 'Agent';
  const head = h('p', { class: 'who' }, who, h('span', { class: 'took' }));
  const words = h('p', { class: 'words' }, h('span', { class: 'said' }), h('span', { class: 'rest' }));
  return h('li', { class: `entry ${entry.role}` }, head, words, h('p', { class: 'note', hidden: true }));
}

function showUser(row: HTMLLIElement, { text, state, isTyped }: UserEntry): void {
  row.dataset['state'] = state;
  setText(part(row, '.said'), text === '' ? (state === 'failed' ? '(not understood)' : '…') : text);
  setText(part(row, '.took'), isTyped ? 'typed' : '');
}

function showAgent(row: HTMLLIElement, { heard, unheard, state }: AgentEntry): void {
  row.dataset['state'] = state;
  const words = unheard.trimStart();
  setText(part(row, '.said'), heard + unheard.slice(0, unheard.length - words.length));
  const isCut = state === 'cut' && words !== '';
  const rest = part(row, '.rest');
  const wanted = isCut ? 'DEL' : 'SPAN';
  if (rest.tagName === wanted) setText(rest, words);
  else rest.replaceWith(h(isCut ? 'del' : 'span', { class: 'rest' }, words));
  const note = part(row, '.note');
  note.hidden = !isCut;
  setText(note, isCut ? (heard.trim() === '' ? 'Cut before you heard any of it.' : 'You spoke, so it stopped; the struck words were never heard.') : '');
}

function part(row: HTMLLIElement, selector: string): HTMLElement {
  return row.querySelector(selector) as HTMLElement;
}

const NEAR_END_PX = 80;
