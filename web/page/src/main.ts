/** The page: wires one session at a time to what is on screen. */

import { SegueError, Session, type ConnectionState } from '../../client/src/index.js';
import { Captions } from './captions.js';
import { fetchCredential, KeyWanted } from './credential.js';
import { byId, setText } from './dom.js';
import { Meter } from './meter.js';
import { describe, describeMicrophone } from './status.js';
import { Timing, totalText } from './timing.js';

declare const CAPTURE_WORKLET: string;
declare const PLAYBACK_WORKLET: string;

const view = {
  status: byId('status', HTMLParagraphElement),
  statusText: byId('status-text', HTMLSpanElement),
  session: byId('session', HTMLParagraphElement),
  sessionId: byId('session-id', HTMLElement),
  copy: byId('copy', HTMLButtonElement),
  welcome: byId('welcome', HTMLDivElement),
  credential: byId('credential', HTMLFormElement),
  credentialWhy: byId('credential-why', HTMLParagraphElement),
  key: byId('key', HTMLInputElement),
  problem: byId('problem', HTMLParagraphElement),
  talk: byId('talk', HTMLButtonElement),
  talkLabel: byId('talk-label', HTMLSpanElement),
  mute: byId('mute', HTMLButtonElement),
  youState: byId('you-state', HTMLSpanElement),
  agentState: byId('agent-state', HTMLSpanElement),
  type: byId('type', HTMLFormElement),
  text: byId('text', HTMLInputElement),
  announce: byId('announce', HTMLParagraphElement),
};

const announce = (text: string): void => setText(view.announce, text);
const captions = new Captions(byId('captions', HTMLOListElement), byId('scroll', HTMLDivElement), announce);
const timing = new Timing(byId('turns', HTMLDivElement), byId('percentile-rows', HTMLTableSectionElement), {
  empty: byId('timing-empty', HTMLParagraphElement),
  filled: [byId('legend', HTMLUListElement), byId('percentiles', HTMLDivElement)],
});
const youMeter = new Meter(byId('meter-you', HTMLCanvasElement));
const agentMeter = new Meter(byId('meter-agent', HTMLCanvasElement));

let session: Session | null = null;
let isStarting = false;
let key: string | null = null;
let storeMessage: string | null = null;
/** What to do once there is a key. */
let afterKey: () => void = () => undefined;

/** A session, a new one if none is running; null if there is none to be had, and the page says why. */
async function ensureSession(): Promise<Session | null> {
  if (session !== null) return session;
  if (isStarting) return null;
  isStarting = true;
  showProblem(null);
  setStatus('busy', 'Connecting');
  try {
    const credential = await fetchCredential(key);
    view.credential.hidden = true;
    const worklets = { capture: CAPTURE_WORKLET, playback: PLAYBACK_WORKLET };
    const started = new Session({ edges: [location.origin], credential, worklets });
    follow(started);
    await started.start();
    session = started;
    return started;
  } catch (error) {
    showStatus(null);
    if (!(error instanceof KeyWanted)) throw error;
    askForKey(error.message);
    return null;
  } finally {
    isStarting = false;
    showTalk();
  }
}

function follow(started: Session): void {
  captions.clear();
  timing.clear();
  view.welcome.hidden = true;
  storeMessage = null;
  started.on('state', onState);
  started.on('transcript', ({ entries }) => captions.render(entries));
  started.on('turn', (turn) => {
    timing.add(turn);
    captions.tag(turn.item_id, totalText(turn));
  });
  started.on('microphoneLevel', (level) => youMeter.push(level));
  started.on('speakerLevel', (level) => agentMeter.push(level));
  started.on('audible', (isAudible) => setText(view.agentState, isAudible ? 'Agent: speaking' : 'Agent'));
  started.on('microphone', showTalk);
  started.on('problem', showProblem);
  started.on('store', ({ store, message }) => {
    storeMessage = store === 'away' ? message : null;
    showStatus(started.connection.state);
  });
}

