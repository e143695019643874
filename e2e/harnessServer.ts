/**
 * Builds the harness's pages and serves them until it is ended: once for all tests, since a development server compiles
 * them anew for each, and on a machine where it was never started it may ask a page to load again in mid-test.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { build } from 'vite';
import { isolation } from '../src/sw/pageHeaders';
import { HARNESS_FOLDER } from '../test/support/pages/harness';
import { harnessPort } from '../test/support/pages/ports';
import { startStaticHost } from '../test/support/pages/staticHost';
import config from '../vite.config';
import { cutLargest } from '../vite.offline';

const sources = fileURLToPath(new URL('harness', import.meta.url));
const pages = (await readdir(sources)).filter((name) => name.endsWith('.html'));

await build({
  ...config,
  configFile: false,
  mode: 'production',
  logLevel: 'error',
  // Neither a service worker nor the hosted API's proxy.
  plugins: [react()],
  build: {
    ...config.build,
    outDir: HARNESS_FOLDER,
    emptyOutDir: true,
    // Errors name what they happened in.
    minify: false,
    rolldownOptions: { input: pages.map((name) => join(sources, name)) },
  },
});
await cutLargest(HARNESS_FOLDER);
const { url } = await startStaticHost(HARNESS_FOLDER, '/', { port: harnessPort(), headers: isolation });
console.log(`The harness is at ${url}`);
