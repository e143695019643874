import { defineConfig } from '@playwright/test';
import { BROWSER_VARIABLE } from './e2e/browser';

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
    env: { PORT: String(port) },
    timeout: 120_000,
    reuseExistingServer: false,
  },
});
