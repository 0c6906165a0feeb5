import { z } from 'zod';
import { parseAnswer } from './answers.js';
import type { Http } from './http.js';

/** What the client reads of an alert; a newer server may send more. The server chooses every text in it. */
const alert = z.looseObject({
  id: z.string(),
  rule: z.string(),
  severity: z.string(),
  state: z.string(),
  title: z.string(),
  what: z.string(),
  action: z.string(),
  where: z.looseObject({
    replica: z.string().nullable(),
    node: z.string().nullable(),
    blocks: z.array(z.number()),
  }),
  since: z.string(),
  count: z.number(),
  acknowledgedBy: z.string().nullable(),
  silencedUntil: z.string().nullable(),
});
export type RemoteAlert = z.infer<typeof alert>;

const silence = z.looseObject({
  id: z.string(),
  match: z.record(z.string(), z.string()),
  reason: z.string(),
  by: z.string(),
  until: z.string(),
});
export type RemoteSilence = z.infer<typeof silence>;

const channel = z.looseObject({
  name: z.string(),
  enabled: z.boolean(),
  up: z.boolean().nullable(),
  lastError: z.string().nullable(),
  pending: z.number(),
});

const list = z.looseObject({
  alerts: z.array(alert),
  silences: z.array(silence),
  channels: z.array(channel),
});
export type RemoteAlerts = z.infer<typeof list>;

const tests = z.looseObject({
  results: z.array(z.looseObject({ channel: z.string(), ok: z.boolean(), error: z.string().nullable() })),
});
export type RemoteTests = z.infer<typeof tests>;

export interface SilenceRequest {
  /** At least one of rule, severity, replica and fingerprint. */
  readonly match: Readonly<Record<string, string>>;
  readonly minutes: number;
  readonly reason: string;
}

/** The alerts of a node, over its REST interface. Errors: as of the client's other methods. */
export interface AlertsClient {
  list(query: { readonly state?: string; readonly limit?: number }): Promise<RemoteAlerts>;
  acknowledge(id: string, comment: string | undefined): Promise<RemoteAlert>;
  silence(request: SilenceRequest): Promise<RemoteSilence>;
  endSilence(id: string): Promise<void>;
  /** Over one channel, or all that are enabled. */
  test(channel: string | undefined): Promise<RemoteTests>;
}

const PATH = '/api/alerts';

export function alertsClient(http: Http): AlertsClient {
  const part = (id: string) => encodeURIComponent(id);
  return {
    async list({ state, limit }) {
      const search = new URLSearchParams();
      if (state !== undefined) search.set('state', state);
      if (limit !== undefined) search.set('limit', String(limit));
      const { json } = await http.request({ path: `${PATH}?${search}` });
      return parseAnswer(list, json, 'a list of alerts');
    },
    async acknowledge(id, comment) {
      const path = `${PATH}/${part(id)}/acknowledge`;
      const { json } = await http.request({ method: 'POST', path, body: { comment } });
      return parseAnswer(alert, json, 'an alert');
    },
    async silence(body) {
      const { json } = await http.request({ method: 'POST', path: `${PATH}/silences`, body });
      return parseAnswer(silence, json, 'a silence');
    },
    async endSilence(id) {
      await http.request({ method: 'DELETE', path: `${PATH}/silences/${part(id)}` });
    },
    async test(channel) {
      const { json } = await http.request({ method: 'POST', path: `${PATH}/test`, body: { channel } });
      return parseAnswer(tests, json, 'what came of a test');
    },
  };
}
