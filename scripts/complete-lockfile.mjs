// Puts back into package-lock.json what an npm that could not see every package leaves out or adds: the optional
// packages for other platforms (without them "npm ci" stops) and the addresses of one registry.
// Usage: node scripts/complete-lockfile.mjs [--check]
import { readFileSync, writeFileSync } from 'node:fs';

const PLATFORMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const PROCESSORS = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'x64',
  'wasm32',
];

const file = new URL('../package-lock.json', import.meta.url);
const before = readFileSync(file, 'utf8');
const lock = JSON.parse(before);

for (const entry of Object.values(lock.packages)) delete entry.resolved;
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isInstalledFor(path, name)) continue;
    if (!/^\d+\.\d+\.\d+$/.test(version))
      throw new Error(`${name}: no exact version to write down (${version})`);
    const words = name.split(/[/-]/);
    const os = PLATFORMS.filter((word) => words.includes(word));
    const cpu = PROCESSORS.filter((word) => words.includes(word));
    if (os.length + cpu.length === 0)
      throw new Error(`${name}: its name does not say which platform it is for`);
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(cpu.length > 0 ? { cpu } : {}),
      ...(dev ? { dev: true } : {}),
      optional: true,
      ...(os.length > 0 ? { os } : {}),
    };
  }
}
const [root, ...others] = Object.entries(lock.packages);
others.sort(([a], [b]) => a.localeCompare(b, 'en'));
lock.packages = Object.fromEntries([root, ...others]);

const after = `${JSON.stringify(lock, null, 2)}\n`;
if (after === before) process.exit(0);
if (process.argv.includes('--check')) {
  console.error('package-lock.json is not complete: node scripts/complete-lockfile.mjs mends it');
  process.exit(1);
}
writeFileSync(file, after);

/** Whether a package that the one at `path` asks for is in the lock file, beside it or further up. */
function isInstalledFor(path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (lock.packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]) return true;
    if (folder === '') return false;
  }
}
