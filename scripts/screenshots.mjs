// Takes the pictures in docs/images: starts two nodes, one over an intact chain and one over a chain in which a quad was
// changed, lets their monitors make some history, and photographs the main views in Chromium.
// Usage: npm run build && node scripts/screenshots.mjs [SECONDS]
//   SECONDS  how long the nodes make history first (300)
// Needs Debian's chromium. With fonts-inter and fonts-jetbrains-mono the pictures look as those committed; pngquant makes
// them a third as large.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const CLI = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const IMAGES = fileURLToPath(new URL('../docs/images', import.meta.url));
const BLOCKS = 1200;
const DAMAGED = 417;
const DESKTOP = { width: 1280, height: 860 };
/** For views whose point is further down. */
const TALL = { width: 1280, height: 1240 };
const PHONE = { width: 390, height: 844 };

const seconds = Number(process.argv[2] ?? 300);
const folder = mkdtempSync(join(tmpdir(), 'provchain-pictures-'));
const nodes = [];
/** Takes the alerts, so that the pictures show a channel that works. */
const receiver = createServer((request, response) => request.resume().on('end', () => response.end()));

function generate(dir) {
  for (const args of [
    ['init', dir, '--id', 'cold-chain'],
    ['generate', dir, '--blocks', String(BLOCKS), '--quads', '24'],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  }
}

/** One quad of one block is another afterwards, as somebody with access to the disk could have it. */
async function damage(dir) {
  const { tamper } = await import('../dist/test/support/raw-store.js');
  const { blockKey } = await import('../dist/src/chain/index.js');
  await tamper(dir, async (store) => {
    const text = (await store.get('payload', blockKey(DAMAGED))).toString();
    await store.put('payload', blockKey(DAMAGED), Buffer.from(text.replace('"2025-', '"2019-')));
  });
}

/** Resolves to the address of the node once it is ready. */
function startNode(name, dir, receiver) {
  const config = join(folder, `${name}.toml`);
  const lines = [
    'network.api.port = 0',
    'monitoring.metrics.export_port = 0',
    `blockchain.storage.data_directory = ${JSON.stringify(dir)}`,
    `state.directory = ${JSON.stringify(join(folder, `${name}-state`))}`,
    `deployment.environment.instance_id = "${name}"`,
    'integrity.performance.batch_size = 5',
    'integrity.alerting.enable_webhook = true',
    'integrity.alerting.group_wait_seconds = 1',
    `integrity.alerting.webhook.url = ${JSON.stringify(receiver)}`,
    'integrity.alerting.webhook.allow_private_addresses = true',
    'integrity.background_monitoring.interval_seconds = 10',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const child = spawn(process.execPath, [CLI, 'serve', '--config', config, '--json'], { cwd: folder });
  nodes.push(child);
  return new Promise((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
      try {
        resolve(JSON.parse(out).url);
      } catch {
        // Not all of it is there yet.
      }
    });
    child.once('exit', (code) => reject(new Error(`the node ${name} ended with ${code}`)));
  });
}

const validate = (url, level) =>
  fetch(`${url}/api/jobs?wait=60`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ level, fresh: true }),
  });

/** Validations of several kinds, as people ask for them over a day. */
async function makeHistory(urls) {
  const levels = ['Standard', 'Full', 'Minimal', 'Comprehensive'];
  const end = Date.now() + seconds * 1000;
  for (let turn = 0; Date.now() < end; turn++) {
    for (const url of urls) await validate(url, levels[turn % levels.length]);
    await sleep(4000 + (turn % 3) * 2500);
  }
}

async function idOf(url, path, pick) {
  return pick(await (await fetch(`${url}${path}`)).json());
}

/** The block's page is photographed with the answer of the check in this browser in sight. */
async function verifyHere(page) {
  await page.getByRole('button', { name: 'Verify this block' }).click();
  await page.locator('.verdict').waitFor();
}

async function takePictures(intact, damaged) {
  const job = await idOf(damaged, '/api/jobs?state=completed&level=Full', ({ jobs }) => jobs[0].jobId);
  const pictures = [
    ['overview', intact, '#/', { size: TALL }],
    ['damage', damaged, '#/'],
    ['jobs', intact, '#/jobs'],
    ['report', damaged, `#/report/${job}`],
    ['block', damaged, `#/blocks/${DAMAGED}`, { before: verifyHere, size: TALL }],
    ['alerts', damaged, '#/alerts?state=all'],
    ['settings', intact, '#/settings'],
  ];
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  for (const theme of ['light', 'dark']) {
    await inContext(browser, DESKTOP, theme, async (page) => {
      for (const [name, url, hash, how = {}] of pictures) {
        await page.setViewportSize(how.size ?? DESKTOP);
        await takeOne(page, `${name}-${theme}`, `${url}/${hash}`, how.before);
      }
    });
  }
  await inContext(browser, PHONE, 'light', (page) => takeOne(page, 'phone-light', `${damaged}/#/`));
  await inContext(browser, PHONE, 'dark', (page) => takeOne(page, 'phone-dark', `${damaged}/#/`));
  await browser.close();
}

async function inContext(browser, viewport, colorScheme, use) {
  const context = await browser.newContext({ viewport, colorScheme });
  await use(await context.newPage());
  await context.close();
}

async function takeOne(page, name, address, before) {
  await page.goto('about:blank');
  await page.goto(address);
  await page.locator('main h1').waitFor();
  await page.locator('main .loading').first().waitFor({ state: 'detached' });
  await before?.(page);
  await page.evaluate('scrollTo(0, 0)');
  await sleep(1500);
  const path = join(IMAGES, `${name}.png`);
  await page.screenshot({ path });
  spawnSync('pngquant', ['--force', '--ext', '.png', '--quality', '85-99', '--strip', path]);
  console.log(`${name}.png ${statSync(path).size} bytes`);
}

try {
  mkdirSync(IMAGES, { recursive: true });
  const [good, bad] = [join(folder, 'intact'), join(folder, 'damaged')];
  generate(good);
  generate(bad);
  await damage(bad);
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${receiver.address().port}/`;
  const intact = await startNode('north', good, address);
  const damaged = await startNode('south', bad, address);
  await makeHistory([intact, damaged]);
  await takePictures(intact, damaged);
} finally {
  receiver.close();
  for (const node of nodes) {
    node.removeAllListeners('exit');
    node.kill('SIGTERM');
    await new Promise((resolve) => node.once('exit', resolve));
  }
  rmSync(folder, { recursive: true, force: true });
}
