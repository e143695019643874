/** Models and the browser's storage: too little of it, damaged files, files that vanish. */
import { type CDPSession, chromium, type Page } from '@playwright/test';
import { folderFiles, type HubFile } from '../test/support/hub/files';
import { type Hub, startHub } from '../test/support/hub/hub';
import { button, keptLine, openWithHub } from '../test/support/pages/modelPanel';
import { expect, test } from '../test/support/pages/test';
import { decode } from '../test/support/pictures';

const MODEL = 'golden/sd15-inpaint';
const UNET = 'unet/diffusion_pytorch_model.safetensors';

let files: HubFile[];
let hub: Hub;

test.beforeAll(async () => {
  files = await folderFiles('goldens/models/sd15-inpaint');
});
test.beforeEach(async () => {
  hub = await startHub({ repos: [{ id: MODEL, files }] });
});
test.afterEach(() => hub.close());

/** What the browser enforces; `undefined` lifts it. What Chrome tells the page is something else. */
async function limitStorage(page: Page, client: CDPSession, freeBytes: number | undefined): Promise<void> {
  const { origin } = new URL(page.url());
  const usage = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
  const quota = freeBytes === undefined ? {} : { quotaSize: usage + freeBytes };
  await client.send('Storage.overrideQuotaForOrigin', { origin, ...quota });
}

/** Whole files of weights that were sent. */
const sent = (path: string) =>
  hub.log.filter(({ origin, url, range }) => origin === 'hub' && url.includes(path) && range === undefined);

test('too little storage is refused before the first byte of weights; storage that fills up on the way is named, and the download goes on once there is room', async ({
  baseURL,
}) => {
  // A private window, as pages of other tests are, grows files without asking for room.
  const context = await chromium.launchPersistentContext(test.info().outputPath('profile'), {
    executablePath: process.env.INLAY_BROWSER,
    args: ['--no-sandbox'],
    ...(baseURL && { baseURL }),
    viewport: { width: 1440, height: 900 },
  });
  const page = context.pages()[0] ?? (await context.newPage());
  await openWithHub(page, hub.url, MODEL);
  await expect(button(page, 'Download model')).toBeVisible({ timeout: 30_000 });
  const client = await page.context().newCDPSession(page);
  await limitStorage(page, client, 1_000_000);
  await button(page, 'Download model').click();
  await expect(
    page.getByText(/needs [\d.]+ MB more of storage, which the browser does not grant this page/),
  ).toBeVisible({ timeout: 60_000 });
  for (const path of ['text_encoder/model', UNET, 'vae/diffusion']) expect(sent(path)).toEqual([]);

  // There is room when it begins, and none later.
  await limitStorage(page, client, undefined);
  hub.faults.add({ kind: 'stall', atByte: 300_000, path: UNET, origin: 'content', after: 2 });
  await button(page, 'Resume download').click();
  await expect.poll(() => sent(UNET).length).toBe(1);
  await limitStorage(page, client, 10_000);
  hub.faults.clear();
  await expect(page.getByText(/the disk or the browser's share of it is full/)).toBeVisible({
    timeout: 60_000,
  });
  await expect(keptLine(page)).toHaveCount(0);
  await limitStorage(page, client, undefined);
  await button(page, 'Resume download').click();
  await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });
  await context.close();
});

/** Does something to a file of the one model that is kept. */
async function harm(page: Page, path: string, how: 'flip a byte' | 'remove'): Promise<void> {
  await page.evaluate(
    async ([name, what]) => {
      const root = await navigator.storage.getDirectory();
      const models = await root.getDirectoryHandle('models');
      for await (const model of models.values()) {
        if (!(model instanceof FileSystemDirectoryHandle)) continue;
        const folder = await model.getDirectoryHandle(name.split('/')[0] ?? '');
        const leaf = name.split('/')[1] ?? '';
        if (what === 'remove') return folder.removeEntry(leaf);
        const handle = await folder.getFileHandle(leaf);
        const file = await handle.getFile();
        const at = file.size - 1001;
        const byte = new Uint8Array(await file.slice(at, at + 1).arrayBuffer());
        const writable = await handle.createWritable({ keepExistingData: true });
        await writable.write({ type: 'write', position: at, data: byte.map((value) => value ^ 1) });
        return writable.close();
      }
    },
    [path, how] as const,
  );
}

test('a byte that changed in storage makes no picture: the file is named, and it alone is fetched anew', async ({
  page,
}) => {
  const editor = await openWithHub(page, hub.url, MODEL);
  await editor.steps.fill('1');
  await editor.seed.fill('5');
  const before = await editor.run();

  // The engine starts anew and reads what is stored.
  await page.reload();
  await editor.ready();
  await harm(page, 'unet/00001.safetensors', 'flip a byte');
  await editor.model.fill(MODEL);
  await editor.steps.fill('1');
  await editor.seed.fill('5');
  await expect(keptLine(page)).toBeVisible();
  // The original and the result of before, which is restored.
  const versions = page.getByRole('list', { name: 'Versions' }).getByRole('button');
  await expect(versions).toHaveCount(2);
  await editor.generate.click();
  await expect(page.getByText(/unet\/00001\.safetensors was changed in this machine's storage/)).toBeVisible({
    timeout: 60_000,
  });
  await expect(page.getByText(/Everything else is intact/)).toBeVisible();
  await expect(versions).toHaveCount(2);
  // The panel knows too.
  await expect(keptLine(page)).toHaveCount(0);
  await expect(page.getByText(/^Paused at /)).toBeVisible();

  hub.log.length = 0;
  const after = await editor.run();
  // Of the files alone the time of painting differs.
  expect((await decode(after)).data.equals((await decode(before)).data)).toBe(true);
  await expect(keptLine(page)).toBeVisible();
  // The UNet's bytes behind its header, and of the others no more than headers.
  const asked = hub.log.filter(({ origin, url }) => origin === 'hub' && url.includes('.safetensors'));
  expect(asked.filter(({ range }) => range === undefined)).toEqual([]);
  const beyondHeaders = asked.filter(({ range }) => Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1]) > 8);
  expect(beyondHeaders).toHaveLength(1);
  expect(beyondHeaders[0]?.url).toContain(UNET);
});

test('a model that the browser threw away is downloaded again by the next run, which asks', async ({
  page,
}) => {
  const editor = await openWithHub(page, hub.url, MODEL);
  await button(page, 'Download model').click();
  await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry('models', { recursive: true });
  });
  hub.log.length = 0;
  await editor.steps.fill('1');
  await editor.run();
  expect(sent(UNET)).toHaveLength(1);
  await expect(keptLine(page)).toBeVisible();
});
