import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openPage, PHONE, type WatchedPage } from '../support/browser.js';
import { installed } from '../support/debian.js';
import { BLOCKS, DAMAGED, type Fixture, PASSWORDS, REORDERED, startFixture } from './fixture.js';

/** Notes every value that a bar of progress takes, from its first appearance on. Runs in the page. */
const NOTE_PROGRESS = `
  window.seenProgress = [];
  new MutationObserver(() => {
    const bar = document.querySelector('main [role=progressbar]');
    if (bar !== null) window.seenProgress.push(Number(bar.getAttribute('aria-valuenow')));
  }).observe(document.body, { subtree: true, childList: true, attributes: true });`;

/** The dashboard of a real node, driven in a real browser by what people see of it. */
describe.skipIf(!installed('chromium'))('the dashboard', () => {
  let browser: Browser;
  let fixture: Fixture;
  let open: WatchedPage;

  beforeAll(async () => {
    [browser, fixture] = await Promise.all([launchBrowser(), startFixture()]);
  });
  afterEach(async () => {
    await open?.close();
  });
  afterAll(async () => {
    await browser?.close();
    await fixture?.close();
  });

  async function visit(hash: string, options: Partial<Parameters<typeof openPage>[1]> = {}): Promise<Page> {
    open = await openPage(browser, { origin: fixture.node.url, ...options });
    await open.page.goto(`/${hash}`);
    return open.page;
  }

  async function logIn(page: Page, name: keyof typeof PASSWORDS = 'ada'): Promise<void> {
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Password').fill(PASSWORDS[name]);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('navigation', { name: 'Views' }).waitFor();
  }

  const heading = (page: Page, name: string | RegExp) =>
    page.getByRole('heading', { level: 1, name }).waitFor();

  it('refuses a wrong password, lets the right one in, keeps the login over a reload, and forgets it', async () => {
    const page = await visit('#/jobs', { expected: [401] });
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('The name or the password is wrong.').waitFor();
    await logIn(page);
    await heading(page, 'Jobs');
    await page.reload();
    await heading(page, 'Jobs');
    await page.locator('.account summary').click();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Password').waitFor();
    await page.reload();
    await page.getByLabel('Password').waitFor();
    expect(open.complaints).toEqual([]);
  });

  it('shows a planted damage on the map, leads to the block and its quad, and verifies it in the browser', async () => {
    const page = await visit('#/');
    await logIn(page);
    await page.locator('.answer.tone-critical').waitFor();
    const cell = page.locator('.map .cell.tone-critical');
    await cell.waitFor();
    expect(await cell.count()).toBe(1);
    expect(await cell.getAttribute('aria-label')).toMatch(
      /^blocks 135–139: Critical: PAYLOAD_DIGEST_MISMATCH, verified /,
    );
    await cell.click();
    await heading(page, 'Blocks 135–139');
    const row = page.locator('tr.row-tone');
    await row.getByText('PAYLOAD_DIGEST_MISMATCH').waitFor();
    await row.getByRole('link', { name: String(DAMAGED) }).click();
    await heading(page, `Block ${DAMAGED}`);
    await page.getByText('PAYLOAD_DIGEST_MISMATCH').first().waitFor();
    await page.getByText('What to do now.').first().waitFor();
    await page.getByRole('radio', { name: 'Table' }).check();
    const quads = page.getByRole('region', { name: 'Quads' }).locator('tbody tr');
    await quads.first().waitFor();
    expect(await quads.count()).toBeGreaterThan(3);
    await page.getByRole('button', { name: 'Verify this block' }).click();
    await page.getByText('1 of 7 steps do not hold.').waitFor();
    await page.getByRole('link', { name: 'Block before' }).click();
    await heading(page, `Block ${DAMAGED - 1}`);
    await page.getByRole('button', { name: 'Verify this block' }).click();
    await page.getByText('All 7 steps hold.').waitFor();
    expect(open.complaints).toEqual([]);
  });

  it('shows how a reordered payload differs from its canonical form', async () => {
    const page = await visit(`#/blocks/${REORDERED}`);
    await logIn(page);
    await page.getByText('PAYLOAD_NOT_CANONICAL').first().waitFor();
    const difference = page.getByRole('region', { name: 'Difference between the stored payload' });
    await difference.waitFor();
    const [removed, added] = await Promise.all(
      ['removed', 'added'].map((op) => difference.locator(`span.${op}`).allTextContents()),
    );
    const quads = (lines: string[]) => lines.map((line) => line.slice(line.indexOf('<') - 1)).sort();
    expect(removed!.length).toBeGreaterThan(0);
    expect(removed!.every((line) => line.startsWith('stored: − '))).toBe(true);
    expect(quads(added!)).toEqual(quads(removed!));
    expect(open.complaints).toEqual([]);
  });

  it('starts a job, shows how it moves, and leads to its report', async () => {
    const page = await visit('#/');
    await logIn(page);
    await page.getByRole('button', { name: 'Validate' }).click();
    const dialog = page.getByRole('dialog', { name: 'Validate the chain' });
    await dialog.getByText('Full', { exact: true }).click();
    await dialog.getByLabel(/^Fresh/).check();
    expect(await dialog.locator('.curl code').textContent()).toContain(
      `--data '{"level":"Full","fresh":true}' '${fixture.node.url}/api/jobs'`,
    );
    await page.evaluate(NOTE_PROGRESS);
    await dialog.getByRole('button', { name: 'Start' }).click();
    await heading(page, 'Full validation');
    await page.getByRole('link', { name: 'Open the report' }).click();
    await heading(page, 'Report: Full');
    const seen = await page.evaluate<number[]>('window.seenProgress');
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    await page.getByRole('heading', { name: 'PAYLOAD_DIGEST_MISMATCH' }).waitFor();
    await page.getByRole('link', { name: `Block ${DAMAGED}` }).waitFor();
    expect(open.complaints).toEqual([]);
  });

  it('shows the progress of a long job while it runs, and cancels it when asked to', async () => {
    const page = await visit('#/settings');
    await logIn(page);
    await page.getByLabel('CPU', { exact: true }).fill('10');
    await page.getByRole('button', { name: 'Save 1 change' }).click();
    await page.getByText(/^Saved as revision/).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('j');
    await heading(page, 'Jobs');
    await page.getByRole('button', { name: 'Validate' }).click();
    const dialog = page.getByRole('dialog', { name: 'Validate the chain' });
    await dialog.getByText('Full', { exact: true }).click();
    await dialog.getByLabel(/^Fresh/).check();
    const followed = page.waitForRequest(/\/api\/jobs\/[^/]+\/events$/);
    await dialog.getByRole('button', { name: 'Start' }).click();
    await followed;
    await heading(page, 'Full validation');
    const bar = page.getByRole('progressbar', { name: 'Progress of this job' });
    const now = async () => Number(await bar.getAttribute('aria-valuenow'));
    await expect.poll(now, { timeout: 20_000 }).toBeGreaterThan(0);
    const first = await now();
    await expect.poll(now, { timeout: 20_000 }).toBeGreaterThan(first);
    await page.getByRole('button', { name: 'Cancel the job' }).click();
    const asked = page.getByRole('dialog', { name: 'Cancel this validation?' });
    await asked.getByRole('button', { name: 'Cancel the job' }).click();
    await page.locator('.view-head .status', { hasText: 'cancelled' }).waitFor();
    await page.goto('/#/settings');
    await page.getByRole('button', { name: /^Back to revision/ }).click();
    await page.getByRole('button', { name: 'Go back' }).click();
    await page.getByText(/in force again/).waitFor();
    expect(open.complaints).toEqual([]);
  });

  it('acknowledges the alert of the damage, with a comment, and tells everybody', async () => {
    const page = await visit('#/alerts');
    await logIn(page);
    await page.locator('.alert-row.tone-critical a').first().click();
    await page.getByLabel('Comment').fill('Looking into it');
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByRole('heading', { name: 'Acknowledged' }).waitFor();
    await page.getByText('Looking into it').waitFor();
    await page.goto('/#/');
    await page.locator('.alert-list', { hasText: 'seen by ada' }).waitFor();
    expect(open.complaints).toEqual([]);
  });

  it('hides from a viewer what only others may do', async () => {
    const page = await visit('#/');
    await logIn(page, 'vera');
    await page.locator('.map .cell').first().waitFor();
    expect(await page.getByRole('button', { name: 'Validate' }).count()).toBe(0);
    await page.goto('/#/settings');
    await page.getByText('Only an administrator may change them.').waitFor();
    expect(await page.getByLabel('Size of a shard').isDisabled()).toBe(true);
    await page.goto('/#/alerts');
    await heading(page, 'Alerts');
    expect(await page.getByRole('button', { name: 'New silence' }).count()).toBe(0);
    expect(open.complaints).toEqual([]);
  });

  it('shows at the field what the node refuses in a setting', async () => {
    const page = await visit('#/settings', { expected: [422] });
    await logIn(page);
    const field = page.getByLabel('Size of a shard');
    await field.fill('0');
    await page.getByRole('button', { name: 'Save 1 change' }).click();
    await page.locator('#setting-batch_size-error').waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    expect(await field.getAttribute('aria-describedby')).toContain('setting-batch_size-error');
    expect(open.complaints).toEqual([]);
  });

  it('finds blocks by number, by hash and by IRI', async () => {
    const page = await visit('#/');
    await logIn(page);
    const search = page.getByRole('searchbox');
    await search.fill('7');
    await search.press('Enter');
    await page.getByRole('link', { name: 'Block 7', exact: true }).waitFor();
    await page.goto('/#/blocks/9');
    await heading(page, 'Block 9');
    const hash = (await page.locator('.facts .hash code').first().textContent()) ?? '';
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    await search.fill(hash);
    await search.press('Enter');
    await page.getByRole('link', { name: 'Block 9', exact: true }).waitFor();
    await page.goto('/#/blocks/9');
    const iri = (await page.locator('.quads .term.iri').first().getAttribute('title')) ?? '';
    await search.fill(iri);
    await search.press('Enter');
    await page.getByRole('link', { name: 'Block 9', exact: true }).waitFor();
    expect(open.complaints).toEqual([]);
  });

  it('is gone through by keyboard', async () => {
    const page = await visit('#/');
    await logIn(page);
    await page.locator('.map .cell').first().waitFor();
    await page.locator('body').press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement?.id')).toBe('search');
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('b');
    await heading(page, 'Blocks');
    await page.locator('main [data-item]').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await heading(page, `Block ${BLOCKS - 1}`);
    for (const [key, title] of [
      ['j', 'Jobs'],
      ['a', 'Alerts'],
      ['s', 'Settings'],
    ] as const) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await heading(page, title);
    }
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    // The map is one stop of the tab key; the arrows move in it and Enter opens the cell.
    const stop = page.locator('.map .cell[tabindex="0"]');
    await stop.focus();
    const before = Number(await stop.getAttribute('data-cell'));
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    const first = (before - 1) * 5;
    await heading(page, `Blocks ${first}–${first + 4}`);
    expect(open.complaints).toEqual([]);
  });

  it('keeps filters in the address, and the theme in the browser', async () => {
    const page = await visit('#/jobs');
    await logIn(page);
    await page.getByLabel('State').selectOption('completed');
    await expect.poll(() => page.url()).toContain('#/jobs?state=completed');
    await page.reload();
    expect(await page.getByLabel('State').inputValue()).toBe('completed');
    const theme = () => page.evaluate('document.documentElement.dataset.theme');
    await page.getByRole('button', { name: /^Colours: system/ }).click();
    await page.getByRole('button', { name: /^Colours: light/ }).click();
    expect(await theme()).toBe('dark');
    await page.reload();
    await heading(page, 'Jobs');
    expect(await theme()).toBe('dark');
    expect(open.complaints).toEqual([]);
  });

  it('says what is wrong and what to do when the node goes away, and goes on when it is back', async () => {
    const page = await visit('#/jobs', { expected: [] });
    await logIn(page);
    await page.locator('main [data-item]').first().waitFor();
    await open.context.setOffline(true);
    await page.getByText('Check that the node runs').first().waitFor();
    await open.context.setOffline(false);
    await page.getByText('Check that the node runs').first().waitFor({ state: 'detached', timeout: 30_000 });
    expect(open.complaints.filter((text) => !text.includes('ERR_INTERNET_DISCONNECTED'))).toEqual([]);
  });

  it('fits a phone: no view scrolls sideways', async () => {
    const page = await visit('#/', { size: PHONE });
    await logIn(page);
    const jobId = (await page.locator('.facts a[href^="#/jobs/"]').first().getAttribute('href'))?.slice(
      '#/jobs/'.length,
    );
    const views = [
      '#/',
      '#/jobs',
      '#/blocks',
      `#/blocks/${DAMAGED}`,
      '#/search?q=7',
      '#/alerts',
      '#/settings',
    ];
    if (jobId !== undefined) views.push(`#/jobs/${jobId}`, `#/report/${jobId}`);
    for (const view of views) {
      await page.goto(`/${view}`);
      await page.locator('main h1').waitFor();
      await page.waitForLoadState('networkidle');
      const wider = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect([view, wider]).toEqual([view, 0]);
    }
    expect(open.complaints).toEqual([]);
  });
});
