import { useState } from 'preact/hooks';
import type { ApiProblem, BlockEntry, Inspection } from '../api/index.js';
import { usePolled } from '../live/index.js';
import { goTo, hrefOf } from '../place/index.js';
import { detailPairs } from '../report/groups.js';
import {
  Ago,
  Card,
  Curl,
  Facts,
  formatBytes,
  formatCount,
  Hash,
  Icon,
  type IconName,
  Loading,
  Problem,
  Status,
  ViewHead,
} from '../show/index.js';
import { Payload } from './payload.js';
import { uncheckedText } from './unchecked.js';
import { VerifyHere } from './verify-here.js';

const ONCE = Number.POSITIVE_INFINITY;

/**
 * One block: what the store holds of it, and what the checks say. Those take a moment, so what the header says is shown
 * until then; where the node can't inspect, it is all there is.
 */
export function Block({ index }: { index: number }) {
  const inspected = usePolled<Inspection>(`/api/blocks/${index}/inspection`, ONCE);
  const plain = usePolled<BlockEntry>(`/api/blocks/${index}`, ONCE);
  const inspection = inspected.data ?? (plain.data && withoutInspection(plain.data));
  if (inspection === undefined) {
    return <NoBlock index={index} error={inspected.error && plain.error} />;
  }
  const checks = inspected.data ? 'known' : inspected.error ? 'failed' : 'pending';
  return (
    <>
      <BlockHead inspection={inspection} checks={checks} />
      {inspected.error && (
        <p class="notice tone-incomplete">
          <Icon name="incomplete" />{' '}
          <span>
            This node could not inspect the block ({inspected.error.message}): nothing below is checked, and
            the difference to the canonical form is not known.
          </span>
        </p>
      )}
      <Findings inspection={inspection} />
      <Payload inspection={inspection} />
      <div class="columns wide-left">
        <Header inspection={inspection} />
        <VerifyHere inspection={inspection} waiting={checks === 'pending'} />
      </div>
    </>
  );
}

function NoBlock({ index, error }: { index: number; error: ApiProblem | undefined }) {
  return (
    <>
      <ViewHead title={`Block ${formatCount(index)}`} />
      {error ? <Problem error={error} what="This block can’t be shown" /> : <Loading lines={8} />}
      {error && (
        <p>
          <a href="#/blocks">Newest blocks</a>
        </p>
      )}
    </>
  );
}

const withoutInspection = ({ index, hash, header }: BlockEntry): Inspection => ({
  index,
  height: index + 1,
  hash,
  header,
  headerBytes: null,
  status: 'Unknown',
  complete: false,
  checks: [],
  findings: [],
  payload: {
    bytes: typeof header.payloadBytes === 'number' ? header.payloadBytes : null,
    sha256: null,
    canonical: null,
    diff: null,
    error: null,
  },
  previous: null,
  next: null,
});

type Checks = 'pending' | 'known' | 'failed';

function BlockHead({ inspection, checks }: { inspection: Inspection; checks: Checks }) {
  const { index, height, status, header } = inspection;
  const last = checks === 'known' ? height - 1 : index;
  return (
    <ViewHead
      title={`Block ${formatCount(index)}`}
      lead={
        <>
          {checks === 'known' && <Status status={status} />} {checks === 'known' && uncheckedText(inspection)}
          {checks === 'pending' && <span role="status">The node is checking it.</span>}{' '}
          {typeof header?.timestamp === 'string' && <Ago at={header.timestamp} />}
        </>
      }
    >
      <nav class="steps" aria-label="Neighbours">
        <Neighbour index={index - 1} there={index > 0} icon="left" label="Block before" />
        <Neighbour index={index + 1} there={index < last} icon="right" label="Block after" />
      </nav>
      <GoToBlock />
      <Curl label="inspect this block" path={`/api/blocks/${index}/inspection`} />
    </ViewHead>
  );
}

