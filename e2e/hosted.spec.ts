/**
 * The hosted API in the page as `npm start` builds and serves it with FAL_KEY set: the switch, keys, consent; and no key
 * and no picture where they do not belong.
 */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { EditorPage } from '../test/support/pages/editorPage';
import { hostedPort, SERVER_KEY } from '../test/support/pages/ports';
import { type StaticServer, serveFolder } from '../test/support/pages/serveFolder';
import { expect, test } from '../test/support/pages/test';
import { paintingEngine, startTestServer, type TestServer, twoSteps } from '../test/support/server';

const OWN_KEY = 'marker-key-of-a-person-9876543210';

// Requests that a service worker hands on are seen by no test.
test.use({ serviceWorkers: 'block' });

let api: TestServer;
let models: StaticServer;
let foreign: string;
/** What the server was sent, in order. */
const prompts: string[] = [];
const engine = paintingEngine((request, call) => {
  prompts.push(request.prompt);
  twoSteps(request, call);
});

test.beforeAll(async ({ browserName: _ }, testInfo) => {
  api = await startTestServer({ engine }, { key: SERVER_KEY, port: hostedPort() });
  // A checkpoint that cannot be run here, and is whole.
  const folder = testInfo.outputPath('models');
  cpSync('goldens/models/sd15-inpaint', join(folder, 'foreign'), { recursive: true });
  writeFileSync(join(folder, 'foreign/model_index.json'), '{"_class_name":"FluxPipeline"}');
  models = await serveFolder(folder);
  foreign = `${models.origin}foreign`;
});
test.afterAll(async () => {
  await api.close();
  await models.close();
});
test.beforeEach(() => {
  prompts.length = 0;
});

/** Everything that the page says, asks for and shows. */
function listen(page: Page): string[] {
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('request', (request) => said.push(request.url()));
  return said;
}

async function openPage(page: Page) {
  const editor = new EditorPage(page);
  await editor.open('/');
  return {
    editor,
    hosted: page.getByRole('switch', { name: 'Hosted API' }),
    question: page.getByRole('alertdialog', { name: 'Send this run to the hosted API?' }),
    field: page.getByLabel('fal.ai API key'),
  };
}

/** All that the page keeps in this browser, pictures and their texts too, but for the one place where a key may be. */
function kept(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const readable = async (value: unknown): Promise<unknown> => {
      if (value instanceof Blob) return new TextDecoder('latin1').decode(await value.arrayBuffer());
      if (value instanceof ArrayBuffer || ArrayBuffer.isView(value))
        return new TextDecoder('latin1').decode(value);
      if (typeof value !== 'object' || value === null) return value;
      return Promise.all(Object.entries(value).map(async ([name, inner]) => [name, await readable(inner)]));
    };
    const answer = <Value>(request: IDBRequest<Value>) =>
      new Promise<Value>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const found: unknown[] = [
      Object.entries(localStorage).filter(([name]) => name !== 'inlay.fal.key'),
      { ...sessionStorage },
      document.cookie,
    ];
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await answer(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        const rows = await answer(database.transaction(store).objectStore(store).getAll());
        found.push([name, store, await readable(rows)]);
      }
      database.close();
    }
    for (const name of await caches.keys()) {
      for (const request of await (await caches.open(name)).keys()) found.push(request.url);
    }
    return JSON.stringify(found);
  });
}

test('nothing is sent without a yes; the switch sends every run through the proxy of `npm start`', async ({
  page,
  baseURL,
}) => {
  const said = listen(page);
  const { editor, hosted, question } = await openPage(page);
  await expect(hosted).not.toBeChecked();

  await editor.model.fill(foreign);
  await editor.prompt.fill('asked and refused');
  await editor.generate.click();
  await expect(question).toContainText('this is Flux (FluxPipeline), which is not supported', {
    timeout: 60_000,
  });
  await question.getByRole('button', { name: 'Don’t send' }).click();
  await expect(question).toBeHidden();
  expect(prompts).toEqual([]);
  expect(said.filter((url) => /api\/fal|fal\.(run|ai)/.test(url))).toEqual([`${baseURL}api/fal`]);
  await editor.prompt.fill('asked and agreed');
  await editor.generate.click();
  await question.getByRole('button', { name: 'Send once' }).click();
  await expect(editor.result).toBeVisible({ timeout: 30_000 });
  // Once was once.
  await editor.generate.click();
  await question.getByRole('button', { name: 'Don’t send' }).click();
  expect(prompts).toEqual(['asked and agreed']);

  await hosted.click();
  await editor.model.fill('owner/name');
  await editor.prompt.fill('by the switch');
  await editor.run(30_000);
  expect(prompts).toEqual(['asked and agreed', 'by the switch']);

  // Offline, the switch says so, whether it is on or off.
  await page.context().setOffline(true);
  await expect(hosted).toHaveAccessibleDescription(/You’re offline/);
  await expect(page.getByRole('region', { name: 'Hosted API' })).toContainText('You’re offline');
  await hosted.click();
  await expect(hosted).toHaveAccessibleDescription(/You’re offline/);
  await page.context().setOffline(false);
  await expect(hosted).toHaveAccessibleDescription('Runs stay on this device. Nothing is uploaded.');

  // Another site's page may not spend the key.
  const foreignPage = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  expect((await page.request.post('/api/fal', { headers: foreignPage })).status()).toBe(403);

  expect(said.join('\n') + (await page.content()) + (await kept(page))).not.toContain(SERVER_KEY);
  expect(JSON.stringify(api.lines)).not.toContain(SERVER_KEY);
});

