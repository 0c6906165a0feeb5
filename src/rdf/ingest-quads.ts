import { ProvChainError } from '../errors.js';

export const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';
export const XSD = 'http://www.w3.org/2001/XMLSchema#';

/** RFC 3987 §2.2 scheme, then what an IRIREF of N-Quads may hold (N-Quads §4, production [8]). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is excluded.
const ABSOLUTE_IRI = /^[A-Za-z][A-Za-z0-9+.-]*:[^\u0000-\u0020<>"{}|^`\\]*$/;
/** N-Quads §4, production [144s], with BCP 47's limit of eight characters a subtag. */
const LANGUAGE_TAG = /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped.
const TO_ESCAPE = /["\\\u0000-\u001f\u007f]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
};

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return ESCAPES[character] ?? `\\u${code}`;
}

/** Whether an IRI is absolute and may stand in N-Quads. */
export function isAbsoluteIri(iri: string): boolean {
  return ABSOLUTE_IRI.test(iri);
}

/**
 * A language tag in lower case, or undefined when it is not well-formed. RDF 1.1 Concepts §3.3 lets an
 * implementation convert tags to lower case; doing so in every format gives one document one hash.
 */
export function languageTag(tag: string): string | undefined {
  return LANGUAGE_TAG.test(tag) ? tag.toLowerCase() : undefined;
}

/** The term of an absolute IRI. */
export function iriTerm(iri: string): string {
  return `<${iri}>`;
}

/** A literal's term: with a language tag (already in lower case) or a datatype IRI; xsd:string is not written. */
export function literalTerm(value: string, { language, datatype }: { language?: string; datatype?: string }) {
  const quoted = `"${value.replace(TO_ESCAPE, escapeCharacter)}"`;
  if (language !== undefined) return `${quoted}@${language}`;
  return datatype === undefined || datatype === `${XSD}string` ? quoted : `${quoted}^^<${datatype}>`;
}

/** N-Quads under construction, from terms as N-Quads writes them. */
export class QuadLines {
  private readonly lines: string[] = [];
  private readonly labels = new Map<string, string>();
  private blankNodes = 0;
  private characters = 0;

  /** @param maxBytes what the result may not exceed: prefixes let a short document stand for a very long one */
  constructor(private readonly maxBytes: number) {}

  /** The term of a blank node that the document or its parser calls `name`: the same for the same name. */
  blankNode(name: string): string {
    let label = this.labels.get(name);
    if (label === undefined) {
      label = this.freshBlankNode();
      this.labels.set(name, label);
    }
    return label;
  }

  /** The term of a blank node without a name; no other node has it. */
  freshBlankNode(): string {
    return `_:b${this.blankNodes++}`;
  }

  /** Adds one quad; `graph` is empty for the default graph. */
  add(subject: string, predicate: string, object: string, graph: string): void {
    const line = `${subject} ${predicate} ${object}${graph === '' ? '' : ` ${graph}`} .\n`;
    this.characters += line.length;
    if (this.characters > this.maxBytes) this.refuseLength();
    this.lines.push(line);
  }

  /** The document as UTF-8. */
  toBytes(): Uint8Array {
    const bytes = Buffer.from(this.lines.join(''));
    if (bytes.length > this.maxBytes) this.refuseLength();
    return bytes;
  }

  private refuseLength(): never {
    throw new ProvChainError(
      'BLOCK_TOO_LARGE',
      `written as N-Quads the document is longer than the allowed ${this.maxBytes} bytes`,
    );
  }
}
