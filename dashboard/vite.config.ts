import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { runbookPages } from './runbook-pages.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const OUT = path('../dist/dashboard');

/** Only what an earlier build left: the compiled sources that tests load lie in the same folder. */
const withoutOldAssets = (): Plugin => ({
  name: 'without-old-assets',
  buildStart: () => rmSync(`${OUT}/assets`, { recursive: true, force: true }),
});

export default defineConfig({
  root: path('.'),
  base: '/',
  plugins: [withoutOldAssets(), runbookPages(path('../docs/runbook'))],
  build: {
    outDir: OUT,
    emptyOutDir: false,
    target: 'es2022',
    // The policy of the page allows no `data:` scripts or styles, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // A slow machine is no news.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
