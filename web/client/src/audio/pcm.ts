/** Samples in their three shapes: base64 text on the wire, int16 in queues, float in the audio graph. */

export function encodeBase64(pcm: Int16Array): string {
  const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(text);
}

/** Throws where the text is not base64; an odd last byte is dropped. */
export function decodeBase64(text: string): Int16Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length & ~1);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return new Int16Array(bytes.buffer);
}

export function toInt16(sample: number): number {
  const clipped = sample < -1 ? -1 : sample > 1 ? 1 : sample;
  return Math.round(clipped * 32767);
}

/** Loudness of a stretch as 0..1 over the 60 dB below full scale: what a meter shows. */
export function meterLevel(squares: number, count: number): number {
  if (count === 0 || squares <= 0) return 0;
  const decibels = 10 * Math.log10(squares / count);
  return Math.min(1, Math.max(0, 1 + decibels / 60));
}

/** Sum of squares of int16 samples, as of floats in -1..1. */
export function squaresOf(pcm: Int16Array): number {
  let sum = 0;
  for (const sample of pcm) sum += sample * sample;
  return sum / (32768 * 32768);
}

/** Arguments that a call takes without running out of stack. */
const CHUNK = 8192;
