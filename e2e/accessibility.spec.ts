/** What axe-core finds in every state of the page: nothing, in the dark and in the light, on a desk and on a phone. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, type Page, test } from '@playwright/test';
import type { AxeResults, RunOptions } from 'axe-core';
import { type DevServer, startDevServer } from './pages/devServer';
import { EditorPage } from './pages/editorPage';
import { enterState, settled, states } from './pages/states';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

test.use({ contextOptions: { reducedMotion: 'reduce' } });

let server: DevServer;
test.beforeAll(async () => {
  server = await startDevServer();
});
test.afterAll(() => server.close());

/** @returns each violation with the elements that it concerns */
async function violations(page: Page): Promise<string[]> {
  await page.addScriptTag({ content: axe });
  const { violations: found } = await page.evaluate(
    (options: RunOptions): Promise<AxeResults> => Reflect.get(window, 'axe').run(document, options),
    { runOnly: tags, resultTypes: ['violations'] } satisfies RunOptions,
  );
  return found.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}; ${target.join(' ')}; ${failureSummary}`),
  );
}

const looks = [
  { name: 'desktop, dark', viewport: { width: 1440, height: 900 }, theme: 'dark' },
  { name: 'desktop, light', viewport: { width: 1440, height: 900 }, theme: 'light' },
  { name: 'phone, light', viewport: { width: 390, height: 844 }, theme: 'light' },
  { name: 'phone, dark', viewport: { width: 390, height: 844 }, theme: 'dark' },
] as const;

for (const [state, steps] of Object.entries(states)) {
  test(`axe finds nothing: ${state}`, async ({ page }) => {
    await enterState(new EditorPage(page), server.origin, steps);
    for (const { name, viewport, theme } of looks) {
      await page.setViewportSize(viewport);
      await page.evaluate((chosen) => {
        document.documentElement.dataset.theme = chosen;
      }, theme);
      await settled(page);
      expect.soft(await violations(page), name).toEqual([]);
    }
  });
}
