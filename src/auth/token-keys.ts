import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hash,
  type KeyObject,
} from 'node:crypto';
import { ProvChainError } from '../errors.js';
import { secretProblem } from '../settings/index.js';
import { readPrivateFile } from './private-file.js';

export const JWT_ALGORITHMS = ['HS256', 'EdDSA'] as const;
export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number];

/** What tokens are signed and verified with: one algorithm, one key. */
export interface TokenKeys {
  readonly algorithm: JwtAlgorithm;
  readonly signing: KeyObject;
  readonly verifying: KeyObject;
  /** Tells keys apart without giving them away. */
  readonly keyId: string;
}

/**
 * Keys from `JWT_SECRET_KEY`. The settings refuse a weak one before; here it is refused whoever calls.
 * Errors: CONFIG_INVALID; the secret is in no message.
 */
export function keysFromSecret(secret: string): TokenKeys {
  const problem = secretProblem(secret);
  if (problem) throw new ProvChainError('CONFIG_INVALID', `JWT_SECRET_KEY ${problem}`);
  const key = createSecretKey(Buffer.from(secret));
  const keyId = createHmac('sha256', key).update('provchain token key id').digest('base64url').slice(0, 12);
  return { algorithm: 'HS256', signing: key, verifying: key, keyId };
}

/** Keys from a PEM file (PKCS #8) that its owner and a group may read. Errors: FILE_UNREADABLE, CONFIG_INVALID. */
export function keysFromFile(path: string): TokenKeys {
  const { text } = readPrivateFile(path, { readers: 'group' });
  const place = { source: path };
  let signing: KeyObject;
  try {
    signing = createPrivateKey(text);
  } catch (cause) {
    throw new ProvChainError('CONFIG_INVALID', 'it holds no private key in PEM without a passphrase', {
      cause,
      place,
    });
  }
  if (signing.asymmetricKeyType !== 'ed25519') {
    throw new ProvChainError('CONFIG_INVALID', 'its key is not of Ed25519, which EdDSA tokens need', {
      place,
    });
  }
  const verifying = createPublicKey(signing);
  const spki = verifying.export({ type: 'spki', format: 'der' });
  const keyId = hash('sha256', spki, 'base64url').slice(0, 12);
  return { algorithm: 'EdDSA', signing, verifying, keyId };
}