function onState(state: ConnectionState): void {
  if (state.kind === 'ended') {
    session = null;
    if (state.reason !== null) showProblem(state.message);
  }
  if (state.kind === 'live') {
    view.session.hidden = false;
    setText(view.sessionId, state.sessionId);
  }
  showStatus(state);
  showTalk();
}

async function toggleTalk(): Promise<void> {
  if (session !== null && session.microphoneState !== 'off') return session.stop();
  afterKey = () => void guarded(toggleTalk);
  const running = await ensureSession();
  await running?.listen();
}

async function sendText(): Promise<void> {
  const text = view.text.value.trim();
  if (text === '') return;
  afterKey = () => void guarded(sendText);
  const running = await ensureSession();
  if (running === null) return;
  view.text.value = '';
  running.say(text);
}

/** Run what a person asked for; what fails is said, not thrown. */
async function guarded(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    showProblem(explain(error));
  }
}

function explain(error: unknown): string {
  if (!(error instanceof SegueError)) return error instanceof Error ? error.message : String(error);
  switch (error.reason) {
    case 'microphone_denied':
      return 'This page may not use the microphone. Allow it in the address bar and press Talk again, or type below.';
    case 'microphone_missing':
      return 'No microphone was found. Connect one and press Talk again, or type below.';
    default:
      return error.message;
  }
}

function askForKey(why: string): void {
  setText(view.credentialWhy, why);
  view.credential.hidden = false;
  view.key.focus();
}

function showProblem(text: string | null): void {
  view.problem.hidden = text === null;
  setText(view.problem, text ?? '');
}

function showStatus(state: ConnectionState | null): void {
  const described = describe(state, storeMessage);
  setStatus(described.state, described.text);
}

function setStatus(state: string, text: string): void {
  view.status.dataset['state'] = state;
  setText(view.statusText, text);
}

function showTalk(): void {
  const microphone = session?.microphoneState ?? 'off';
  const isOn = microphone !== 'off';
  view.talk.setAttribute('aria-pressed', String(isOn));
  setText(view.talkLabel, isOn ? 'Stop' : 'Talk');
  view.mute.disabled = !isOn;
  view.mute.setAttribute('aria-pressed', String(microphone === 'muted'));
  setText(view.mute, microphone === 'muted' ? 'Unmute' : 'Mute');
  setText(view.youState, describeMicrophone(microphone));
}

/** The space bar talks, unless it has another meaning where the focus is. */
function isFreeSpace(event: KeyboardEvent): boolean {
  const isPlain = event.code === 'Space' && !event.repeat && !event.ctrlKey && !event.altKey && !event.metaKey;
  const target = event.target instanceof Element ? event.target : null;
  return isPlain && target?.closest('input, textarea, select, button, a, summary, [contenteditable]') === null;
}

view.talk.addEventListener('click', () => void guarded(toggleTalk));
view.mute.addEventListener('click', () => session?.mute(session.microphoneState === 'on'));
view.type.addEventListener('submit', (event) => {
  event.preventDefault();
  void guarded(sendText);
});
view.credential.addEventListener('submit', (event) => {
  event.preventDefault();
  key = view.key.value.trim();
  view.key.value = '';
  afterKey();
});
view.copy.addEventListener('click', () => {
  void navigator.clipboard.writeText(view.sessionId.textContent ?? '').then(
    () => {
      setText(view.copy, 'Copied');
      announce('Session id copied');
    },
    () => getSelection()?.selectAllChildren(view.sessionId),
  );
});
view.copy.addEventListener('blur', () => setText(view.copy, 'Copy'));
document.addEventListener('keydown', (event) => {
  if (!isFreeSpace(event)) return;
  event.preventDefault();
  void guarded(toggleTalk);
});
addEventListener('online', () => session?.connection.hurry());
showTalk();
