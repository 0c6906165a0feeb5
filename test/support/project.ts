import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, found upwards from the compiled test. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('no package.json above the tests');
    folder = parent;
  }
  return folder;
}

/**
 * A folder of fixtures that is shared between projects and not part of this one: inside the folder that
 * PROVCHAIN_FIXTURES names, or `../shared/fixtures`. Undefined when it is not there, except in CI, where that
 * is an error: the tests that need it would pass without having run.
 */
export function fixtures(name: string): string | undefined {
  const folder = join(process.env.PROVCHAIN_FIXTURES ?? resolve(projectRoot(), '../shared/fixtures'), name);
  if (existsSync(folder)) return folder;
  if (process.env.CI) throw new Error(`the fixtures in ${folder} are missing`);
  return undefined;
}