test('a key of one’s own: asked for with the question, masked, kept on request, removable, and nowhere else', async ({
  page,
}) => {
  const said = listen(page);
  const own = await startTestServer({ engine }, { key: OWN_KEY });
  let refuses = false;
  // A server without a key of its own; fal's hosts are the server here.
  await page.route('**/api/fal', (route) => route.fulfill({ status: 404 }));
  await page.route(/^https:\/\/(queue\.fal\.run|rest\.fal\.ai)\//, async (route) => {
    const { hostname, pathname, search } = new URL(route.request().url());
    const headers = { 'access-control-allow-origin': '*' };
    if (refuses) {
      const { authorization } = route.request().headers();
      return route.fulfill({ status: 403, headers, json: { detail: `you sent ${authorization}` } });
    }
    const path = `${hostname === 'queue.fal.run' ? '/queue' : ''}${pathname}${search}`;
    const response = await route.fetch({ url: own.url + path });
    return route.fulfill({ response, headers: { ...response.headers(), ...headers } });
  });
  const { editor, hosted, question, field } = await openPage(page);

  // 1. The question has a field for the key, and no answer that sends before there is one.
  await editor.model.fill(foreign);
  await editor.prompt.fill('by a key of one’s own');
  await editor.generate.click();
  const send = question.getByRole('button', { name: 'Send once' });
  await expect(send).toBeDisabled({ timeout: 60_000 });
  await field.fill(OWN_KEY);
  await page.getByLabel('Remember key in this browser').check();
  await page.getByRole('button', { name: 'Use key' }).click();
  await expect(question.getByText('••••3210')).toBeVisible();
  await send.click();
  await expect(editor.result).toBeVisible({ timeout: 30_000 });
  expect(prompts).toEqual(['by a key of one’s own']);

  // 2. It is in the one place where it was asked to be kept: not in the gallery, a file, the page, a log or an address.
  const place = () => page.evaluate(() => localStorage.getItem('inlay.fal.key'));
  expect(await place()).toBe(OWN_KEY);
  await page.getByRole('button', { name: 'Gallery', exact: true }).click();
  const gallery = page.getByRole('dialog', { name: 'Gallery' });
  await expect(gallery.getByRole('listitem')).toContainText('hosted API');
  await page.keyboard.press('Escape');
  const everything = await kept(page);
  expect(everything).toContain('by a key of one’s own');
  const file = (await editor.saved()).toString('latin1');
  expect(file).toContain('"engine":"hosted"');

  // 3. Nor in an error, even where the server repeats it.
  refuses = true;
  await hosted.click();
  await editor.model.fill('owner/name');
  await editor.generate.click();
  await expect(page.getByRole('alert').filter({ hasText: 'not allowed (403)' })).toBeVisible({
    timeout: 30_000,
  });
  const shown = await page.content();

  // 4. Removed, it is gone; entered again, it stays in memory unless asked.
  await page.getByRole('button', { name: 'Remove key' }).click();
  expect(await place()).toBeNull();
  await field.fill(OWN_KEY);
  await page.getByRole('button', { name: 'Use key' }).click();
  await expect(page.getByText('••••3210')).toBeVisible();
  expect(await place()).toBeNull();
  await page.reload();
  await editor.ready();
  await hosted.click();
  await expect(field).toBeVisible();

  const seen = { everything, file, shown, said: said.join('\n'), log: JSON.stringify(own.lines) };
  for (const [where, text] of Object.entries(seen)) expect(text.includes(OWN_KEY), where).toBe(false);
  await own.close();
});

test('the built files hold no key, though one was set while they were built', () => {
  const files = readdirSync('dist', { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  expect(files.length).toBeGreaterThan(10);
  for (const { parentPath, name } of files) {
    // The starter's weights were there before.
    if (name.endsWith('.safetensors')) continue;
    expect(readFileSync(join(parentPath, name)).includes('marker-key'), name).toBe(false);
  }
});
