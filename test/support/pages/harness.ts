/** The harness's pages as e2e/harnessServer.ts builds and serves them for all tests. */
import { fileURLToPath } from 'node:url';
import { harnessPort } from './ports';

/** The built pages. */
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
