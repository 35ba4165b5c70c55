/** The microphone as 20 ms frames, each with the instant at which its last sample was captured. */

import { SegueError } from '../errors.js';
import { CaptureClock } from './capture-clock.js';
import { toNs } from './device.js';
import { CAPTURE_PROCESSOR, type CaptureMessage } from './messages.js';
import { meterLevel, squaresOf } from './pcm.js';

export interface MicrophoneFrame {
  readonly pcm: Int16Array;
  readonly capturedAtNs: number;
  /** 0..1, for a meter. */
  readonly level: number;
}

export interface MicrophoneConfig {
  /** Default: echo cancellation and gain control on, noise suppression off, because it costs the recogniser words. */
  readonly constraints?: MediaTrackConstraints;
  readonly onFrame: (frame: MicrophoneFrame) => void;
  /** The device went away (unplugged, or the person took the permission back). */
  readonly onEnded: () => void;
}

/** Latency from the microphone to the track, as Chromium tells it and no type library does yet. */
interface StatsTrack extends MediaStreamTrack {
  readonly stats?: { readonly averageLatency?: number; readonly latency?: number };
}

export class Microphone {
  private constructor(
    private readonly track: StatsTrack,
    private readonly source: MediaStreamAudioSourceNode,
    private readonly node: AudioWorkletNode,
    private readonly clock: CaptureClock,
  ) {}

  static async open(context: AudioContext, config: MicrophoneConfig): Promise<Microphone> {
    const stream = await askForMicrophone(config.constraints ?? CONSTRAINTS);
    const track = stream.getAudioTracks()[0] as StatsTrack;
    const source = context.createMediaStreamSource(stream);
    const node = new AudioWorkletNode(context, CAPTURE_PROCESSOR, {
      numberOfInputs: 1,
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: 'explicit',
    });
    const microphone = new Microphone(track, source, node, new CaptureClock(context.sampleRate));
    node.port.onmessage = ({ data }: MessageEvent<CaptureMessage>) => config.onFrame(microphone.stamp(data));
    track.onended = config.onEnded;
    source.connect(node);
    return microphone;
  }

  get isMuted(): boolean {
    return !this.track.enabled;
  }

  /** A muted microphone goes on sending silence, so that the turn it was muted in comes to its end. */
  set isMuted(isMuted: boolean) {
    this.track.enabled = !isMuted;
  }

  close(): void {
    this.node.port.onmessage = null;
    this.track.onended = null;
    this.source.disconnect();
    this.node.disconnect();
    this.track.stop();
  }

  private stamp({ pcm, endFrame, renderedFrame }: CaptureMessage): MicrophoneFrame {
    this.clock.handleArrival(renderedFrame, performance.now());
    const capturedAtMs = this.clock.atMs(endFrame) - this.inputLatencyMs();
    return { pcm, capturedAtNs: toNs(capturedAtMs), level: meterLevel(squaresOf(pcm), pcm.length) };
  }

  /** From the membrane to the audio graph. Where no browser says, what it declares for the device, else nothing. */
  private inputLatencyMs(): number {
    const measured = this.track.stats?.averageLatency ?? this.track.stats?.latency;
    if (measured !== undefined && measured > 0) return measured;
    const declared = (this.track.getSettings() as { latency?: number }).latency;
    return declared !== undefined ? declared * 1000 : 0;
  }
}

async function askForMicrophone(constraints: MediaTrackConstraints): Promise<MediaStream> {
  if (navigator.mediaDevices === undefined) {
    throw new SegueError('unsupported', 'a microphone needs a secure page: use https, or localhost');
  }
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: constraints });
  } catch (cause) {
    const name = cause instanceof DOMException ? cause.name : '';
    if (name === 'NotAllowedError' || name === 'SecurityError') {
      throw new SegueError('microphone_denied', 'the microphone is not allowed for this page', { cause });
    }
    throw new SegueError('microphone_missing', 'no microphone could be opened', { cause });
  }
}

const CONSTRAINTS: MediaTrackConstraints = {
  channelCount: 1,
  echoCancellation: true,
  noiseSuppression: false,
  autoGainControl: true,
};
