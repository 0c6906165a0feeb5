import { ProvChainError } from '../src/errors.js';
import { prepareDocument } from '../src/ledger/index.js';
import type { IntakeAnswer, IntakeRequest } from '../src/pool/messages.js';

/** Entry of an intake thread: one document at a time. Never throws what the caller must understand: an error would lose its class. */
export default async function prepare(request: IntakeRequest): Promise<IntakeAnswer> {
  const { document, format, payloadLimitBytes } = request;
  try {
    return { payload: await prepareDocument(document, format, payloadLimitBytes) };
  } catch (thrown) {
    return { failed: ProvChainError.from(thrown).toPlain() };
  }
}
