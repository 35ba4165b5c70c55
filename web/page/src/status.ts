/** The connection in words. Announced by screen readers, so it changes only when something did. */

import type { ConnectionState, MicrophoneState } from '../../client/src/index.js';

export interface StatusView {
  readonly state: 'idle' | 'busy' | 'live' | 'degraded' | 'ended';
  readonly text: string;
}

export function describe(connection: ConnectionState | null, storeMessage: string | null): StatusView {
  if (connection === null) return { state: 'idle', text: 'Not connected' };
  switch (connection.kind) {
    case 'connecting':
      return { state: 'busy', text: connection.attempt > 2 ? 'Connecting, still trying' : 'Connecting' };
    case 'reconnecting':
      return { state: 'busy', text: connection.attempt > 2 ? 'Reconnecting, nothing is lost' : 'Reconnecting' };
    case 'live':
      if (storeMessage !== null) return { state: 'degraded', text: `Live, store away: ${storeMessage}` };
      return { state: 'live', text: connection.moves > 0 ? `Live, moved ${times(connection.moves)}` : 'Live' };
    case 'ended':
      return connection.reason === null ? { state: 'idle', text: 'Ended' } : { state: 'ended', text: 'Disconnected' };
  }
}

export function describeMicrophone(microphone: MicrophoneState): string {
  return { off: 'You', on: 'You: listening', muted: 'You: muted' }[microphone];
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
