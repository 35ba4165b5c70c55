/** Capture through the audio graph: for browsers that do not hand out a track's samples. */

import { CaptureClock } from './capture-clock.js';
import { CAPTURE_PROCESSOR, type CaptureMessage } from './messages.js';
import type { OnCaptured } from './microphone.js';

/** Latency from the microphone to the track, as some browsers tell it and no type library does yet. */
interface StatsTrack extends MediaStreamTrack {
  readonly stats?: { readonly averageLatency?: number };
}

export class WorkletCapture {
  private readonly source: MediaStreamAudioSourceNode;
  private readonly node: AudioWorkletNode;
  private readonly clock: CaptureClock;

  constructor(
    context: AudioContext,
    stream: MediaStream,
    private readonly track: StatsTrack,
    private readonly onCaptured: OnCaptured,
  ) {
    this.clock = new CaptureClock(context.sampleRate);
    this.source = context.createMediaStreamSource(stream);
    this.node = new AudioWorkletNode(context, CAPTURE_PROCESSOR, {
      numberOfInputs: 1,
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: 'explicit',
    });
    this.node.port.onmessage = ({ data }: MessageEvent<CaptureMessage>) => this.handle(data);
    this.source.connect(this.node);
  }

  close(): void {
    this.node.port.onmessage = null;
    this.source.disconnect();
    this.node.disconnect();
  }

  private handle({ pcm, endFrame, renderedFrame }: CaptureMessage): void {
    this.clock.handleArrival(renderedFrame, performance.now());
    this.onCaptured(pcm, this.clock.atMs(endFrame) - this.inputLatencyMs());
  }

  /** What the browser measured, else what it declares for the device, else nothing. */
  private inputLatencyMs(): number {
    const measuredMs = this.track.stats?.averageLatency;
    if (measuredMs !== undefined && measuredMs > 0) return measuredMs;
    return ((this.track.getSettings() as { latency?: number }).latency ?? 0) * 1000;
  }
}
