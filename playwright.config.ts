import { defineConfig } from '@playwright/test';
import { BROWSER_VARIABLE } from './e2e/browser';
import { hostedPort, SERVER_KEY } from './e2e/hostedServer';

const port = Number(process.env.PORT ?? 4599);

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  // Pictures are computed: two at once on a small machine would only time each other out.
  workers: 1,
  timeout: 420_000,
  forbidOnly: process.env.CI !== undefined,
  reporter: [['list']],
  use: {
    baseURL: `http://localhost:${port}/`,
    viewport: { width: 1440, height: 900 },
    launchOptions: {
      executablePath: process.env[BROWSER_VARIABLE],
      args: ['--no-sandbox'],
    },
    trace: 'retain-on-failure',
  },
  webServer: {
    command: 'npm start',
    url: `http://localhost:${port}/`,
    // The key is there while the page is built, too: none of it may get into the files.
    env: {
      PORT: String(port),
      FAL_KEY: SERVER_KEY,
      INLAY_FAL_URL: `http://127.0.0.1:${hostedPort()}`,
    },
    timeout: 120_000,
    reuseExistingServer: false,
  },
});
