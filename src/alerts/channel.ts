import type { ChannelName } from './alert.js';
import type { Message } from './message.js';

/** Where alerts go. */
export interface Channel {
  readonly name: ChannelName;
  /** The longest that one attempt may take, in milliseconds; it is ended then. */
  readonly timeoutMs: number;
  /** Alerts that it can name in one message, when these are fewer than the outbox would give it. */
  readonly mostAlerts?: number;
  /**
   * Resolves when the other side has confirmed that it has the message. Rejects with an error whose message says why not,
   * without any secret in it; whether the message did arrive is unknown then.
   *
   * @param warn takes what went wrong though the message counts as sent: a recipient among several that was refused
   */
  send(message: Message, signal: AbortSignal, warn?: (warning: string) => void): Promise<void>;
}
