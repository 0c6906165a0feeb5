import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** Debian's Chromium. Its sandbox needs rights that containers and root don't have; only pages of test nodes are opened. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
}

const DESKTOP = { width: 1280, height: 860 };
export const PHONE = { width: 390, height: 844 };

export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the console, broken rules of the page's policy, exceptions, and requests to another origin. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

interface PageOptions {
  readonly origin: string;
  readonly size?: { readonly width: number; readonly height: number };
  readonly theme?: 'light' | 'dark';
  /** Statuses that a test provokes on purpose; the console names them too. */
  readonly expected?: readonly number[];
}

/** A page that notes whatever should not happen on it. */
export async function openPage(browser: Browser, options: PageOptions): Promise<WatchedPage> {
  const { origin, size = DESKTOP, theme = 'light', expected = [] } = options;
  const context = await browser.newContext({
    viewport: size,
    colorScheme: theme,
    reducedMotion: 'reduce',
    baseURL: origin,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  const wanted = (text: string) => expected.some((status) => text.includes(`status of ${status} `));
  page.on('console', (message) => {
    if (message.type() === 'error' && !wanted(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const { protocol, origin: target } = new URL(request.url());
    if (protocol !== 'data:' && protocol !== 'blob:' && target !== origin)
      complaints.push(`a request to ${target}`);
  });
  return { page, context, complaints, close: () => context.close() };
}
