/**
 * `npx tsx e2e/screenshots.ts [part of a name …]`: saves screenshots of the page in its states to screenshots/, for people to
 * look at. The page is the published one, its engine the harness's.
 */
import { mkdirSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { findBrowser } from '../test/support/pages/browser';
import { startDevServer } from '../test/support/pages/devServer';
import { EditorPage } from '../test/support/pages/editorPage';
import { enterState, layouts, states } from '../test/support/pages/states';

const folder = 'screenshots';
mkdirSync(folder, { recursive: true });
const only = process.argv.slice(2);

const server = await startDevServer();
const browser = await chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox'] });
try {
  for (const [layout, options] of Object.entries(layouts)) {
    for (const [name, state] of Object.entries(states)) {
      const shot = `${layout}-${name}`;
      if (only.length > 0 && !only.some((part) => shot.includes(part))) continue;
      const context = await browser.newContext(options);
      const page = await context.newPage();
      page.on('console', (message) => message.type() === 'error' && console.log(shot, message.text()));
      page.on('pageerror', (error) => console.log(shot, error.message));
      try {
        await enterState(new EditorPage(page), server.origin, state);
      } catch (error) {
        process.exitCode = 1;
        console.log(shot, error instanceof Error ? error.message : error);
      }
      await page.screenshot({ path: `${folder}/${shot}.png` });
      await context.close();
      console.log(shot);
    }
  }
} finally {
  await browser.close();
  await server.close();
}
