/** What the main thread and the two worklets tell each other. */

import type { RenderedSpan } from '../protocol/playout.js';

export const CAPTURE_PROCESSOR = 'segue-capture';
export const PLAYBACK_PROCESSOR = 'segue-playback';

/** Capture, up: one 20 ms frame. `renderedFrame`: the context frame that had been rendered when it was sent. */
export interface CaptureMessage {
  readonly pcm: Int16Array<ArrayBuffer>;
  readonly endFrame: number;
  readonly renderedFrame: number;
}

/** Playback, down. */
export type PlaybackCommand =
  | { readonly kind: 'play'; readonly itemId: string; readonly pcm: Int16Array }
  | { readonly kind: 'end' | 'clear'; readonly itemId: string }
  | { readonly kind: 'hold' | 'go_on' };

/** Playback, up. `cleared`: items that will not be rendered any more. `squares`/`frames`: loudness since the last one. */
export interface PlaybackMessage {
  readonly spans: readonly RenderedSpan[];
  readonly cleared: readonly string[];
  readonly squares: number;
  readonly frames: number;
}
