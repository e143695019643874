/** Playwright's `test`, which besides what a test looks at lets no page end with an error that nothing caught. */
import { test as base, expect } from '@playwright/test';

export const test = base.extend({
  page: async ({ page }, use) => {
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
    await use(page);
    expect(errors, 'errors that nothing in the page caught').toEqual([]);
  },
});

export { expect };
