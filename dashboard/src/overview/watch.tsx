import type { ComponentChildren } from 'preact';
import type { DashboardAnswer } from '../api/index.js';
import { hrefOf } from '../place/index.js';
import {
  Ago,
  Card,
  Facts,
  formatAge,
  formatDuration,
  formatPercent,
  formatShort,
  Icon,
  StatusMark,
} from '../show/index.js';

type Row = readonly [string, ComponentChildren];

/** What looks after the chain by itself: the rounds of the monitor, and the rolling scrub. */
export function Watch({ dashboard }: { dashboard: DashboardAnswer }) {
  const { monitor, scrub, healthTrend, performanceTrend } = dashboard;
  return (
    <Card title="Monitor and scrub">
      {monitor.silent && (
        <p class="notice tone-critical">
          <Icon name="warning" />
          <span>
            The monitor is silent
            {monitor.silentSeconds === null ? '' : ` for ${formatAge(monitor.silentSeconds)}`}. Look at the
            log of the nodes.
          </span>
        </p>
      )}
      {scrub.refused !== null && (
        <p class="notice tone-warning">
          <Icon name="warning" />
          <span>The scrub can’t keep its promise: {scrub.refused}</span>
        </p>
      )}
      <Facts
        rows={[
          ...monitorRows(monitor),
          ...scrubRows(scrub),
          trendRow('Health', healthTrend),
          trendRow('Performance', performanceTrend),
        ]}
      />
    </Card>
  );
}

function monitorRows({
  enabled,
  intervalSeconds,
  level,
  lastRoundAt,
  lastRound,
  nextRoundAt,
}: DashboardAnswer['monitor']): Row[] {
  if (!enabled) return [['Monitor', 'switched off (integrity.background_monitoring.enabled)']];
  const last = lastRound?.jobId ? (
    <a href={hrefOf(['jobs', lastRound.jobId])}>{lastRound.status ?? 'running'}</a>
  ) : (
    (lastRound?.status ?? '')
  );
  return [
    ['Monitor', `${level} every ${formatDuration(intervalSeconds * 1000)}`],
    [
      'Last round',
      lastRoundAt === null ? (
        'none yet'
      ) : (
        <>
          {lastRound?.status && <StatusMark status={lastRound.status} />} {last} <Ago at={lastRoundAt} />
        </>
      ),
    ],
    ['Next round', <Ago at={nextRoundAt} />],
  ];
}

function scrubRows({
  enabled,
  fullCycleHours,
  verifiedShare,
  oldestUnverifiedSeconds,
  runningJobId,
  quietNow,
  blocksPerSecond,
}: DashboardAnswer['scrub']): Row[] {
  if (!enabled || fullCycleHours === null) return [['Scrub', 'switched off']];
  const ages = Object.values(oldestUnverifiedSeconds).filter((age): age is number => age !== null);
  const now =
    runningJobId !== null ? (
      <a href={hrefOf(['jobs', runningJobId])}>running</a>
    ) : quietNow ? (
      'quiet hours'
    ) : (
      'waiting for its slice'
    );
  return [
    [
      'Scrub',
      <>
        every block within {formatDuration(fullCycleHours * 3_600_000)} · {now}
      </>,
    ],
    ['Verified in this cycle', formatPercent(verifiedShare)],
    ['Oldest evidence', ages.length === 0 ? 'none yet' : formatAge(Math.max(...ages))],
    ['Speed', blocksPerSecond === null ? 'not measured yet' : `${formatShort(blocksPerSecond)} blocks/s`],
  ];
}

function trendRow(name: string, { value, samples }: { value: string; samples: number }): Row {
  const count = `${samples} ${samples === 1 ? 'sample' : 'samples'}`;
  return [
    name,
    value === 'insufficient' ? (
      <span class="muted">too few samples to tell ({samples})</span>
    ) : (
      <>
        {value} <span class="muted">of {count}</span>
      </>
    ),
  ];
}
