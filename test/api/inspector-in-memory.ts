import { hash } from 'node:crypto';
import type { ApiInspector } from '../../src/api/index.js';
import { LEVEL_CHECKS } from '../../src/validation/index.js';
import type { ChainInMemory } from './chain-in-memory.js';

/** Looks into a chain without a disk, where every block is sound. */
export function inspectorOf(chain: ChainInMemory): ApiInspector {
  return {
    async inspect(index) {
      const block = await chain.header(index);
      const payload = await chain.payload(index);
      const near = (at: number) => {
        const other = chain.blocks[at];
        return other === undefined ? null : { index: at, hash: other.hash };
      };
      return {
        index,
        height: chain.blocks.length,
        checks: LEVEL_CHECKS.Full,
        status: 'Healthy',
        complete: true,
        findings: [],
        asOf: '2025-11-23T12:00:00.000Z',
        header: {
          hash: block.hash,
          storedHash: block.hash,
          fields: block.header,
          problem: null,
          bytes: Buffer.from(JSON.stringify(block.header)),
        },
        payload: {
          bytes: payload.length,
          sha256: hash('sha256', payload),
          canonical: true,
          diff: null,
          shortened: false,
          error: null,
        },
        previous: near(index - 1),
        next: near(index + 1),
      };
    },
    async search({ target, before = chain.blocks.length }) {
      const { length } = chain.blocks;
      const to = Math.min(before, length);
      const blocks = chain.blocks.slice(0, to).flatMap((block) => {
        const text = Buffer.from(chain.payloads[block.index]!).toString();
        const lines =
          target.kind === 'line' ? text.split('\n').filter((line) => line.includes(target.needle)) : [];
        const found = target.kind === 'line' ? lines.length > 0 : block.hash === target.hash;
        return found
          ? [{ index: block.index, hash: block.hash, timestamp: null, quadCount: null, lines }]
          : [];
      });
      return { blocks: blocks.reverse(), searched: { from: 0, to }, next: null, unread: 0 };
    },
  };
}
