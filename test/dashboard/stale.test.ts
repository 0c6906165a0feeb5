import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openPage, type WatchedPage } from '../support/browser.js';
import { installed } from '../support/debian.js';
import { type Fixture, PASSWORDS, startFixture } from './fixture.js';

type Browser = Awaited<ReturnType<typeof launchBrowser>>;

describe.skipIf(!installed('chromium'))('the overview of a node that goes away', () => {
  let browser: Browser;
  let fixture: Fixture;
  let open: WatchedPage;

  beforeAll(async () => {
    [browser, fixture] = await Promise.all([launchBrowser(), startFixture({ damaged: false })]);
  });
  afterEach(() => open?.close());
  afterAll(async () => {
    await browser?.close();
    await fixture?.close();
  });

  it('no longer calls the chain intact once the node is killed, and says how old its knowledge is', async () => {
    open = await openPage(browser, { origin: fixture.node.url });
    const { page } = open;
    await page.goto('/#/');
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill(PASSWORDS.ada);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.locator('.answer.tone-healthy').waitFor();
    await page.getByText('Last round').waitFor();
    await fixture.node.stop('SIGKILL');
    await page.locator('.answer.tone-unknown').waitFor({ timeout: 40_000 });
    const sentence = await page.locator('.answer h1').textContent();
    expect(sentence).toMatch(/^The node does not answer; what was last known is .+ old$/);
    expect(await page.locator('.answer.tone-healthy').count()).toBe(0);
    expect(await page.locator('.answer .muted').first().textContent()).toMatch(/^The node last answered /);
    expect(await page.getByText('Last round').count()).toBe(0);
    await page.getByText(/^The map as the node last gave it: /).waitFor();
  });
});
