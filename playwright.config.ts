import { defineConfig } from '@playwright/test';
import { BROWSER_VARIABLE } from './test/support/pages/browser';
import { harnessPage } from './test/support/pages/harness';
import { hostedPort, hubPort, pagePort, SERVER_KEY } from './test/support/pages/ports';

const page = `http://localhost:${pagePort()}/`;

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  // Images are computed: two tests at once on a small machine would only time each other out.
  workers: 1,
  timeout: 420_000,
  // An idle machine meets expectations at once; a busy one may take its time, even over a click.
  expect: { timeout: 30_000 },
  forbidOnly: process.env.CI !== undefined,
  reporter: [['list']],
  use: {
    baseURL: page,
    viewport: { width: 1440, height: 900 },
    // An action that waits for something that never comes must not use up the whole test's time.
    actionTimeout: 120_000,
    launchOptions: {
      executablePath: process.env[BROWSER_VARIABLE],
      args: ['--no-sandbox'],
    },
    screenshot: 'only-on-failure',
    // Only the actions. A film, copies of the document and of everything fetched, weights among them, take time in every
    // test: ask for them with `--trace on`.
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: false },
  },
  webServer: [
    {
      command: 'npm start',
      url: page,
      env: {
        PORT: String(pagePort()),
        // The key is set while the page is built, too: no part of it may get into the files.
        FAL_KEY: SERVER_KEY,
        INLAY_FAL_URL: `http://127.0.0.1:${hostedPort()}`,
        // A mirror, as publishers of the page may name one; nothing is asked of the Hub itself.
        VITE_HUB_URL: `http://127.0.0.1:${hubPort()}`,
      },
      timeout: 300_000,
      reuseExistingServer: false,
    },
    {
      command: 'node --import tsx e2e/harnessServer.ts',
      url: harnessPage('index.html'),
      timeout: 300_000,
      reuseExistingServer: false,
    },
  ],
});
