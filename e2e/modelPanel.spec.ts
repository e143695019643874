/** The rest of the model panel: one's own files by chooser and by drop, a mirror's address, keeping for good. */
import type { Page } from '@playwright/test';
import { folderFiles } from '../test/support/hub/files';
import { type Hub, startHub } from '../test/support/hub/hub';
import { EditorPage } from '../test/support/pages/editorPage';
import { button, keptLine, openWithHub } from '../test/support/pages/modelPanel';
import { expect, test } from '../test/support/pages/test';

const MODEL = 'golden/sd15-inpaint';
let hub: Hub;

test.beforeAll(async () => {
  hub = await startHub({
    repos: [
      {
        id: MODEL,
        files: await folderFiles('goldens/models/sd15-inpaint'),
        card: { license: 'other', license_name: 'a-licence-of-its-own' },
      },
    ],
  });
});
test.beforeEach(() => {
  hub.log.length = 0;
});
test.afterAll(() => hub.close());

/** The browser's own question, answered with yes; without it Chrome declines on a page that is visited for the first time. */
async function allowKeeping(page: Page): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const { targetInfo } = await client.send('Target.getTargetInfo');
  await client.send('Browser.grantPermissions', {
    permissions: ['durableStorage'],
    ...(targetInfo.browserContextId && { browserContextId: targetInfo.browserContextId }),
  });
}

test('a folder that is dropped, or chosen, is a model: kept and painted with, with nothing asked of the hub', async ({
  page,
}) => {
  const editor = await openWithHub(page, hub.url);
  // Of several models in it the first is taken, and the others are offered.
  await editor.drop('goldens/models');
  await expect(editor.model).toHaveValue('disk:lcm');
  await expect(page.getByText(/The folder contains \d+ models; this is lcm/)).toBeVisible();
  await button(page, 'Use sdxl-inpaint').click();
  await expect(editor.model).toHaveValue('disk:sdxl-inpaint');
  await expect(page.getByText('Stable Diffusion XL for inpainting')).toBeVisible();
  await button(page, 'Manage models').click();
  const chooser = page.waitForEvent('filechooser');
  await button(page, 'Open model folder').click();
  await (await chooser).setFiles('goldens/models/sd15-inpaint');
  await expect(editor.model).toHaveValue('disk:sd15-inpaint');
  await expect(page.getByText('Stable Diffusion 1 for inpainting')).toBeVisible();
  await button(page, 'Add model').click();
  await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });
  await editor.steps.fill('1');
  await editor.run();
  expect(hub.log).toEqual([]);
});

test('a file that is dropped, or chosen, is a model; one that is none is named', async ({ page }) => {
  const editor = await openWithHub(page, hub.url);
  await editor.drop('goldens/checkpoints/sdxl.safetensors');
  await expect(editor.model).toHaveValue('disk:sdxl.safetensors');
  await expect(page.getByText(/^Stable Diffusion XL/)).toBeVisible();

  await button(page, 'Manage models').click();
  const choose = async (path: string) => {
    const chooser = page.waitForEvent('filechooser');
    await button(page, 'Open model file').click();
    await (await chooser).setFiles(path);
  };
  await choose('README.md');
  await expect(page.getByText('README.md is not a model file')).toBeVisible();
  await choose('goldens/checkpoints/sd15.ckpt');
  await expect(editor.model).toHaveValue('disk:sd15.ckpt');
  await expect(page.getByText(/^Stable Diffusion 1,/)).toBeVisible();
  // It is tiny, and what a single file of true size is taken for does not fit: refused before anything is copied.
  await button(page, 'Add model').click();
  await expect(page.getByText(/sd15\.ckpt": norm_num_groups: 32 groups do not divide/)).toBeVisible();
  await expect(keptLine(page)).toHaveCount(0);

  // What is hostile is named before anything of it is kept.
  await editor.drop('goldens/checkpoints/pickles/system-reduce.ckpt');
  await expect(editor.model).toHaveValue('disk:system-reduce.ckpt');
  await expect(
    page.getByText(/the Python object "(posix|nt)\.system", which no checkpoint needs/),
  ).toBeVisible();
  await editor.drop('bench');
  await expect(page.getByText(/The folder has no model_index\.json/)).toBeVisible();
  expect(hub.log).toEqual([]);
});

test('a mirror’s address is typed, checked, used and remembered; its models come with their licence', async ({
  page,
}) => {
  const editor = new EditorPage(page);
  await editor.open('/?provider=wasm');
  await button(page, 'Manage models').click();
  const address = page.getByLabel('Hub URL');
  await address.fill('hub.example');
  await button(page, 'Save').click();
  await expect(page.getByText(/Start with https:/)).toBeVisible();
  await address.fill(`${hub.url}/`);
  await button(page, 'Save').click();
  await button(page, 'Close models').click();
  await editor.model.fill(MODEL);
  await expect(page.getByText(/licence a-licence-of-its-own/)).toBeVisible();
  expect(hub.log.length).toBeGreaterThan(0);
  await allowKeeping(page);
  await button(page, 'Download model').click();
  await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });

  await page.reload();
  await editor.ready();
  await button(page, 'Manage models').click();
  await expect(page.getByLabel('Hub URL')).toHaveValue(hub.url);
  const kept = page.getByRole('region', { name: 'On this device' });
  await expect(
    kept.getByText(/Stable Diffusion 1 for inpainting.*licence a-licence-of-its-own/),
  ).toBeVisible();
  // The download asked for it.
  await expect(page.getByText('The browser keeps models until you delete them.')).toBeVisible();
  await button(page, 'Close models').click();
  await editor.model.fill(MODEL);
  await expect(page.getByText(/licence a-licence-of-its-own/)).toBeVisible();
});

test('“Keep for good” asks the browser, and says what it answered', async ({ page }) => {
  await openWithHub(page, hub.url);
  await button(page, 'Manage models').click();
  const storage = page.getByRole('region', { name: 'Storage' });
  await expect(storage.getByText(/ used · /)).toBeVisible();
  await button(page, 'Keep for good').click();
  await expect(storage.getByText(/Installing the app or bookmarking it/)).toBeVisible();
  await allowKeeping(page);
  await button(page, 'Keep for good').click();
  await expect(storage.getByText('The browser keeps models until you delete them.')).toBeVisible();
  await expect(button(page, 'Keep for good')).toHaveCount(0);
});
