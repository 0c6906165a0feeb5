import { canonicalJson, type Json } from './ingest-json.js';
import {
  iriTerm,
  isAbsoluteIri,
  languageTag,
  literalTerm,
  type QuadLines,
  RDF,
  XSD,
} from './ingest-quads.js';
import { shorten } from './ingest-text.js';

type JsonObject = { [key: string]: Json };

/** JSON-LD numbers from here on are xsd:double although they are whole (JSON-LD 1.1 API §8.2). */
const FIRST_DOUBLE = 1e21;

/**
 * JSON-LD in expanded form into quads: JSON-LD 1.1 API §8.1 to §8.3 without the merging of nodes, which a set
 * of quads does by itself.
 *
 * The package's own `toRDF` is not used, because it changes data (jsonld 9.0.0, measured): the number 1e-7
 * becomes `"0"^^xsd:integer`, the string "INF" of type xsd:double becomes "NaN" and "1.50" becomes "1.5E0"; and
 * because its merging takes quadratic time: 5 s for 20,000 values of one property.
 */
export class ExpandedDocument {
  /** @param refuse throws: what is wrong, and the string of the document that it is about, if any */
  constructor(
    private readonly output: QuadLines,
    private readonly refuse: (message: string, about?: string) => never,
  ) {}

  /** @param nodes the result of expansion: an array of node objects */
  write(nodes: Json): void {
    for (const node of nodes as JsonObject[]) this.node(node, '');
  }

  /** Writes what a node object says; its term. `graph` is the term of the graph's name or empty. */
  private node(node: JsonObject, graph: string): string {
    const subject = '@id' in node ? this.resource(node['@id']) : this.output.freshBlankNode();
    for (const [key, value] of Object.entries(node)) {
      switch (key) {
        case '@id':
        case '@index':
          break;
        case '@type':
          for (const type of value as Json[]) {
            this.output.add(subject, iriTerm(`${RDF}type`), this.resource(type), graph);
          }
          break;
        case '@graph':
          for (const each of value as JsonObject[]) this.node(each, subject);
          break;
        case '@included':
          for (const each of value as JsonObject[]) this.node(each, graph);
          break;
        case '@reverse':
          this.reverse(value as JsonObject, subject, graph);
          break;
        default:
          for (const item of value as JsonObject[]) {
            this.output.add(subject, this.predicate(key), this.object(item, graph), graph);
          }
      }
    }
    return subject;
  }

  private reverse(properties: JsonObject, object: string, graph: string): void {
    for (const [key, nodes] of Object.entries(properties)) {
      for (const node of nodes as JsonObject[]) {
        this.output.add(this.node(node, graph), this.predicate(key), object, graph);
      }
    }
  }

  /** JSON-LD 1.1 API §8.2, object to RDF conversion. */
  private object(item: JsonObject, graph: string): string {
    if ('@value' in item) return this.literal(item);
    if ('@list' in item) return this.list(item['@list'] as JsonObject[], graph);
    return this.node(item, graph);
  }

  /** JSON-LD 1.1 API §8.3, list to RDF conversion. */
  private list(items: JsonObject[], graph: string): string {
    const cells = items.map(() => this.output.freshBlankNode());
    const nil = iriTerm(`${RDF}nil`);
    items.forEach((item, position) => {
      this.output.add(cells[position], iriTerm(`${RDF}first`), this.object(item, graph), graph);
      this.output.add(cells[position], iriTerm(`${RDF}rest`), cells[position + 1] ?? nil, graph);
    });
    return cells[0] ?? nil;
  }

  private literal(item: JsonObject): string {
    const { '@value': value, '@type': type, '@language': language } = item;
    if ('@direction' in item) {
      this.refuse('a base direction would be lost: RDF 1.1 literals have none', value as string);
    }
    if (type === '@json') return literalTerm(canonicalJson(value), { datatype: `${RDF}JSON` });
    const datatype = type === undefined ? undefined : this.datatype(type);
    if (typeof value === 'boolean') {
      return literalTerm(String(value), { datatype: datatype ?? `${XSD}boolean` });
    }
    if (typeof value === 'number') return numberLiteral(value, datatype);
    if (language === undefined) return literalTerm(value as string, { datatype });
    const tag = languageTag(language as string);
    if (tag === undefined)
      this.refuse(`"${shorten(language as string)}" is not a language tag`, language as string);
    return literalTerm(value as string, { language: tag });
  }

  private datatype(type: Json): string {
    if (type === `${RDF}langString`) this.refuse('a string of type rdf:langString needs a language tag');
    return this.iri(type, ' as the datatype');
  }

  private predicate(property: string): string {
    if (property.startsWith('_:')) this.refuse('a blank node cannot be a property', property);
    return iriTerm(this.iri(property, ' as the property'));
  }

  private resource(id: Json): string {
    if (typeof id === 'string' && id.startsWith('_:')) return this.output.blankNode(id);
    return iriTerm(this.iri(id));
  }

  private iri(id: Json, role = ''): string {
    if (typeof id === 'string' && isAbsoluteIri(id)) return id;
    const found = typeof id === 'string' ? `"${shorten(id)}"` : 'null';
    this.refuse(`found ${found}, expected an absolute IRI${role}`, String(id));
  }
}

/** JSON-LD 1.1 API §8.2 with the canonical forms of §8.6 (data round tripping). */
function numberLiteral(value: number, datatype: string | undefined): string {
  if (Number.isInteger(value) && Math.abs(value) < FIRST_DOUBLE && datatype !== `${XSD}double`) {
    return literalTerm(value.toFixed(0), { datatype: datatype ?? `${XSD}integer` });
  }
  const [mantissa, exponent] = value.toExponential(15).split('e');
  const digits = mantissa.replace(/0+$/, '').replace(/\.$/, '.0');
  return literalTerm(`${digits}E${Number(exponent)}`, { datatype: datatype ?? `${XSD}double` });
}
