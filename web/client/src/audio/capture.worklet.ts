/** The microphone's end in the audio thread: cuts what the device gives into frames and posts each at once. */

import { Framer } from './framer.js';
import { CAPTURE_PROCESSOR, type CaptureMessage } from './messages.js';

class CaptureProcessor extends AudioWorkletProcessor {
  private readonly framer = new Framer(sampleRate);

  process(inputs: Float32Array[][]): boolean {
    const channels = inputs[0] ?? [];
    const block = channels[0];
    if (block === undefined) return true;
    for (const { pcm, endFrame } of this.framer.push(block, currentFrame)) {
      const message: CaptureMessage = { pcm, endFrame, renderedFrame: currentFrame + block.length };
      this.port.postMessage(message, [pcm.buffer]);
    }
    return true;
  }
}

registerProcessor(CAPTURE_PROCESSOR, CaptureProcessor);
