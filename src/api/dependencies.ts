/**
 * What the API needs of the rest of the node. Each interface is only as large as the routes that use it; the parts are
 * joined in the wiring, and tests give small ones of their own.
 */
import type {
  AlertQuery,
  AlertView,
  ChannelName,
  ChannelView,
  SilenceMatch,
  SilenceView,
} from '../alerts/index.js';
import type { Role } from '../auth/index.js';
import type { InclusionProof } from '../chain/index.js';
import type { JobEvent, JobOrigin, JobRecord, JobRequest, JobState } from '../jobs/index.js';
import type { Log } from '../logging/index.js';
import type { ChainHead, FoundBlock, InspectedPayload, SearchTarget } from '../pool/index.js';
import type { RdfFormat } from '../rdf/index.js';
import type { RuntimePatch, RuntimeSettings } from '../settings/index.js';
import type { Check, Finding, Level, Status } from '../validation/index.js';
import type { DashboardFiles } from './dashboard-files.js';
import type { DashboardView, HistoryView, MapView } from './monitor-schemas.js';
import type { CacheStats, HealthSnapshot, LastResult, NodeEntry, PerformanceSnapshot } from './snapshots.js';

type Awaitable<T> = T | Promise<T>;

export interface Principal {
  readonly name: string;
  readonly role: Role;
}

/** A result that the cache holds; `report` is JSON text and is sent as it is. */
export interface CachedAnswer {
  readonly report: string;
  readonly status: Status;
  /** When the oldest evidence in it was read, ISO 8601. */
  readonly asOf: string;
}

export type Submission =
  | { readonly kind: 'cached'; readonly entry: CachedAnswer; readonly ageMs: number }
  | { readonly kind: 'accepted'; readonly record: JobRecord; readonly existing: boolean };

export interface ListedJobs {
  readonly jobs: readonly JobRecord[];
  /** Job id after which the next page begins. */
  readonly next?: string;
}

export interface JobQuery {
  readonly state?: JobState;
  readonly level?: Level | 'Custom';
  readonly limit: number;
  readonly after?: string;
}

/** A report as JSON text, with its digest in hex. */
export interface SerializedReport {
  readonly text: string;
  readonly digest: string;
}

export interface ApiJobProfile {
  /** Milliseconds per stage. */
  readonly stages?: Readonly<Record<string, number>>;
  /** A V8 CPU profile, JSON text. */
  readonly cpuProfile?: string;
}

export interface ApiJobs {
  submit(request: JobRequest, origin: JobOrigin): Promise<Submission>;
  get(jobId: string): Promise<JobRecord | undefined>;
  report(jobId: string): Promise<SerializedReport | undefined>;
  profile(jobId: string): Promise<ApiJobProfile | undefined>;
  list(query: JobQuery): Promise<ListedJobs>;
  /** Errors: NOT_FOUND. A job that has ended stays as it is. */
  cancel(jobId: string, by: string): Promise<JobRecord>;
  /** Calls `listener` for changes after `sinceRevision`, until the returned function is called. */
  watch(jobId: string, sinceRevision: number, listener: (event: JobEvent) => void): () => void;
  /** The record when the job ends, or as it stands after `ms`. */
  wait(jobId: string, ms: number, signal: AbortSignal): Promise<JobRecord>;
}

export interface ChainInfo extends ChainHead {
  /** Whether this node appends. */
  readonly writer: boolean;
  /** Where blocks are appended instead, as far as that is known. */
  readonly writerUrl?: string;
}

/** A header with the hash it is stored under. The fields are those of the chain's format. */
export interface BlockEntry {
  readonly index: number;
  readonly hash: string;
  readonly header: Readonly<Record<string, unknown>>;
}

export interface AppendOptions {
  /** Hex hash of the block that must still be the last one. */
  readonly expectedHead?: string;
  readonly user: string;
  readonly requestId: string;
}

export interface ApiChain {
  info(): Promise<ChainInfo>;
  /** Blocks `from` to `to - 1`, in order; fewer at the end of the chain. */
  headers(from: number, to: number): Promise<readonly BlockEntry[]>;
  /** Errors: OUT_OF_RANGE. */
  header(index: number): Promise<BlockEntry>;
  /** The stored bytes, canonical N-Quads unless they were altered. Errors: OUT_OF_RANGE. */
  payload(index: number): Promise<Uint8Array>;
  /** A proof that the block is in the history of block `height - 1`, or of the anchor. Errors: OUT_OF_RANGE. */
  proof(index: number, height?: number): Promise<InclusionProof>;
  /**
   * Resolves when the block is durable and anchored. Errors: those of a document (422 with its place), HEAD_MOVED,
   * NOT_WRITER, OVERLOADED, FROZEN.
   */
  append(document: Uint8Array, format: RdfFormat, options: AppendOptions): Promise<BlockEntry>;
}

