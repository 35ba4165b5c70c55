/** The microphone as 20 ms frames, each with the instant at which its last sample was captured. */

import { SegueError } from '../errors.js';
import { toNs } from './device.js';
import { meterLevel, squaresOf } from './pcm.js';
import { findTrackProcessor, TrackCapture } from './track-capture.js';
import { WorkletCapture } from './worklet-capture.js';

export interface MicrophoneFrame {
  readonly pcm: Int16Array;
  readonly capturedAtNs: number;
  /** 0..1, for a meter. */
  readonly level: number;
}

/** A frame of 480 samples at 24 kHz, and when its last one was at the microphone. */
export type OnCaptured = (pcm: Int16Array, capturedAtMs: number) => void;

export interface MicrophoneConfig {
  /** Default: echo cancellation and gain control on, noise suppression off, because it costs the recogniser words. */
  readonly constraints?: MediaTrackConstraints;
  readonly onFrame: (frame: MicrophoneFrame) => void;
  /** The device went away (unplugged, or the person took the permission back). */
  readonly onEnded: () => void;
}

export class Microphone {
  private constructor(
    private readonly track: MediaStreamTrack,
    private readonly capture: TrackCapture | WorkletCapture,
  ) {}

  static async open(context: AudioContext, config: MicrophoneConfig): Promise<Microphone> {
    const stream = await askForMicrophone(config.constraints ?? CONSTRAINTS);
    const track = stream.getAudioTracks()[0] as MediaStreamTrack;
    const onCaptured: OnCaptured = (pcm, capturedAtMs) => {
      const level = meterLevel(squaresOf(pcm), pcm.length);
      config.onFrame({ pcm, capturedAtNs: toNs(capturedAtMs), level });
    };
    track.onended = config.onEnded;
    const processor = findTrackProcessor();
    if (processor === null) return new Microphone(track, new WorkletCapture(context, stream, track, onCaptured));
    const capture = new TrackCapture(processor, track, onCaptured);
    capture.run().catch(config.onEnded);
    return new Microphone(track, capture);
  }

  get isMuted(): boolean {
    return !this.track.enabled;
  }

  /** A muted microphone goes on sending silence, so that the turn it was muted in comes to its end. */
  set isMuted(isMuted: boolean) {
    this.track.enabled = !isMuted;
  }

  close(): void {
    this.track.onended = null;
    this.capture.close();
    this.track.stop();
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
