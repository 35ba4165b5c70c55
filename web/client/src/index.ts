/** `@segue/client`: a live conversation in a browser that survives the processes which carry it. */

export { SegueError, type Reason } from './errors.js';
export { type WorkletUrls } from './audio/device.js';
export { Connection, type ConnectionConfig, type ConnectionState } from './connection.js';
export { Session, type MicrophoneState, type SessionConfig, type SessionEvents, type TurnHops } from './session.js';
export type { ClientEvent, HopRecord, HopStats, ServerEvent } from './protocol/events.js';
export type { AgentEntry, Entry, ToolEntry, Transcript, UserEntry } from './protocol/transcript.js';
