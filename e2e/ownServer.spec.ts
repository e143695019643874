/** The page against `npm run serve` on the same machine: one API serves both. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Page } from '@playwright/test';
import { EditorPage } from '../test/support/pages/editorPage';
import { expect, test } from '../test/support/pages/test';
import { changes, decode, photograph } from '../test/support/pictures';

const KEY = 'marker-key-of-a-server-at-home-0123';
/** The brush stays far within, in shares of the photograph's sides. */
const BRUSHED_FROM = 0.2;
const BRUSHED_TO = 0.8;

let server: ChildProcess;
let url: string;

test.beforeAll(async () => {
  server = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', 'src/node/server/main.ts', '--grace', '0', '--threads', '1'],
      ...['--folder', 'tiny=goldens/models/sd15-inpaint'],
    ],
    {
      env: { ...process.env, PORT: '0', HOST: '127.0.0.1', INLAY_KEY: KEY },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  url = await new Promise((resolve, reject) => {
    server.stdout?.on('data', (data) => {
      const found = /http:\/\/\S+/.exec(String(data));
      if (found) resolve(found[0]);
    });
    server.once('exit', () => reject(new Error('the server did not start')));
  });
});
test.afterAll(async () => {
  if (server.exitCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
});

/** Where nothing listens any more. */
async function addressOfNone(): Promise<string> {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  other.close();
  await once(other, 'close');
  return `http://127.0.0.1:${port}`;
}

async function use(page: Page, address: string, key: string) {
  const panel = page.getByRole('region', { name: 'Hosted API' });
  await panel.getByText('Or your own server').click();
  await panel.getByLabel('Server URL').fill(address);
  await panel.getByLabel(/^Server key/).fill(key);
  await panel.getByRole('button', { name: 'Use server' }).click();
  return panel;
}

test('a server of one’s own makes the picture; nothing outside the mask changes; a wrong key and a server that is off are told with what to do', async ({
  page,
}, testInfo) => {
  const path = testInfo.outputPath('photograph.png');
  await photograph(path);
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (/fal\.(run|ai)/.test(new URL(request.url()).hostname)) elsewhere.push(request.url());
  });
  const editor = new EditorPage(page);
  await editor.open('/');
  await editor.openFile(path);
  await editor.tool('Brush').click();
  await editor.drag([0.45, 0.45], [0.55, 0.5], [0.45, 0.55]);
  await page.getByRole('switch', { name: 'Hosted API' }).click();

  // 1. Off: an address that nothing listens at
  const panel = await use(page, await addressOfNone(), '');
  await editor.model.fill('tiny');
  await editor.prompt.fill('a cat');
  await editor.steps.fill('2');
  await editor.generate.click();
  const alert = page.getByRole('alert');
  await expect(alert.filter({ hasText: 'can’t be reached. Start it with npm run serve' })).toBeVisible({
    timeout: 60_000,
  });
  await panel.getByRole('button', { name: 'Remove server' }).click();

  // 2. A wrong key
  await use(page, url, 'wrong');
  await editor.generate.click();
  await expect(alert.filter({ hasText: 'the key is missing or wrong (401)' })).toBeVisible({
    timeout: 60_000,
  });
  await panel.getByRole('button', { name: 'Remove server' }).click();

  // 3. The right one
  await use(page, url, KEY);
  await expect(panel).toContainText(`to ${url}`);
  const result = await decode(await editor.run());
  const before = await decode(path);
  expect([result.width, result.height]).toEqual([before.width, before.height]);
  const { count, left, top, right, bottom } = changes(before, result);
  expect(count).toBeGreaterThan(100);
  const { width, height } = before;
  expect(Math.min(left / width, top / height)).toBeGreaterThan(BRUSHED_FROM);
  expect(Math.max(right / width, bottom / height)).toBeLessThan(BRUSHED_TO);
  expect(elsewhere).toEqual([]);
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain(KEY);
});
