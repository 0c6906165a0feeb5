import { type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { oneLine } from './plain-text.js';
import { AddressRefused, isPublicAddress, lookUpPublic } from './public-address.js';

export interface PostOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly allowPrivateAddresses: boolean;
  readonly signal: AbortSignal;
  /** Looks up names instead of the system, for tests of what an answer may be. */
  readonly lookup?: RequestOptions['lookup'];
}

/** Of an answer, for the message of an error. The other side chooses every byte of it. */
const ANSWER_BYTES = 4096;
const SHOWN = 200;

/**
 * Posts a body. Resolves when a status of 200 to 299 has come; what follows it is not waited for. Rejects on any other
 * one: a redirect is not followed, because it would carry the body and its headers to an address that nobody configured.
 * No connection is used twice, so each is to an address that was looked at for it.
 */
export function post(options: PostOptions): Promise<void> {
  const { headers, body, allowPrivateAddresses, signal } = options;
  const url = new URL(options.url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!allowPrivateAddresses && isIP(host) !== 0 && !isPublicAddress(host)) {
    return Promise.reject(new AddressRefused('the URL', host));
  }
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  const bytes = Buffer.from(body);
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      agent: false,
      signal,
      headers: { ...headers, 'content-length': String(bytes.length), connection: 'close' },
      lookup: options.lookup ?? (allowPrivateAddresses ? undefined : lookUpPublic),
    });
    sent.once('error', (error) => reject(signal.aborted ? signal.reason : error));
    sent.once('response', (answer) => {
      const status = answer.statusCode ?? 0;
      if (status >= 200 && status < 300) {
        resolve();
        answer.destroy();
        return;
      }
      const refuse = (text: string) => {
        const what = status >= 300 && status < 400 ? ', a redirect, which is not followed' : '';
        const shown = text === '' ? '' : `: ${oneLine(text, SHOWN)}`;
        reject(new Error(`it answered ${status}${what}${shown}`));
        answer.destroy();
      };
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > ANSWER_BYTES) refuse(text.slice(0, ANSWER_BYTES));
      });
      answer.once('end', () => refuse(text));
      answer.once('error', () => refuse(text));
    });
    sent.end(bytes);
  });
}
