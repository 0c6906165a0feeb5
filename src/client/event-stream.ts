/**
 * Reading of server-sent events (WHATWG HTML §9.2.6). The server chooses every byte, so the length of one event is
 * bounded; what is not understood is skipped, as the standard says.
 */
import { ProvChainError } from '../errors.js';

export interface ServerEvent {
  /** "message" unless the stream names another. */
  readonly type: string;
  readonly data: string;
  /** The last id that the stream gave, with this event or before it. */
  readonly id: string | undefined;
}

/** Characters of one event; a job's record with its notes stays far below. */
const EVENT_LIMIT = 1 << 20;

/** Takes text as it comes and gives the events that became complete. */
export class EventStreamReader {
  #rest = '';
  #type = '';
  #data: string[] = [];
  #id: string | undefined;
  #length = 0;

  /** Errors: SERVER_UNREACHABLE when an event is longer than any server of ours sends. */
  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    // A CR at the end may be half of a CR LF, so it waits for what follows.
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = this.#take(line);
      if (event) events.push(event);
    }
    if (this.#length + this.#rest.length > EVENT_LIMIT) {
      throw new ProvChainError('SERVER_UNREACHABLE', 'the server sent an event that does not end');
    }
    return events;
  }

  #take(line: string): ServerEvent | undefined {
    if (line === '') return this.#finish();
    this.#length += line.length;
    // A line that begins with a colon is a comment: the server's sign of life.
    const [, name, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'event') this.#type = value ?? '';
    else if (name === 'data') this.#data.push(value ?? '');
    else if (name === 'id' && !value?.includes('\0')) this.#id = value ?? '';
    return undefined;
  }

  #finish(): ServerEvent | undefined {
    const event = { type: this.#type || 'message', data: this.#data.join('\n'), id: this.#id };
    const complete = this.#data.length > 0;
    this.#type = '';
    this.#data = [];
    this.#length = 0;
    return complete ? event : undefined;
  }
}
