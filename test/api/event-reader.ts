import { once } from 'node:events';
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface StreamEvent {
  readonly id: number;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect
  readonly data: any;
}

/** An event stream as a browser reads it. */
export class EventReader {
  readonly events: StreamEvent[] = [];
  comments = 0;
  ended = false;
  #rest = '';
  #wake: (() => void)[] = [];

  private constructor(
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
    private readonly outgoing: ClientRequest,
    incoming: IncomingMessage,
  ) {
    incoming.setEncoding('utf8');
    incoming.on('data', (chunk: string) => this.#take(chunk));
    incoming.on('error', () => {});
    incoming.on('close', () => {
      this.ended = true;
      this.#tell();
    });
  }

  static async open(port: number, path: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const outgoing = request({ host: '127.0.0.1', port, path, headers, agent: false });
    outgoing.on('error', () => {});
    outgoing.end();
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    return new EventReader(incoming.statusCode!, incoming.headers, outgoing, incoming);
  }

  /** Resolves when the condition holds; it is looked at whenever something came. */
  async until(condition: (reader: EventReader) => boolean): Promise<void> {
    while (!condition(this)) {
      if (this.ended) throw new Error(`the stream ended after ${JSON.stringify(this.events)}`);
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve);
      });
    }
  }

  end(): Promise<void> {
    return this.until(({ ended }) => ended);
  }

  close(): void {
    this.outgoing.destroy();
  }

  #take(chunk: string): void {
    const parts = (this.#rest + chunk).split('\n\n');
    this.#rest = parts.pop()!;
    for (const part of parts) {
      const fields = new Map(
        part.split('\n').map((line) => [line.split(':', 1)[0], line.replace(/^[^:]*: ?/, '')]),
      );
      if (fields.has('')) this.comments++;
      if (!fields.has('data')) continue;
      this.events.push({
        id: Number(fields.get('id')),
        type: fields.get('event')!,
        data: JSON.parse(fields.get('data')!),
      });
    }
    this.#tell();
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
