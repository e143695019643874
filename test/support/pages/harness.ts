/** The harness pages, which e2e/harnessServer.ts builds and serves for all tests. */
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { EditorPage } from './editorPage';
import { harnessPort } from './ports';

/** The folder of the built pages. */
export const HARNESS_FOLDER = fileURLToPath(new URL('../../../.cache/e2e-harness', import.meta.url));

/** Ends in a slash. */
export const HARNESS_ORIGIN = `http://localhost:${harnessPort()}/`;

/**
 * @param name with its query, e.g. `index.html?ms=5`
 * @param origin ends in a slash
 */
export function harnessPage(name: string, origin = HARNESS_ORIGIN): string {
  return `${origin}e2e/harness/${name}`;
}

/** Opens the editor on the harness's engine. @param query read by e2e/harness/main.tsx, e.g. `ms=5` a step */
export async function openHarness(page: Page, query = 'ms=5'): Promise<EditorPage> {
  const editor = new EditorPage(page);
  await editor.open(harnessPage(`index.html?${query}`));
  return editor;
}