interface NeighbourProps {
  readonly index: number;
  readonly there: boolean;
  readonly icon: IconName;
  readonly label: string;
}

/** Where there is no block on that side, its place is kept, so that the other arrow stays where it is. */
function Neighbour({ index, there, icon, label }: NeighbourProps) {
  if (!there) {
    return (
      <span class="button disabled" aria-hidden="true">
        <Icon name={icon} />
      </span>
    );
  }
  return (
    <a class="button" href={hrefOf(['blocks', index])} aria-label={label}>
      <Icon name={icon} />
    </a>
  );
}

function GoToBlock() {
  const [text, setText] = useState('');
  const go = (event: SubmitEvent) => {
    event.preventDefault();
    if (/^\d{1,15}$/.test(text)) goTo(hrefOf(['blocks', text]));
  };
  return (
    <form class="go-to" onSubmit={go}>
      <input
        aria-label="Number of a block to go to"
        inputMode="numeric"
        placeholder="Go to…"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}

function Findings({ inspection: { findings } }: { inspection: Inspection }) {
  if (findings.length === 0) return null;
  return (
    <Card title="What the checks say" class="block-findings">
      <ul class="plain-list">
        {findings.map((finding) => (
          <li key={finding.code}>
            <p>
              <Status status={finding.severity} /> <code>{finding.code}</code>
            </p>
            <p>{finding.message}.</p>
            <p class="todo">
              <strong>What to do now.</strong> {finding.action}
            </p>
            <p class="details">
              {detailPairs(finding.details).map(([name, value]) => (
                <span key={name}>
                  <span class="muted">{name}</span> <code>{value}</code>
                </span>
              ))}
            </p>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** The fields of a native header in words; those of an imported one as they are. */
const FIELDS: Readonly<Record<string, string>> = {
  timestamp: 'Timestamp',
  previousHash: 'Previous hash',
  payloadHash: 'Payload SHA-256',
  payloadBytes: 'Payload size',
  quadCount: 'Quads',
  transactionCount: 'Transactions',
  historyRoot: 'History root',
  producer: 'Producer',
  signature: 'Signature',
  chainId: 'Chain',
};

function Header({ inspection }: { inspection: Inspection }) {
  const { header, hash, previous, index } = inspection;
  if (header === null) {
    return (
      <Card title="Header">
        <p class="empty">The header can’t be read; the findings say why.</p>
      </Card>
    );
  }
  const shownValue = (name: string, value: unknown) => {
    if (name === 'payloadBytes')
      return `${formatBytes(value as number)} (${formatCount(value as number)} bytes)`;
    if (typeof value === 'number') return formatCount(value);
    if (name === 'timestamp')
      return (
        <>
          {String(value)} · <Ago at={String(value)} />
        </>
      );
    if (typeof value !== 'string') return <code class="breaks">{JSON.stringify(value)}</code>;
    if (name === 'previousHash' && index > 0) {
      return (
        <>
          <Hash value={value} label="hash of the block before" />
          {previous !== null &&
            (previous.hash === value ? (
              <span class="muted small">is block {formatCount(previous.index)}</span>
            ) : (
              <span class="field-error">block {formatCount(previous.index)} has another hash</span>
            ))}
        </>
      );
    }
    return value.length > 40 ? <Hash value={value} label={FIELDS[name] ?? name} /> : value;
  };
  const names = Object.keys(FIELDS).filter((name) => name in header);
  const others = Object.keys(header).filter((name) => !(name in FIELDS) && name !== 'index');
  return (
    <Card title="Header">
      <Facts
        rows={[
          ...(hash === null
            ? []
            : [['Block hash', <Hash value={hash} label="hash of the block" />] as const]),
          ...[...names, ...others].map(
            (name) => [FIELDS[name] ?? name, shownValue(name, header[name])] as const,
          ),
        ]}
      />
    </Card>
  );
}
