/**
 * Builds the harness pages once for all tests and serves them until it is stopped. A development server would compile them
 * for each test, and at its first start it may make a page reload in the middle of a test.
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
  // No service worker, no proxy of the hosted API.
  plugins: [react()],
  build: {
    ...config.build,
    outDir: HARNESS_FOLDER,
    emptyOutDir: true,
    // Keeps names in stack traces.
    minify: false,
    rolldownOptions: { input: pages.map((name) => join(sources, name)) },
  },
});
await cutLargest(HARNESS_FOLDER);
const { url } = await startStaticHost(HARNESS_FOLDER, '/', { port: harnessPort(), headers: isolation });
console.log(`The harness is at ${url}`);
