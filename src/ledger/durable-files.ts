import { open, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../sync-folder.js';

/** Writes and syncs a new or overwritten file; its name is durable only after {@link syncFolder}. */
export async function writeSynced(path: string, bytes: string | Uint8Array, mode = 0o644): Promise<void> {
  const file = await open(path, 'w', mode);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Replaces a file so that after a crash at any moment either the old or the new bytes are there, whole. Without
 * `synced` that holds for a crash of the process, not of the machine.
 */
export async function replaceFile(
  path: string,
  bytes: string | Uint8Array,
  { synced = true } = {},
): Promise<void> {
  if (synced) await writeSynced(`${path}.tmp`, bytes);
  else await writeFile(`${path}.tmp`, bytes);
  await rename(`${path}.tmp`, path);
  if (synced) await syncFolder(dirname(path));
}