/** A header as it is stored: its hash recomputed and as stored, and the fields if they can be read. */
export interface InspectedHeader {
  readonly hash: string | null;
  readonly storedHash: string | null;
  readonly fields: Readonly<Record<string, unknown>> | null;
  /** Why there are none. */
  readonly problem: string | null;
  readonly bytes: Uint8Array;
}

interface Neighbour {
  readonly index: number;
  readonly hash: string | null;
}

/** Everything that is known of one block, damaged or not. */
export interface InspectedBlock {
  readonly index: number;
  readonly height: number;
  /** Those of level Full, without `history` where that would take long. */
  readonly checks: readonly Check[];
  /** What a validation of this block came to, and when. */
  readonly status: Status;
  readonly complete: boolean;
  readonly findings: readonly Finding[];
  readonly asOf: string;
  readonly header: InspectedHeader;
  readonly payload: InspectedPayload;
  readonly previous: Neighbour | null;
  readonly next: Neighbour | null;
}

export interface BlockSearch {
  readonly target: SearchTarget;
  /** The newest block that is looked at is the one before; the last of the chain when not given. */
  readonly before?: number;
}

export interface BlockSearchAnswer {
  readonly blocks: readonly FoundBlock[];
  readonly searched: { readonly from: number; readonly to: number };
  readonly next: number | null;
  readonly unread: number;
}

/** Looks into blocks for people. Who asks twice at once waits for the first; errors of both: OVERLOADED. */
export interface ApiInspector {
  /** Errors: NOT_FOUND. */
  inspect(index: number, client: string, signal: AbortSignal): Promise<InspectedBlock>;
  search(wanted: BlockSearch, client: string, signal: AbortSignal): Promise<BlockSearchAnswer>;
}

export interface ApiCache {
  stats(): Awaitable<CacheStats>;
  /** Takes away every result, on all nodes that share them; says how much this node could count. */
  clear(by: string): Promise<{ readonly entries: number | null; readonly bytes: number | null }>;
}

/** What the monitor knows; figures that were not measured are null. */
export interface ApiMonitor {
  /** All of the dashboard but the answer, which the last results give. */
  dashboard(): Omit<DashboardView, 'answer'>;
  /** Since when results about the whole chain have said this, ISO 8601; null when the last one does not. */
  statusSince(status: Status): string | null;
  history(fromMs: number, points: number): Omit<HistoryView, 'from'>;
  map(cells: number): MapView;
}

export interface RuntimeVersion {
  readonly revision: number;
  readonly value: RuntimeSettings;
  /** Absent in the one that came from the configuration file. */
  readonly by?: string;
  readonly at?: string;
}

export interface RuntimeDocument extends RuntimeVersion {
  readonly previous?: RuntimeVersion;
}

export interface ApiRuntimeConfig {
  get(): Awaitable<RuntimeDocument>;
  /** Errors: CONFIG_INVALID; REVISION_CONFLICT when `expectedRevision` is not the one in force. */
  update(patch: RuntimePatch, by: string, expectedRevision?: number): Promise<RuntimeDocument>;
  /** Puts the previous value in force as a new revision. Errors: REVISION_CONFLICT, NOT_FOUND when there is none. */
  rollback(by: string): Promise<RuntimeDocument>;
}

export interface AlertList {
  readonly alerts: readonly AlertView[];
  readonly silences: readonly SilenceView[];
  readonly channels: readonly ChannelView[];
}

export interface ChannelTest {
  readonly channel: ChannelName;
  readonly ok: boolean;
  readonly error: string | null;
}

export interface ApiAlerts {
  /** Newest first. */
  list(query: AlertQuery): AlertList;
  /** Errors: NOT_FOUND. */
  acknowledge(id: string, by: string, comment: string | undefined): Promise<AlertView>;
  /** Errors: OVERLOADED. */
  silence(match: SilenceMatch, minutes: number, reason: string, by: string): Promise<SilenceView>;
  /** Errors: NOT_FOUND. */
  endSilence(id: string): Promise<void>;
  /** Sends a test over one channel or all that are enabled. Errors: NOT_FOUND for one that is not. */
  test(channel: ChannelName | undefined, by: string): Promise<readonly ChannelTest[]>;
}

export interface FreezeState {
  readonly frozen: boolean;
  readonly source?: 'operator' | 'maintenance';
  readonly reason?: string;
  readonly by?: string;
  readonly since?: string;
  /** When a maintenance window ends. */
  readonly until?: string;
}

export interface ApiFreeze {
  get(): Awaitable<FreezeState>;
  set(reason: string, by: string): Promise<FreezeState>;
  clear(by: string): Promise<FreezeState>;
}

