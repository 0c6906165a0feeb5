export { type Canonical, type CanonicalizeOptions, canonicalize } from './canonicalize.js';
export { countQuads } from './count-quads.js';
export type { HashAlgorithm } from './digest.js';
export { type IngestOptions, ingest } from './ingest.js';
export { formatFromName, parseRdfFormat, RDF_FORMATS, type RdfFormat } from './ingest-formats.js';
export { parseNQuads, type QuadText } from './nquads.js';
export { DEFAULT_MAX_CALLS } from './work-limit.js';
export { WORKLOAD_PROFILES, type WorkloadProfile, workloadDocument } from './workload.js';
