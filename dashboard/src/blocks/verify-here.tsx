import { useState } from 'preact/hooks';
import { ApiProblem, call, type Inspection, send } from '../api/index.js';
import { Card, Curl, Icon, type IconName } from '../show/index.js';
import {
  type BlockEvidence,
  type Bytes,
  fromBase64,
  type ProofDocument,
  type Step,
  verifyBlock,
} from '../verify/index.js';

const ICONS: Readonly<Record<Step['state'], IconName>> = {
  ok: 'ok',
  failed: 'critical',
  unchecked: 'unknown',
};
const TONES: Readonly<Record<Step['state'], string>> = {
  ok: 'healthy',
  failed: 'critical',
  unchecked: 'incomplete',
};
const WORDS: Readonly<Record<Step['state'], string>> = {
  ok: 'holds',
  failed: 'does not hold',
  unchecked: 'could not check',
};

/** Recomputes hash, signature and proof of the block in this browser, from bytes that the node hands over. */
export function VerifyHere({ inspection, waiting }: { inspection: Inspection; waiting: boolean }) {
  const { index } = inspection;
  const [steps, setSteps] = useState<readonly Step[] | undefined>();
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      setSteps(await verifyBlock(await gather(inspection)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card title="Verify in this browser">
      {window.isSecureContext ? (
        <>
          <p class="muted">Hashes, the signature and the proof are computed here, not taken from the node.</p>
          <div class="actions start">
            <button
              type="button"
              class="button primary"
              onClick={() => void run()}
              disabled={busy || waiting}
            >
              {busy ? 'Computing…' : steps === undefined ? 'Verify this block' : 'Verify again'}
            </button>
            <Curl label="get the proof" path={`/api/blocks/${index}/proof`} />
          </div>
        </>
      ) : (
        <p class="empty">
          The browser opens its cryptography to https and localhost only. Reach the node over https, or use
          provchain proof verify.
        </p>
      )}
      <div aria-live="polite">{steps && <Steps steps={steps} />}</div>
      <p class="muted small">
        Page and bytes come from the same node. To rely on no node at all, check the proof with{' '}
        <code>provchain proof verify</code> against your own copy of chain.json.
      </p>
    </Card>
  );
}

function Steps({ steps }: { steps: readonly Step[] }) {
  const failed = steps.filter(({ state }) => state === 'failed').length;
  const open = steps.filter(({ state }) => state === 'unchecked').length;
  const verdict =
    failed > 0
      ? `${failed} of ${steps.length} steps do not hold.`
      : open > 0
        ? `What could be checked holds; ${open} of ${steps.length} steps could not be checked.`
        : `All ${steps.length} steps hold.`;
  return (
    <>
      <p class={`verdict tone-${failed > 0 ? 'critical' : open > 0 ? 'incomplete' : 'healthy'}`}>
        <Icon name={failed > 0 ? 'critical' : open > 0 ? 'unknown' : 'ok'} /> {verdict}
      </p>
      <ol class="plain-list steps-list">
        {steps.map(({ name, state, text }) => (
          <li key={name}>
            <span class={`mark tone-${TONES[state]}`}>
              <Icon name={ICONS[state]} />
            </span>
            <div>
              <strong>{name}</strong> <span class={`tone-text tone-${TONES[state]}`}>{WORDS[state]}</span>
              <p class="muted small breaks">{text}</p>
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}

async function gather({ index, hash, headerBytes, previous }: Inspection): Promise<BlockEvidence> {
  const [payload, proof] = await Promise.all([payloadBytes(index), proofDocument(index)]);
  return {
    index,
    hash,
    headerBytes: headerBytes === null ? undefined : fromBase64(headerBytes),
    payload,
    previousHash: index === 0 ? null : previous?.hash,
    proof,
  };
}

const why = (error: unknown): string =>
  `The node did not give it: ${error instanceof ApiProblem ? error.message : String(error)}.`;

async function payloadBytes(index: number): Promise<Bytes | { missing: string }> {
  try {
    const answer = await send(`/api/blocks/${index}/payload`, { headers: { Accept: 'application/n-quads' } });
    if (!answer.ok) return { missing: `The node did not give it (status ${answer.status}).` };
    return new Uint8Array(await answer.arrayBuffer());
  } catch (error) {
    return { missing: why(error) };
  }
}

async function proofDocument(index: number): Promise<ProofDocument | { missing: string }> {
  try {
    return await call<ProofDocument>(`/api/blocks/${index}/proof`);
  } catch (error) {
    return { missing: why(error) };
  }
}
