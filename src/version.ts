import { readFileSync } from 'node:fs';

let version: string | undefined;

/** The version in the nearest package.json above this file: what reports call the engine's. */
export function packageVersion(): string {
  version ??= readVersion(new URL('./package.json', import.meta.url));
  return version;
}

function readVersion(file: URL): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const above = new URL('../package.json', file);
    if (above.href === file.href) throw error;
    return readVersion(above);
  }
  return (JSON.parse(text) as { version: string }).version;
}
