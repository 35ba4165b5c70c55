/** The speaker's end in the audio thread: obeys, renders, and says what it rendered. */

import { PLAYBACK_PROCESSOR, type PlaybackCommand, type PlaybackMessage } from './messages.js';
import { PlayQueue } from './play-queue.js';

class PlaybackProcessor extends AudioWorkletProcessor {
  private readonly queue = new PlayQueue(sampleRate);
  private toClear: string[] = [];
  private cleared: string[] = [];
  private squares = 0;
  private frames = 0;
  private wasSilent = true;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<PlaybackCommand>) => this.handle(data);
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const channels = outputs[0] ?? [];
    const out = channels[0];
    if (out === undefined) return true;
    this.queue.render(out, currentFrame);
    for (const other of channels.slice(1)) other.set(out);
    for (const sample of out) this.squares += sample * sample;
    this.frames += out.length;
    this.cleared.push(...this.toClear.splice(0));
    this.report();
    return true;
  }

  private handle(command: PlaybackCommand): void {
    switch (command.kind) {
      case 'play':
        return this.queue.push(command.itemId, command.pcm);
      case 'end':
        return this.queue.end(command.itemId);
      case 'clear':
        this.toClear.push(command.itemId);
        return this.queue.clear(command.itemId);
      case 'hold':
        return this.queue.hold();
      case 'go_on':
        return this.queue.goOn();
    }
  }

  /** The first sound and every flush at once; else every 20 ms while there is sound, and once after it. */
  private report(): void {
    const isSilent = this.squares === 0;
    const isDue = this.frames >= sampleRate / 50;
    if (!isDue && !(this.wasSilent && !isSilent) && this.cleared.length === 0) return;
    const spans = this.queue.takeSpans();
    if (spans.length > 0 || this.cleared.length > 0 || !(isSilent && this.wasSilent)) {
      const message: PlaybackMessage = { spans, cleared: this.cleared, squares: this.squares, frames: this.frames };
      this.port.postMessage(message);
    }
    this.cleared = [];
    this.wasSilent = isSilent;
    this.squares = 0;
    this.frames = 0;
  }
}

registerProcessor(PLAYBACK_PROCESSOR, PlaybackProcessor);
