import { useState } from 'preact/hooks';
import type { Finding } from '../api/index.js';
import { hrefOf } from '../place/index.js';
import { formatCount, Status } from '../show/index.js';
import { detailPairs, type FindingGroup } from './groups.js';
import { Runbook } from './runbook.js';

const SHOWN = 12;

export function GroupCard({ group }: { group: FindingGroup }) {
  const { code, severity, meaning, action, findings, count } = group;
  const [all, setAll] = useState(false);
  const shown = all ? findings : findings.slice(0, SHOWN);
  return (
    <section class={`card finding tone-${severity.toLowerCase()}`} aria-labelledby={`finding-${code}`}>
      <header class="finding-head">
        <Status status={severity} />
        <h2 id={`finding-${code}`}>
          <code>{code}</code>
        </h2>
        <span class="muted">
          {formatCount(count)} {count === 1 ? 'finding' : 'findings'}
        </span>
      </header>
      <p class="finding-meaning">{meaning}</p>
      <div class="todo">
        <h3>What to do now</h3>
        <p>{action}</p>
      </div>
      <h3 class="hidden-text">Where</h3>
      <ul class="plain-list finding-list">
        {shown.map((finding, i) => (
          <FindingRow key={`${finding.block}-${i}`} finding={finding} />
        ))}
      </ul>
      {findings.length > shown.length && (
        <button type="button" class="button small" onClick={() => setAll(true)}>
          Show {formatCount(findings.length - shown.length)} more
        </button>
      )}
      {count > findings.length && (
        <p class="muted">The report lists {formatCount(findings.length)} of them.</p>
      )}
      <Runbook code={code} />
    </section>
  );
}

function FindingRow({ finding }: { finding: Finding }) {
  const pairs = detailPairs(finding.details);
  return (
    <li>
      {finding.block === null ? (
        <span>The chain as a whole</span>
      ) : (
        <a href={hrefOf(['blocks', finding.block])} data-item>
          Block {formatCount(finding.block)}
        </a>
      )}
      {pairs.length > 0 && (
        <span class="details">
          {pairs.map(([name, value]) => (
            <span key={name}>
              <span class="muted">{name}</span> <code>{value}</code>
            </span>
          ))}
        </span>
      )}
    </li>
  );
}
