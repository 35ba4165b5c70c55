/** The one error of this package. `reason` is stable and sorted by who can do something about it. */

export type Reason =
  /** Nobody let us in: wrong or expired key or token. Get another one. */
  | 'refused'
  /** No edge could be reached for as long as we tried. */
  | 'unreachable'
  /** The server ended the session for good. */
  | 'ended'
  /** The server sent something that is not its protocol. */
  | 'peer'
  /** A bound of ours was reached; the message names it. */
  | 'limit'
  /** The person, or a policy, does not let this page use the microphone. */
  | 'microphone_denied'
  /** There is no microphone, or it failed. */
  | 'microphone_missing'
  /** This browser lacks something that is needed. */
  | 'unsupported';

export class SegueError extends Error {
  override readonly name = 'SegueError';

  constructor(
    readonly reason: Reason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
