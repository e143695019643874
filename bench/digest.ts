/**
 * The cost of checking stored weights at every load in a browser: reads a file in the origin private file system, then
 * reads and hashes it (src/model/prepare/digest.ts), in turn. Prints one line of JSON.
 * Run by `npx tsx bench/digest.ts [MEGABYTES]`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { findBrowser } from '../test/support/pages/browser';
import { startDevServer } from '../test/support/pages/devServer';

const megabytes = Number(process.argv[2] ?? 1024);
const ROUNDS = 3;

const server = await startDevServer();
// A private window keeps its storage in memory.
const profile = await mkdtemp(join(tmpdir(), 'inlay-digest-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: findBrowser(),
  args: ['--no-sandbox'],
});
try {
  const page = context.pages()[0] ?? (await context.newPage());
  // Functions sent to the page call tsx's helper for naming functions, so the page needs one too.
  await page.addInitScript('globalThis.__name = (named) => named');
  await page.goto(`${server.origin}e2e/harness/library.html`);
  const result = await page.evaluate(
    async ([size, rounds]) => {
      const module = '/src/model/prepare/digest.ts';
      const { digestOf }: typeof import('../src/model/prepare/digest') = await import(module);
      const root = await navigator.storage.getDirectory();
      const handle = await root.getFileHandle('bench', { create: true });
      const writable = await handle.createWritable();
      const piece = new Uint8Array(4 * 2 ** 20);
      for (let at = 0; at < piece.length; at += 65_536)
        crypto.getRandomValues(piece.subarray(at, at + 65_536));
      for (let written = 0; written < size * 1e6; written += piece.length) await writable.write(piece);
      await writable.close();
      const file = await handle.getFile();
      const timed = async (work: () => Promise<unknown>) => {
        const begin = performance.now();
        await work();
        return Math.round(((performance.now() - begin) / file.size) * 1e9);
      };
      const read = async () => {
        for (let at = 0; at < file.size; at += piece.length) {
          await file.slice(at, at + piece.length).arrayBuffer();
        }
      };
      const readMs: number[] = [];
      const checkedMs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        readMs.push(await timed(read));
        checkedMs.push(await timed(() => digestOf(file)));
      }
      await root.removeEntry('bench');
      return { bytes: file.size, readMsPerGigabyte: readMs, checkedMsPerGigabyte: checkedMs };
    },
    [megabytes, ROUNDS] as const,
  );
  console.log(JSON.stringify({ browser: context.browser()?.version(), ...result }));
} finally {
  await context.close();
  await server.close();
  await rm(profile, { recursive: true, force: true });
}
