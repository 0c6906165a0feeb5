import axe from 'axe-core';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openPage, PHONE } from '../support/browser.js';
import { installed } from '../support/debian.js';
import { DAMAGED, type Fixture, PASSWORDS, startFixture } from './fixture.js';

/** How long the overview is left to itself while its work is counted. */
const WATCHED_MS = 15_000;

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What axe-core finds on the page as it is now, with the rules of WCAG 2.2 A and AA and its own best practices. */
async function violations(page: Page): Promise<string[]> {
  // By the protocol of the browser, which the policy of the page does not bind.
  await page.evaluate(axe.source);
  const { found, passed } = await page.evaluate<{ found: Violation[]; passed: number }>(
    'axe.run(document).then(({ violations, passes }) => ({ found: violations, passed: passes.length }))',
  );
  if (passed < 10) throw new Error(`only ${passed} rules of axe-core looked at something`);
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]!.html} ${nodes[0]!.failureSummary}`);
}

describe.skipIf(!installed('chromium'))('the dashboard', () => {
  let browser: Browser;
  let fixture: Fixture;

  beforeAll(async () => {
    [browser, fixture] = await Promise.all([launchBrowser(), startFixture()]);
  });
  afterAll(async () => {
    await browser?.close();
    await fixture?.close();
  });

  async function logIn(page: Page): Promise<void> {
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill(PASSWORDS.ada);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('navigation', { name: 'Views' }).waitFor();
  }

  /** Ids of a job with a report, and of the alert, as links on the page have them. */
  async function idIn(page: Page, view: string, selector: string): Promise<string> {
    await page.goto(`/#/${view}`);
    const link = page.locator(selector).first();
    await link.waitFor();
    return (await link.getAttribute('href'))!.split('/').at(-1)!;
  }

  for (const theme of ['light', 'dark'] as const) {
    it(`has no serious fault of accessibility on any view, ${theme}`, async () => {
      const { page, complaints, close } = await openPage(browser, { origin: fixture.node.url, theme });
      await page.goto('/');
      await page.getByLabel('Password').waitFor();
      expect(await violations(page)).toEqual([]);
      await logIn(page);
      await page.locator('.map .cell.tone-critical').waitFor();
      const job = await idIn(page, 'jobs?state=completed', 'main td [data-item]');
      const alert = await idIn(page, 'alerts', '.alert-row a');
      const views = [
        ...['#/', '#/jobs', `#/jobs/${job}`, `#/report/${job}`, '#/blocks', '#/blocks?from=135&to=140'],
        ...[
          `#/blocks/${DAMAGED}`,
          '#/search?q=7',
          '#/alerts',
          `#/alerts/${alert}`,
          '#/settings',
          '#/nowhere',
        ],
      ];
      for (const view of views) {
        await page.goto(`/${view}`);
        await page.locator('main h1').waitFor();
        await page.locator('main .loading').first().waitFor({ state: 'detached' });
        await page.getByText('The node is checking it.').waitFor({ state: 'detached' });
        expect([view, await violations(page)]).toEqual([view, []]);
      }
      await page.goto('/#/');
      await page.getByRole('button', { name: 'Validate' }).click();
      await page.getByRole('dialog').waitFor();
      expect(await violations(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await close();
    });
  }

  it('has no serious fault of accessibility on a phone', async () => {
    const { page, close } = await openPage(browser, { origin: fixture.node.url, size: PHONE });
    await page.goto('/');
    await logIn(page);
    for (const view of ['#/', '#/jobs', `#/blocks/${DAMAGED}`]) {
      await page.goto(`/${view}`);
      await page.locator('main h1').waitFor();
      await page.locator('main .loading').first().waitFor({ state: 'detached' });
      expect([view, await violations(page)]).toEqual([view, []]);
    }
    await close();
  });

  /** Seconds that the page's process has worked since it began, as the browser counts them. */
  async function workedSeconds(session: CDPSession): Promise<number> {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')!.value;
  }

  it('asks only while somebody sees it, and tells how soon it paints and what its live views cost', async () => {
    const { page, complaints, close } = await openPage(browser, { origin: fixture.node.url });
    await page.goto('/');
    await logIn(page);
    await page.reload();
    await page.locator('.map .cell').first().waitFor();
    const painted = await page.evaluate<number>(
      'performance.getEntriesByName("first-contentful-paint")[0].startTime',
    );
    await page.locator('.chart').first().waitFor();
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const before = await workedSeconds(session);
    await page.waitForTimeout(WATCHED_MS);
    const share = ((await workedSeconds(session)) - before) / (WATCHED_MS / 1000);
    console.info(
      `First contentful paint after ${Math.round(painted)} ms; the overview takes ${(share * 100).toFixed(2)} % of one core`,
    );
    expect(painted).toBeGreaterThan(0);
    expect(share).toBeGreaterThan(0);

    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const hide = (state: 'hidden' | 'visible') =>
      page.evaluate(
        `Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await hide('hidden');
    await page.waitForTimeout(200);
    asked.length = 0;
    await page.waitForTimeout(WATCHED_MS);
    expect(asked).toEqual([]);
    await hide('visible');
    await expect.poll(() => asked.length).toBeGreaterThan(2);
    expect(complaints).toEqual([]);
    await close();
  });
});
