import jsonld from 'jsonld';
import { ProvChainError } from '../errors.js';
import { type Json, parseJson, placeOfString } from './ingest-json.js';
import { checkContexts } from './ingest-jsonld-contexts.js';
import { ExpandedDocument } from './ingest-jsonld-quads.js';
import type { QuadLines } from './ingest-quads.js';
import { type SourceText, shorten } from './ingest-text.js';

/** What the processor warns of while it drops something. */
interface LossEvent {
  readonly level: string;
  readonly code: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

interface Processor {
  expand(
    input: Json,
    options: {
      base: string;
      eventHandler(call: { event: LossEvent }): void;
      documentLoader(url: string): Promise<never>;
    },
  ): Promise<Json>;
}

/**
 * A processor of its own for each document. The package's shared one keeps processed contexts by their text
 * alone and so resolves the relative @vocab of one document against the base of an earlier one (jsonld 9.0.0,
 * measured); it also keeps the last hundred contexts alive.
 */
const makeProcessor = jsonld as unknown as () => Processor;

/** What each warning means for the data; `about` names the detail that holds the string in question. */
const LOSSES: Readonly<Record<string, { meaning: string; about: string }>> = {
  'free-floating scalar': { meaning: 'a value that belongs to no node would be lost', about: 'value' },
  'invalid @language value': { meaning: 'not a language tag', about: 'language' },
  'invalid property': {
    meaning: 'a property would be lost: the context maps it to no IRI',
    about: 'property',
  },
  'null @value value': { meaning: 'a value object whose @value is null would be lost', about: 'value' },
  'object with only @id': { meaning: 'a node of which nothing is said would be lost', about: 'value' },
  'object with only @language': { meaning: 'an object with nothing but @language would be lost', about: '' },
  'object with only @list': { meaning: 'a list that belongs to no node would be lost', about: '' },
  'object with only @value': { meaning: 'a value that belongs to no node would be lost', about: '' },
  'relative @id reference': {
    meaning: 'a relative IRI, expected an absolute one: the document states no @base',
    about: 'id',
  },
  'relative @type reference': {
    meaning: 'a type would be lost: neither an absolute IRI nor a term of the context',
    about: 'type',
  },
  'relative @vocab reference': { meaning: 'a relative @vocab without a base', about: 'vocab' },
  'reserved @id value': { meaning: 'an IRI in the form of a keyword would be lost', about: 'id' },
  'reserved @reverse value': { meaning: 'an IRI in the form of a keyword would be lost', about: 'reverse' },
  'reserved term': { meaning: 'a term in the form of a keyword would be lost', about: 'term' },
};

/** A reading of one JSON-LD document. */
class JsonLdReading {
  /** The remote context that the processor asked for, if any; it wraps what its loader throws beyond finding. */
  private remoteContext: string | undefined;

  constructor(
    private readonly source: SourceText,
    private readonly output: QuadLines,
  ) {}

  async run(baseIri: string | undefined): Promise<void> {
    const json = parseJson(this.source);
    // The processor takes a string for the address of a document and would ask the loader for it.
    if (json === null || typeof json !== 'object') this.refuse('expected an object or an array');
    checkContexts(json, (message) => this.refuseWeight(message));
    new ExpandedDocument(this.output, (message, about) => this.refuse(message, about)).write(
      await this.expand(json, baseIri ?? ''),
    );
  }

  private async expand(json: Json, base: string): Promise<Json> {
    try {
      return await makeProcessor().expand(json, {
        base,
        eventHandler: ({ event }) => this.refuseLoss(event),
        documentLoader: async (url) => {
          this.remoteContext ??= url;
          throw new Error('remote contexts are not fetched');
        },
      });
    } catch (thrown) {
      if (this.remoteContext !== undefined) this.refuseRemoteContext(this.remoteContext);
      if (thrown instanceof ProvChainError) throw thrown;
      throw this.processorError(thrown);
    }
  }

  /**
   * Stands in for the processor's safe mode, of which it differs in two ways: every warning counts, also those
   * that a later release may add, and an empty object may be dropped, because it says nothing.
   */
  private refuseLoss({ level, code, details }: LossEvent): void {
    if (level !== 'warning' || code === 'empty object') return;
    const loss = LOSSES[code];
    const about = loss === undefined ? undefined : details?.[loss.about];
    const found = typeof about === 'object' && about !== null ? (about as { '@id'?: string })['@id'] : about;
    const shown = found === undefined || found === null ? '' : `found ${shorten(JSON.stringify(found))}, `;
    this.refuse(
      `${shown}${loss?.meaning ?? `data would be lost: ${code}`}`,
      typeof found === 'string' ? found : undefined,
    );
  }

  private refuseRemoteContext(iri: string): never {
    throw new ProvChainError(
      'RDF_REMOTE_CONTEXT',
      `JSON-LD: the context <${shorten(iri)}> is remote and is not fetched: write it into the document`,
      { place: placeOfString(this.source, iri) },
    );
  }

  private refuseWeight(reason: string): never {
    throw new ProvChainError('BLOCK_TOO_LARGE', `JSON-LD: the document cannot be expanded: ${reason}`, {
      place: this.source.placeOfWhole(),
    });
  }

  /** The processor names its errors by the codes of JSON-LD 1.1 API §9.4 (JsonLdErrorCode). */
  private processorError(thrown: unknown): ProvChainError {
    const code = (thrown as { details?: { code?: unknown } } | null)?.details?.code;
    const reason = typeof code === 'string' ? code : 'the document cannot be expanded';
    return this.source.syntaxError(`JSON-LD: ${reason}`, undefined, thrown);
  }

  private refuse(message: string, about?: string): never {
    const place = about === undefined ? this.source.placeOfWhole() : placeOfString(this.source, about);
    throw new ProvChainError('RDF_SYNTAX', `JSON-LD: ${message}`, { place });
  }
}

/**
 * JSON-LD 1.1 into N-Quads. Nothing is fetched, and what the processor would drop is refused instead; numbers
 * are read as JSON-LD reads them. A base direction is refused, because RDF 1.1 cannot hold it.
 *
 * @param source untrusted
 * @param baseIri what relative IRIs are resolved against where the context says no `@base`
 * @throws ProvChainError RDF_SYNTAX (with line and column when the JSON is wrong, or when the text in question
 *   stands in the document once), RDF_REMOTE_CONTEXT, BLOCK_TOO_LARGE
 */
export async function readJsonLd(
  source: SourceText,
  baseIri: string | undefined,
  output: QuadLines,
): Promise<void> {
  await new JsonLdReading(source, output).run(baseIri);
}