export interface Tokens {
  readonly accessToken: string;
  /** Absent when refresh tokens are switched off. */
  readonly refreshToken?: string;
  /** Seconds that the access token is good for. */
  readonly expiresIn: number;
  readonly user: Principal;
}

export interface ApiAuth {
  /** Who sent the request, from its Authorization header. Errors: UNAUTHENTICATED. */
  authenticate(header: string | undefined): Awaitable<Principal>;
  /** Errors: LOGIN_FAILED, LOCKED_OUT. */
  login(name: string, password: string, ip: string): Promise<Tokens>;
  /** Errors: UNAUTHENTICATED. */
  refresh(refreshToken: string): Promise<Tokens>;
  /** Revokes the access token of the header, and the refresh token if one is given. */
  logout(header: string | undefined, refreshToken?: string): Promise<void>;
}

/** A page or a part of it, as it is sent. */
export interface BoardAnswer {
  readonly status: number;
  readonly type: string;
  readonly raw: string | Uint8Array;
  /** What this name stands for never changes. */
  readonly immutable: boolean;
}

/** The queues of a fleet, to look at. */
export interface ApiQueueBoard {
  /** What the path below /queues names, by its decoded segments. Errors: NOT_FOUND, QUEUE_UNAVAILABLE. */
  get(path: readonly string[], query: Readonly<Record<string, string>>): Promise<BoardAnswer>;
}

export interface ApiAuditEvent {
  /** What was asked for, such as `config.update`. */
  readonly action: string;
  readonly outcome: 'success' | 'failure' | 'denied';
  /** Absent when nobody is known. */
  readonly user?: string;
  readonly ip: string;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Code of the error, when there was one. */
  readonly code?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface RateDecision {
  readonly allowed: boolean;
  readonly retryAfterSeconds?: number;
}

export interface ApiOptions {
  /** Origins that browsers may call from; none when empty. */
  readonly corsOrigins: readonly string[];
  /** Longest body of any request. */
  readonly maxRequestBytes: number;
  /** For a whole request, beside the time that it asks to wait for a job. */
  readonly requestTimeoutMs: number;
  /** Proxies in front whose X-Forwarded-For is believed. */
  readonly trustProxyHops: number;
  /** Where clients reach this node, for the OpenAPI document. */
  readonly publicUrl?: string;
  /** Whether the connections are TLS here, so that browsers are told to keep to it. */
  readonly tls: boolean;
  /** Path of the health routes; `/health` when not given, false for none. */
  readonly healthPath?: string | false;
  /** `/health` names the single checks. */
  readonly detailedHealth: boolean;
  /** Every request goes to the audit log, not only those that change or reveal something. */
  readonly auditAll?: boolean;
  /** Between two signs of life of an event stream; 15 s when not given. */
  readonly heartbeatMs?: number;
  /** Event streams at one time; 1,000 when not given. */
  readonly maxEventStreams?: number;
}

/** What a node says of itself to everybody. */
export interface ApiAbout {
  readonly nodeId: string;
  readonly version: string;
  readonly mode: 'embedded' | 'fleet';
}

export interface ApiDependencies {
  readonly options: ApiOptions;
  readonly about: ApiAbout;
  readonly jobs: ApiJobs;
  readonly chain: ApiChain;
  readonly inspector: ApiInspector;
  readonly cache: ApiCache;
  readonly monitor: ApiMonitor;
  readonly alerts: ApiAlerts;
  readonly runtimeConfig: ApiRuntimeConfig;
  readonly freeze: ApiFreeze;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  health(): Awaitable<HealthSnapshot>;
  lastResults(): Awaitable<readonly LastResult[]>;
  performance(): Awaitable<PerformanceSnapshot>;
  nodes(): Awaitable<readonly NodeEntry[]>;
  /** Called when an answer is out; `route` is the path as declared, or `unmatched`. */
  observe(route: string, method: string, status: number, seconds: number): void;
  /** Called when a stream of events begins; gives what to call when it ends. */
  streamOpened?(): () => void;
  /** Awaited before the answer goes out. */
  audit(event: ApiAuditEvent): Awaitable<void>;
  /** Absent: nobody is asked who they are, and everybody may do everything. */
  readonly auth?: ApiAuth;
  /** Absent: the dashboard was not built. */
  readonly dashboard?: DashboardFiles;
  /** Absent on a node that is alone. */
  readonly queues?: ApiQueueBoard;
  readonly rateLimit?: { consume(key: string): Awaitable<RateDecision> };
  /** Aborted when the node begins to stop: streams and waits end, and nothing new is taken. */
  readonly stopping?: AbortSignal;
}
