import type { NodeAnswer } from '../api/index.js';
import { usePolled } from '../live/index.js';
import { Ago, Card, formatCount, Loading, Problem, Scroll } from '../show/index.js';

const EVERY_MS = 15_000;

export function Nodes() {
  const { data, error } = usePolled<{ nodes: readonly NodeAnswer[] }>('/api/nodes', EVERY_MS);
  const highest = Math.max(...(data?.nodes ?? []).map(({ height }) => height ?? 0));
  return (
    <Card title="Nodes">
      {error && <Problem error={error} what="The nodes can’t be listed now" />}
      {!data && !error && <Loading />}
      {data && (
        <Scroll class="table-scroll" label="Nodes">
          <table>
            <thead>
              <tr>
                <th scope="col">Node</th>
                <th scope="col">Role</th>
                <th scope="col" class="right">
                  Height
                </th>
                <th scope="col" class="right">
                  Jobs
                </th>
                <th scope="col">Up since</th>
              </tr>
            </thead>
            <tbody>
              {data.nodes.map((node) => (
                <tr key={node.nodeId}>
                  <td>
                    <strong>{node.nodeId}</strong>
                    <br />
                    <span class="muted small" title={node.replica}>
                      {node.replica.slice(0, 13)}
                    </span>
                  </td>
                  <td>
                    {node.writer && <span class="tag">writer</span>}{' '}
                    {node.roles.map((role) => (
                      <span key={role} class="tag">
                        {role}
                      </span>
                    ))}
                  </td>
                  <td class="right">
                    {formatCount(node.height)}
                    {node.height !== null && node.height < highest && (
                      <>
                        <br />
                        <span class="muted small">{formatCount(highest - node.height)} behind</span>
                      </>
                    )}
                  </td>
                  <td class="right nowrap">
                    {node.load === null ? '–' : `${node.load.active} + ${node.load.queued}`}
                  </td>
                  <td class="nowrap">
                    <Ago at={node.startedAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      <p class="muted small">Jobs: running + waiting on that node.</p>
    </Card>
  );
}
