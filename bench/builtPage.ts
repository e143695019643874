/** Opens the published build of the page in a browser, and makes a photograph of any size to open in it. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CDPSession, chromium, type Page } from '@playwright/test';
import sharp from 'sharp';
import { build, preview } from 'vite';
import { findBrowser } from '../test/support/pages/browser';
import { EditorPage } from '../test/support/pages/editorPage';

export interface BuiltPage {
  page: Page;
  editor: EditorPage;
  client: CDPSession;
  /** A JPEG of the given size. */
  photograph: string;
  /** Memory of the page's renderer process, workers included, as the system counts it (Linux). @returns bytes */
  processMemory(): Promise<number>;
  close(): Promise<void>;
}

/** Builds the page, because React's development build costs more than what is measured. */
export async function openBuiltPage(width: number, height: number): Promise<BuiltPage> {
  const folder = join('.cache', 'bench');
  mkdirSync(folder, { recursive: true });
  const photograph = join(folder, `photograph-${width}x${height}.jpg`);
  await sharp('public/samples/sample.jpg').resize(width, height, { fit: 'fill' }).jpeg().toFile(photograph);
  const outDir = join(folder, 'dist');
  await build({ logLevel: 'error', build: { outDir, emptyOutDir: true } });
  const server = await preview({ logLevel: 'error', build: { outDir }, preview: { port: 0 } });
  const [origin] = server.resolvedUrls?.local ?? [];
  if (origin === undefined) throw new Error('the server has no address');
  const browser = await chromium.launch({
    executablePath: findBrowser(),
    args: ['--no-sandbox', '--enable-precise-memory-info'],
  });
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  const editor = new EditorPage(page);
  await editor.open(origin);
  const processes = await browser.newBrowserCDPSession();
  return {
    page,
    editor,
    client: await page.context().newCDPSession(page),
    photograph,
    async processMemory() {
      const { processInfo } = await processes.send('SystemInfo.getProcessInfo');
      const sizes = processInfo
        .filter(({ type }) => type === 'renderer')
        .map(({ id }) => /VmRSS:\s*(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0);
      // The browser's own pages have renderers too, but those are small.
      return Math.max(...sizes.map(Number)) * 1024;
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}
