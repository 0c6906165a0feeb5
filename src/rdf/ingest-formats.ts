import { ProvChainError } from '../errors.js';

/** The formats that {@link ingest} reads. */
export type RdfFormat = 'n-quads' | 'n-triples' | 'turtle' | 'trig' | 'json-ld';

interface RdfFormatEntry {
  readonly name: RdfFormat;
  /** As people write it, for messages. */
  readonly title: string;
  /** With the dot, lower case. */
  readonly extensions: readonly string[];
  readonly mediaType: string;
}

/** Every format: the only place that says what it is called, how its files end and its media type. */
export const RDF_FORMATS: readonly RdfFormatEntry[] = [
  { name: 'n-quads', title: 'N-Quads', extensions: ['.nq'], mediaType: 'application/n-quads' },
  { name: 'n-triples', title: 'N-Triples', extensions: ['.nt'], mediaType: 'application/n-triples' },
  { name: 'turtle', title: 'Turtle', extensions: ['.ttl'], mediaType: 'text/turtle' },
  { name: 'trig', title: 'TriG', extensions: ['.trig'], mediaType: 'application/trig' },
  { name: 'json-ld', title: 'JSON-LD', extensions: ['.jsonld'], mediaType: 'application/ld+json' },
];

const FORMAT_OF_EXTENSION = new Map(
  RDF_FORMATS.flatMap((format) => format.extensions.map((extension) => [extension, format.name] as const)),
);

/** Everything a format may be called, in lower case: name, title without hyphens, extension, media type. */
const FORMAT_OF_ALIAS = new Map(
  RDF_FORMATS.flatMap(({ name, extensions, mediaType }) =>
    [name, name.replace('-', ''), mediaType, ...extensions, ...extensions.map((each) => each.slice(1))].map(
      (alias) => [alias, name] as const,
    ),
  ),
);

/** How a format is written in messages. */
export function titleOfFormat(format: RdfFormat): string {
  return RDF_FORMATS.find(({ name }) => name === format)?.title ?? format;
}

/** The format that a file's name ends in (`.nq .nt .ttl .trig .jsonld`, any case), if any. */
export function formatFromName(fileName: string): RdfFormat | undefined {
  const dot = fileName.lastIndexOf('.');
  return dot < 0 ? undefined : FORMAT_OF_EXTENSION.get(fileName.slice(dot).toLowerCase());
}

/**
 * A format named by a person or a request: its name, its extension or its media type, in any case; parameters
 * of a media type are passed over, because the encoding is UTF-8 whatever they say.
 *
 * @throws ProvChainError USAGE with the allowed names
 */
export function parseRdfFormat(text: string): RdfFormat {
  const format = FORMAT_OF_ALIAS.get(text.split(';', 1)[0].trim().toLowerCase());
  if (format !== undefined) return format;
  const allowed = RDF_FORMATS.map(({ name }) => name).join(', ');
  throw new ProvChainError('USAGE', `unknown RDF format "${text}": expected one of ${allowed}`);
}
