/** LoRAs in the page against the local hub: added by id and by file, weighed, taken away; one that does not fit. */
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { folderFiles, memoryFile } from '../test/support/hub/files';
import { type Hub, startHub } from '../test/support/hub/hub';
import type { EditorPage } from '../test/support/pages/editorPage';
import { openWithHub } from '../test/support/pages/modelPanel';
import { expect, test } from '../test/support/pages/test';
import { decode, type Picture } from '../test/support/pictures';

const MODEL = 'golden/sd15';
let hub: Hub;

test.beforeAll(async () => {
  const loras = await Promise.all(
    ['kohya', 'xl-peft-metadata'].map(async (name) =>
      memoryFile(`${name}.safetensors`, await readFile(`goldens/loras/${name}.safetensors`)),
    ),
  );
  hub = await startHub({
    repos: [
      { id: MODEL, files: await folderFiles('goldens/models/sd15') },
      { id: 'golden/loras', files: loras },
    ],
  });
});
test.afterAll(() => hub.close());

async function open(page: Page): Promise<EditorPage> {
  const editor = await openWithHub(page, hub.url, MODEL);
  await page.getByRole('button', { name: 'Download model', exact: true }).click();
  await expect(page.getByText('Stored on this device; works offline.')).toBeVisible({ timeout: 60_000 });
  await editor.prompt.fill('a boat');
  await editor.steps.fill('2');
  await editor.seed.fill('7');
  await page.getByText('More settings').click();
  return editor;
}

const lora = (page: Page, number: number) => ({
  name: page.getByRole('textbox', { name: `LoRA ${number}`, exact: true }),
  weight: page.getByRole('spinbutton', { name: `Weight of LoRA ${number}` }),
  remove: page.getByRole('button', { name: `Remove LoRA ${number}` }),
});
const add = (page: Page) => page.getByRole('button', { name: 'Add LoRA' }).click();
const paint = async (editor: EditorPage): Promise<Picture> => decode(await editor.run());
const isSame = (a: Picture, b: Picture) => a.data.equals(b.data);

test('by id, with a weight, from a file, and none again: each gives its own picture', async ({ page }) => {
  const editor = await open(page);
  const plain = await paint(editor);

  await add(page);
  await lora(page, 1).name.fill('golden/loras/kohya.safetensors');
  const whole = await paint(editor);
  expect(isSame(whole, plain)).toBe(false);

  await lora(page, 1).weight.fill('0.5');
  const half = await paint(editor);
  expect(isSame(half, plain)).toBe(false);
  expect(isSame(half, whole)).toBe(false);

  // None of it is none.
  await lora(page, 1).weight.fill('0');
  expect(isSame(await paint(editor), plain)).toBe(true);

  // The same bytes from the disk at the same weight
  await lora(page, 1).remove.click();
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('group', { name: 'LoRAs' }).getByRole('button', { name: 'From a file' }).click();
  await (await chooser).setFiles('goldens/loras/kohya.safetensors');
  await lora(page, 1).weight.fill('0.5');
  expect(isSame(await paint(editor), half)).toBe(true);

  await lora(page, 1).remove.click();
  expect(isSame(await paint(editor), plain)).toBe(true);
});

test('one for another family, a name that nothing has and a broken file are told at the LoRAs, not at the model', async ({
  page,
}) => {
  const editor = await open(page);
  const error = page.getByRole('group', { name: 'LoRAs' }).getByRole('alert');
  await add(page);
  for (const [name, message] of [
    [
      'golden/loras/xl-peft-metadata.safetensors',
      /the model is Stable Diffusion 1, the LoRA was made for .*XL/,
    ],
    ['golden/loras/none.safetensors', /golden\/loras has no file "none.safetensors"/],
  ] as const) {
    await lora(page, 1).name.fill(name);
    await editor.generate.click();
    await expect(error).toHaveText(message, { timeout: 60_000 });
    await expect(editor.model).not.toHaveAttribute('aria-invalid', 'true');
  }
  await lora(page, 1).remove.click();
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('group', { name: 'LoRAs' }).getByRole('button', { name: 'From a file' }).click();
  await (await chooser).setFiles({
    name: 'broken.safetensors',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from('no header'),
  });
  await editor.generate.click();
  await expect(error).toHaveText(/LoRA broken\.safetensors/, { timeout: 60_000 });

  // The engine goes on without it.
  await lora(page, 1).remove.click();
  await editor.run();
});

test('a LoRA on its way says how far it is and can be cancelled', async ({ page }) => {
  const editor = await open(page);
  await paint(editor);
  hub.faults.add({ kind: 'slow', bytesPerSecond: 8_000, path: 'kohya.safetensors' });
  await add(page);
  await lora(page, 1).name.fill('golden/loras/kohya.safetensors');
  await editor.generate.click();
  await expect(page.getByText(/^kohya\.safetensors: /).first()).toBeVisible();
  await editor.cancel.click();
  await expect(editor.generate).toBeVisible();
  hub.faults.clear();
  await paint(editor);
});
