/**
 * The page as `npm start` has built it, published on a host that can set no headers, below a path; kept for a time
 * without a network; replaced by a newer version only when the person says so.
 */
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type BrowserContext, chromium, type Page } from '@playwright/test';
import { createServer } from 'vite';
import { ofOneSize } from '../test/support/exports';
import { folderFiles, type HubFile, memoryFile } from '../test/support/hub/files';
import { type Hub, startHub } from '../test/support/hub/hub';
import { EditorPage, withSample } from '../test/support/pages/editorPage';
import { hubPort } from '../test/support/pages/ports';
import { type StaticHost, startStaticHost } from '../test/support/pages/staticHost';
import { expect, test } from '../test/support/pages/test';
import { changes, decode, photograph } from '../test/support/pictures';
import { keepOffline } from '../vite.offline';

const PATH = '/some/where/inlay/';
const MODEL = 'golden/sd15-inpaint';
const EXPORT = 'golden/onnx-export';
const folders = {
  first: '.cache/e2e-offline/first',
  second: '.cache/e2e-offline/second',
  third: '.cache/e2e-offline/third',
};

let hub: Hub;
let host: StaticHost;

/** Only its graph knows that it takes 96 × 64 pixels alone: what the page sends must have that size. */
async function exportOfOneSize(): Promise<HubFile[]> {
  const files = await folderFiles('goldens/onnx/inpaint');
  const path = 'unet/model.onnx';
  const unet = new Uint8Array(await readFile(`goldens/onnx/inpaint/${path}`));
  const fixed = memoryFile(path, ofOneSize(unet, 'sample', { width: 12, height: 8 }));
  return [...files.filter((file) => file.path !== path), fixed];
}

/** What a later release brings: a script of another name, and other contents under a name that stays. */
async function release(): Promise<void> {
  rmSync(folders.second, { recursive: true, force: true });
  cpSync(folders.first, folders.second, { recursive: true });
  const inSecond = (path: string) => join(folders.second, path);
  const html = readFileSync(inSecond('index.html'), 'utf8');
  const entry = /assets\/(index-[\w-]{8}\.js)/.exec(html)?.[1] ?? '';
  const renamed = 'index-Release2.js';
  const scripts = readdirSync(inSecond('assets')).filter((name) => name.endsWith('.js'));
  for (const path of ['index.html', ...scripts.map((name) => `assets/${name}`)]) {
    const text = readFileSync(inSecond(path), 'utf8').replaceAll(entry, renamed);
    const target = path.replace(entry, renamed);
    rmSync(inSecond(path));
    writeFileSync(inSecond(target), target.endsWith(renamed) ? `${text};document.title += ' 2';` : text);
  }
  const sample = JSON.parse(readFileSync(inSecond('samples/sample.json'), 'utf8'));
  writeFileSync(
    inSecond('samples/sample.json'),
    JSON.stringify({ ...sample, prompt: 'a prompt of the new version' }),
  );
  await keepOffline('.', resolve(folders.second));
}

test.beforeAll(async () => {
  hub = await startHub({
    repos: [
      { id: MODEL, files: await folderFiles('goldens/models/sd15-inpaint') },
      { id: EXPORT, files: await exportOfOneSize() },
    ],
    port: hubPort(),
  });
  // Playwright sets another, and Vite would build for development.
  process.env.NODE_ENV = 'production';
  rmSync(folders.first, { recursive: true, force: true });
  cpSync('dist', folders.first, { recursive: true });
  await release();
});
test.beforeEach(async () => {
  host = await startStaticHost(folders.first, PATH);
});
test.afterEach(() => host.close());
test.afterAll(() => hub.close());

/** A profile of its own outlives the browser; a private window keeps nothing. */
async function start(): Promise<{ context: BrowserContext; page: Page; editor: EditorPage }> {
  const context = await chromium.launchPersistentContext(test.info().outputPath('profile'), {
    executablePath: process.env.INLAY_BROWSER,
    args: ['--no-sandbox'],
    viewport: { width: 1440, height: 900 },
  });
  const page = context.pages()[0] ?? (await context.newPage());
  return { context, page, editor: new EditorPage(page) };
}

/** Waits for the reload that a first visit needs. */
async function openIsolated({ page, editor }: { page: Page; editor: EditorPage }): Promise<void> {
  await page.goto(withSample(host.url));
  await page.waitForFunction(() => crossOriginIsolated && navigator.serviceWorker.controller !== null);
  await editor.ready();
}

