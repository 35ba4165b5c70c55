/** The loudspeaker: hands audio to the playback worklet and tells what it rendered. */

import type { OutputClock, RenderedSpan } from '../protocol/playout.js';
import { readOutputClock } from './device.js';
import { PLAYBACK_PROCESSOR, type PlaybackCommand, type PlaybackMessage } from './messages.js';
import { meterLevel } from './pcm.js';

export interface SpeakerConfig {
  readonly onRendered: (spans: readonly RenderedSpan[], cleared: readonly string[]) => void;
  /** 0..1, for a meter. */
  readonly onLevel: (level: number) => void;
}

export class Speaker {
  private readonly node: AudioWorkletNode;

  constructor(
    private readonly context: AudioContext,
    config: SpeakerConfig,
  ) {
    this.node = new AudioWorkletNode(context, PLAYBACK_PROCESSOR, { numberOfInputs: 0, outputChannelCount: [1] });
    this.node.port.onmessage = ({ data }: MessageEvent<PlaybackMessage>) => {
      config.onLevel(meterLevel(data.squares, data.frames));
      config.onRendered(data.spans, data.cleared);
    };
    this.node.connect(context.destination);
  }

  get clock(): OutputClock {
    return readOutputClock(this.context);
  }

  play(itemId: string, pcm: Int16Array): void {
    this.command({ kind: 'play', itemId, pcm }, [pcm.buffer]);
  }

  end(itemId: string): void {
    this.command({ kind: 'end', itemId });
  }

  hold(): void {
    this.command({ kind: 'hold' });
  }

  goOn(): void {
    this.command({ kind: 'go_on' });
  }

  clear(itemId: string): void {
    this.command({ kind: 'clear', itemId });
  }

  close(): void {
    this.node.port.onmessage = null;
    this.node.disconnect();
  }

  private command(command: PlaybackCommand, transfer: Transferable[] = []): void {
    this.node.port.postMessage(command, transfer);
  }
}
