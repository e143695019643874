/** Playwright's `test`, which also fails if the page has an uncaught error. */
import { test as base, expect } from '@playwright/test';

export const test = base.extend({
  page: async ({ page }, use) => {
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
    await use(page);
    expect(errors, 'uncaught errors of the page').toEqual([]);
  },
});

export { expect };