async function paintOver(editor: EditorPage, photo: string, modelName: string): Promise<Buffer> {
  await editor.openFile(photo);
  await editor.tool('Brush').click();
  await editor.drag([0.45, 0.45], [0.55, 0.5], [0.45, 0.55]);
  await editor.model.fill(modelName);
  await editor.prompt.fill('a photo of a cat');
  await editor.steps.fill('1');
  await editor.seed.fill('7');
  return editor.run();
}

/** Painted in the middle, and nowhere else. */
async function expectPainted(photo: string, result: Buffer): Promise<void> {
  const before = await decode(photo);
  const after = await decode(result);
  const changed = changes(before, after);
  expect(changed.count).toBeGreaterThan(500);
  expect(changed.left).toBeGreaterThan(before.width * 0.1);
  expect(changed.right).toBeLessThan(before.width * 0.9);
  expect(changed.top).toBeGreaterThan(before.height * 0.1);
  expect(changed.bottom).toBeLessThan(before.height * 0.9);
}

/** Addresses of all that the service worker keeps. */
function kept(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const requests = await Promise.all(caches_.map((cache) => cache.keys()));
    return requests.flat().map(({ url }) => url);
  });
}

test('a host without headers, below a path: threads, installable; then no network and another start @slow', async () => {
  const photo = test.info().outputPath('photograph.png');
  await photograph(photo, 256, 192);

  const first = await start();
  await openIsolated(first);
  await expect(first.page.getByText(/WASM · ([2-9]|\d\d) threads/)).toBeVisible();
  const devtools = await first.context.newCDPSession(first.page);
  const manifest = await devtools.send('Page.getAppManifest');
  expect(manifest.errors).toEqual([]);
  expect(manifest.url).toBe(`${host.url}manifest.webmanifest`);
  expect((await devtools.send('Page.getInstallabilityErrors')).installabilityErrors).toEqual([]);

  const starter = await paintOver(first.editor, photo, 'starter');
  await expectPainted(photo, starter);
  const downloaded = await paintOver(first.editor, photo, MODEL);
  await expectPainted(photo, downloaded);
  const exported = await paintOver(first.editor, photo, EXPORT);
  await expectPainted(photo, exported);

  // The service worker keeps the page's own files, the embedded model among them, and nothing of the hub.
  await expect.poll(() => kept(first.page)).toContainEqual(expect.stringMatching(/ort-wasm.*\.wasm\?/));
  const addresses = await kept(first.page);
  expect(addresses.filter((address) => !address.startsWith(host.url))).toEqual([]);
  expect(addresses.some((address) => address.includes('/models/starter/unet/'))).toBe(true);
  expect(hub.log.filter(({ url }) => url.includes(MODEL)).length).toBeGreaterThan(0);
  await first.context.close();

  const asked = hub.log.length;
  await hub.close();
  await host.close();
  const second = await start();
  await openIsolated(second);
  const again = await paintOver(second.editor, photo, MODEL);
  expect((await decode(again)).data.equals((await decode(downloaded)).data)).toBe(true);
  const exportedAgain = await paintOver(second.editor, photo, EXPORT);
  expect((await decode(exportedAgain)).data.equals((await decode(exported)).data)).toBe(true);
  const starterAgain = await paintOver(second.editor, photo, 'starter');
  expect((await decode(starterAgain)).data.equals((await decode(starter)).data)).toBe(true);
  expect(hub.log.length).toBe(asked);
  await second.context.close();
});

test('a first visit that reloads itself for threads, and later ones, begin with the sample and its hint', async () => {
  const { context, page, editor } = await start();
  const hint = page.getByText('The cow at the fence is masked.');
  const restored = page.getByText('Your last session was restored.');
  await page.goto(host.url);
  await page.waitForFunction(() => crossOriginIsolated && navigator.serviceWorker.controller !== null);
  await editor.ready();
  await expect(hint).toBeVisible();
  await expect(restored).toHaveCount(0);
  // Long enough for a session to be saved.
  await page.waitForTimeout(2000);
  await page.reload();
  await editor.ready();
  await expect(hint).toBeVisible();
  await expect(restored).toHaveCount(0);
  // A stroke makes it one's own.
  await editor.drag([0.3, 0.8], [0.4, 0.8]);
  await page.waitForTimeout(2000);
  await page.reload();
  await editor.ready();
  await expect(restored).toBeVisible();
  await expect(hint).toHaveCount(0);
  await context.close();
});

