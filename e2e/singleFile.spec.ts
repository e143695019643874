/** A whole model in one file, by its address and from the disk: prepared, kept, and painted as its folder paints. */
import { writeFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { folderFiles } from '../test/support/hub/files';
import { type Hub, startHub } from '../test/support/hub/hub';
import { loneSafetensors, singleFileRepo } from '../test/support/hub/hubServer';
import type { EditorPage } from '../test/support/pages/editorPage';
import { button, keptLine, openWithHub } from '../test/support/pages/modelPanel';
import { expect, test } from '../test/support/pages/test';
import { changes, decode, type Picture, photograph } from '../test/support/pictures';

const FOLDER = 'golden/sd15';
const SINGLE = 'golden/single';
let hub: Hub;

test.beforeEach(async () => {
  hub = await startHub({
    repos: [{ id: FOLDER, files: await folderFiles('goldens/models/sd15') }, await singleFileRepo(SINGLE)],
  });
});
test.afterEach(() => hub.close());

async function paint(editor: EditorPage, modelName: string): Promise<Picture> {
  await editor.model.fill(modelName);
  await editor.prompt.fill('a boat');
  await editor.steps.fill('1');
  await editor.seed.fill('7');
  return decode(await editor.run());
}

async function chooseFile(page: Page, path: string): Promise<void> {
  await button(page, 'Manage models').click();
  const chooser = page.waitForEvent('filechooser');
  await button(page, 'Open model file').click();
  await (await chooser).setFiles(path);
}

test('a .safetensors and a .ckpt by address: with progress, kept, the folder’s picture; after a reload without the hub', async ({
  page,
}) => {
  const editor = await openWithHub(page, hub.url);
  const folder = await paint(editor, FOLDER);
  // As the Hub's page of a file is called, and as its download button is.
  const addresses = [
    `${hub.url}/${SINGLE}/blob/main/sd15.safetensors`,
    `${hub.url}/${SINGLE}/resolve/main/sd15.ckpt?download=true`,
  ] as const;
  for (const address of addresses) {
    const file = /sd15\.\w+/.exec(address)?.[0] ?? '';
    hub.faults.add({ kind: 'slow', bytesPerSecond: 150_000, path: file, origin: 'content' });
    await editor.model.fill(address);
    // Eight latents a side: what lies beside the file says so, its shapes would say 512 px.
    await expect(page.getByText('Stable Diffusion 1, 64 px')).toBeVisible();
    await button(page, 'Download model').click();
    const meter = page.getByRole('progressbar', { name: 'Model download' });
    await expect(meter).toHaveAttribute('aria-valuenow', /^([5-9]|[1-9]\d)$/);
    hub.faults.clear();
    await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });
    expect((await paint(editor, address)).data.equals(folder.data), file).toBe(true);
  }

  await button(page, 'Manage models').click();
  const kept = page.getByRole('region', { name: 'On this device' });
  for (const address of addresses) await expect(kept.getByText(address)).toBeVisible();

  await hub.close();
  await page.reload();
  await editor.ready();
  for (const address of addresses) {
    await editor.model.fill(address);
    await expect(keptLine(page)).toBeVisible();
  }
  expect((await paint(editor, addresses[0])).data.equals(folder.data)).toBe(true);
});

test('a lone file from the disk, with nothing beside it, is copied once and paints', async ({ page }) => {
  const path = test.info().outputPath('lone.safetensors');
  await writeFile(path, await loneSafetensors());
  const editor = await openWithHub(page, hub.url);
  await chooseFile(page, path);
  await expect(page.getByText('Stable Diffusion 1, 512 px')).toBeVisible();
  await button(page, 'Add model').click();
  await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });
  const photo = test.info().outputPath('photograph.png');
  // The longer side is what the model works at; the other is what a test has time for.
  await photograph(photo, 512, 96);
  await editor.openFile(photo);
  await editor.tool('Brush').click();
  await editor.drag([0.4, 0.48], [0.6, 0.52]);
  const painted = changes(await decode(photo), await paint(editor, 'disk:lone.safetensors'));
  expect(painted.count).toBeGreaterThan(500);
  expect(painted.left).toBeGreaterThan(51);
  expect(painted.right).toBeLessThan(461);
  expect(hub.log).toEqual([]);
});
