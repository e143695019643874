/**
 * axe-core finds nothing in any state of the page, on a desktop and on a phone, in dark, light and the system's own
 * colours.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BrowserContext, Page } from '@playwright/test';
import type { AxeResults, RunOptions } from 'axe-core';
import { EditorPage } from '../test/support/pages/editorPage';
import { HARNESS_ORIGIN } from '../test/support/pages/harness';
import { enterState, settled, states } from '../test/support/pages/states';
import { expect, test } from '../test/support/pages/test';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const everything = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** Those of axe's rules that look at a colour: another theme changes nothing else. */
const ofColours = ['color-contrast', 'link-in-text-block'];

const desk = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };

/** Each size is checked in full once; its other colours are checked by the rules that colours can break. */
const looks = [
  { name: 'desktop, dark', viewport: desk, theme: 'dark', forced: 'none', rules: everything },
  { name: 'desktop, light', viewport: desk, theme: 'light', forced: 'none', rules: ofColours },
  { name: 'desktop, forced', viewport: desk, theme: 'light', forced: 'active', rules: ofColours },
  { name: 'phone, light', viewport: phone, theme: 'light', forced: 'none', rules: everything },
  { name: 'phone, dark', viewport: phone, theme: 'dark', forced: 'none', rules: ofColours },
] as const;

// A violation names its element; recording each state would take as long as checking it.
test.use({ trace: 'off' });

/** One context for all states, so that the page's scripts are fetched and compiled once. */
let context: BrowserContext;
test.beforeAll(async ({ browser }) => {
  context = await browser.newContext({ reducedMotion: 'reduce', viewport: desk });
});
test.afterAll(() => context.close());

/** Clears what an earlier state stored, as on a first visit. */
async function firstVisit(page: Page): Promise<void> {
  const client = await page.context().newCDPSession(page);
  await client.send('Storage.clearDataForOrigin', {
    origin: HARNESS_ORIGIN,
    storageTypes: 'indexeddb,local_storage',
  });
  await client.detach();
}

/** @returns each violation with its elements */
async function violations(page: Page, rules: readonly string[]): Promise<string[]> {
  const { violations: found } = await page.evaluate(
    (options: RunOptions): Promise<AxeResults> => Reflect.get(window, 'axe').run(document, options),
    {
      runOnly: { type: rules === ofColours ? 'rule' : 'tag', values: [...rules] },
      resultTypes: ['violations'],
      // No rule of these needs the style sheets a second time.
      preload: false,
    } satisfies RunOptions,
  );
  return found.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}; ${target.join(' ')}; ${failureSummary}`),
  );
}

for (const [state, steps] of Object.entries(states)) {
  test.describe(`${state} @slow`, () => {
    let page: Page;

    // Entering a state takes longer than looking at it: the looks share its page.
    test.beforeAll(async () => {
      page = await context.newPage();
      await firstVisit(page);
      await enterState(new EditorPage(page), HARNESS_ORIGIN, steps);
      // Not as an element: the page lets in no script that is not its own.
      await page.evaluate(axe);
    });
    test.afterAll(() => page.close());

    for (const { name, viewport, theme, forced, rules } of looks) {
      test(`axe finds nothing: ${name}`, async () => {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ forcedColors: forced });
        await page.evaluate((chosen) => {
          document.documentElement.dataset.theme = chosen;
        }, theme);
        await settled(page);
        expect(await violations(page, rules)).toEqual([]);
      });
    }
  });
}