test('a new version waits for the person, and the old one works with its own files until then @slow', async () => {
  const { context, page, editor } = await start();
  await openIsolated({ page, editor });
  const oldPrompt = await editor.prompt.inputValue();
  const note = page.getByRole('status').filter({ hasText: 'A new version is ready.' });
  const reload = note.getByRole('button', { name: 'Reload' });

  // The host has the new version's files alone from now on.
  host.publish(folders.second);
  await page.reload();
  await editor.ready();
  await expect(note).toBeVisible();
  await expect(editor.prompt).toHaveValue(oldPrompt);
  await expect(page).toHaveTitle('Inlay');
  await page.screenshot({ path: test.info().outputPath('note.png') });

  // Not while a picture is made, which takes long enough to look at, and not while another tab works with the old files
  await editor.steps.fill('150');
  await editor.generate.click();
  await expect(editor.cancel).toBeVisible();
  await expect(note).toBeHidden();
  await editor.cancel.click();
  await expect(note).toBeVisible();
  await editor.steps.fill('1');
  await editor.run();
  const other = await context.newPage();
  const otherEditor = new EditorPage(other);
  // What is painted in the first tab is offered to this one, not taken from it.
  await other.goto(withSample(host.url));
  await other.getByRole('button', { name: 'Open the sample' }).click();
  await otherEditor.ready();
  await expect(otherEditor.prompt).toHaveValue(oldPrompt);
  await reload.click();
  await expect(note).toContainText('another tab');
  await page.screenshot({ path: test.info().outputPath('other-tab.png') });
  await other.close();

  await reload.click();
  await expect(page).toHaveTitle('Inlay 2');
  // The work of the old version is back; the sample is the new one's.
  await editor.ready();
  await expect(editor.prompt).toHaveValue(oldPrompt);
  await page.getByRole('button', { name: 'Other ways to open' }).click();
  await page.getByRole('button', { name: 'Sample: add something' }).click();
  await expect(editor.prompt).toHaveValue('a prompt of the new version');
  await expect(note).toBeHidden();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await editor.steps.fill('1');
  await editor.run();
  await context.close();
});

test('no file is too large for hosts that allow 25 MiB; a browser without JSPI puts its build together @slow', async () => {
  const files = readdirSync(folders.first, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const large = files.filter((entry) => statSync(join(entry.parentPath, entry.name)).size > 25 * 2 ** 20);
  expect(large.map(({ name }) => name)).toEqual([]);

  // No switch takes JSPI away from Chromium: a copy of the page asks for nothing that it has.
  rmSync(folders.third, { recursive: true, force: true });
  cpSync(folders.first, folders.third, { recursive: true });
  let asked = 0;
  for (const name of readdirSync(join(folders.third, 'assets')).filter((path) => path.endsWith('.js'))) {
    const path = join(folders.third, 'assets', name);
    const text = readFileSync(path, 'utf8');
    const without = text.replaceAll(/[`'"]Suspending[`'"]\s*in WebAssembly/g, '!1');
    if (without !== text) asked++;
    writeFileSync(path, without);
  }
  expect(asked).toBeGreaterThan(0);
  await keepOffline('.', resolve(folders.third));
  host.publish(folders.third);

  const browser = await chromium.launch({
    executablePath: process.env.INLAY_BROWSER,
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  });
  const page = await browser.newPage();
  const parts = new Set<string>();
  page.context().on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (/asyncify.*\.wasm/.test(pathname)) parts.add(pathname);
  });
  await page.goto(`${host.url}?provider=webgpu`);
  // It shows once a canary has run on that build.
  await expect(page.getByText(/WebGPU · fp(16|32)/)).toBeVisible({ timeout: 240_000 });
  expect([...parts].map((path) => path.slice(-7)).sort()).toEqual(['.wasm.0', '.wasm.1']);
  await browser.close();
});

test('the development server takes a built page’s service worker away from its port @slow', async () => {
  await host.close();
  host = await startStaticHost(folders.first, '/');
  const built = await start();
  await openIsolated(built);
  const { port } = new URL(host.url);
  await host.close();
  const server = await createServer({
    logLevel: 'error',
    cacheDir: '.cache/vite-e2e',
    server: { port: Number(port), strictPort: true, hmr: false, watch: null },
  });
  await server.listen();
  try {
    await built.page.reload();
    // It takes the page along when it goes: there is no asking at that moment.
    const registered = () =>
      built.page
        .evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)
        .catch(() => -1);
    await expect.poll(registered, { timeout: 30_000 }).toBe(0);
    await built.page.reload();
    await built.editor.ready();
    expect(await built.page.evaluate(() => navigator.serviceWorker.controller)).toBeNull();
  } finally {
    await built.context.close();
    await server.close();
  }
});
