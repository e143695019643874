/** Embeddings in the page against the local hub: by id and by file, by name in the prompt; one that does not fit. */
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { goldenInversions } from '../test/support/goldenPictures';
import { folderFiles, memoryFile } from '../test/support/hub/files';
import { type Hub, startHub } from '../test/support/hub/hub';
import type { EditorPage } from '../test/support/pages/editorPage';
import { harnessPage } from '../test/support/pages/harness';
import { openWithHub } from '../test/support/pages/modelPanel';
import { serveFolder } from '../test/support/pages/serveFolder';
import { expect, test } from '../test/support/pages/test';
import { decibels, decode, type Picture } from '../test/support/pictures';

const MODEL = 'golden/sd15';
let hub: Hub;

test.beforeAll(async () => {
  const file = async (name: string) => memoryFile(name, await readFile(`goldens/inversions/${name}`));
  hub = await startHub({
    repos: [
      { id: MODEL, files: await folderFiles('goldens/models/sd15') },
      { id: 'concepts/toy', files: [await file('learned_embeds.bin')] },
      { id: 'concepts/xl', files: [await file('xl.safetensors')] },
    ],
  });
});
test.afterAll(() => hub.close());

async function open(page: Page): Promise<EditorPage> {
  const editor = await openWithHub(page, hub.url, MODEL);
  await editor.steps.fill('2');
  await editor.seed.fill('7');
  await page.getByText('More settings').click();
  return editor;
}

const field = (page: Page) => page.getByRole('group', { name: 'Embeddings' });
const row = (page: Page, number: number) => ({
  name: page.getByRole('textbox', { name: `Embedding ${number}`, exact: true }),
  word: page.getByRole('textbox', { name: `Word of embedding ${number}` }),
  remove: page.getByRole('button', { name: `Remove embedding ${number}` }),
});
const paint = async (editor: EditorPage): Promise<Picture> => decode(await editor.run());
const isSame = (a: Picture, b: Picture) => a.data.equals(b.data);

test('by id and by keyboard: its word is shown, goes into the prompt and changes the picture', async ({
  page,
}) => {
  const editor = await open(page);
  await editor.prompt.fill('a <toy> boat');
  const plain = await paint(editor);

  await field(page).getByRole('button', { name: 'Add embedding' }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Shift+Tab'); // the row's button
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await expect(row(page, 1).name).toBeFocused();
  await page.keyboard.type('concepts/toy');
  await page.keyboard.press('Tab');
  await expect(field(page)).toContainText('Write in the prompt: <toy> (1 vector, ');
  await expect(field(page).getByRole('button', { name: 'Add to prompt: <toy>' })).toBeHidden();
  const taught = await paint(editor);
  expect(isSame(taught, plain)).toBe(false);

  // Another name for the same word gives the same picture; a prompt without it the one without.
  await row(page, 1).word.fill('my-toy');
  await field(page).getByRole('button', { name: 'Add to prompt: my-toy' }).click();
  await expect(editor.prompt).toHaveValue('a <toy> boat my-toy');
  await editor.prompt.fill('a my-toy boat');
  expect(isSame(await paint(editor), taught)).toBe(true);
  await editor.prompt.fill('a <toy> boat');
  expect(isSame(await paint(editor), plain)).toBe(true);

  // The same from the disk; and none again.
  await row(page, 1).remove.click();
  const chooser = page.waitForEvent('filechooser');
  await field(page).getByRole('button', { name: 'From a file' }).click();
  await (await chooser).setFiles('goldens/inversions/learned_embeds.bin');
  await expect(field(page)).toContainText('Write in the prompt: <toy>');
  expect(isSame(await paint(editor), taught)).toBe(true);
  await row(page, 1).remove.click();
  expect(isSame(await paint(editor), plain)).toBe(true);
});

test('one for another family, a name that nothing has and a broken file are told at the embeddings', async ({
  page,
}) => {
  const editor = await open(page);
  await field(page).getByRole('button', { name: 'Add embedding' }).click();
  const error = field(page).getByRole('alert');
  await row(page, 1).name.fill('concepts/none');
  await row(page, 1).name.blur();
  await expect(error).toHaveText(/there is no model "concepts\/none"/i);

  await row(page, 1).name.fill('concepts/xl');
  await row(page, 1).name.blur();
  await expect(field(page)).toContainText('Write in the prompt: xl (2 vectors, ');
  await editor.generate.click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Download model' }).click();
  await expect(error).toHaveText(/it is made for a width of .* and model .* takes a width of/, {
    timeout: 60_000,
  });
  await expect(editor.model).not.toHaveAttribute('aria-invalid', 'true');

  await row(page, 1).remove.click();
  const chooser = page.waitForEvent('filechooser');
  await field(page).getByRole('button', { name: 'From a file' }).click();
  const buffer = Buffer.from('no header');
  await (await chooser).setFiles({ name: 'broken.pt', mimeType: 'application/octet-stream', buffer });
  await expect(error).toHaveText(/Embedding broken\.pt/i);
  await row(page, 1).remove.click();
  await editor.run();
});

test('the worker paints diffusers’ pictures with them, for one text encoder and for two', async ({
  page,
}) => {
  const models = await serveFolder('goldens');
  const dataUrl = async (path: string) =>
    `data:image/png;base64,${(await readFile(path)).toString('base64')}`;
  try {
    await page.goto(harnessPage('engine.html'));
    await page.waitForFunction(() => window.engineHarness !== undefined);
    await page.evaluate(() => window.engineHarness?.start('wasm'));
    for (const golden of goldenInversions.filter(({ name }) => name === 'one' || name === 'xl')) {
      const request = {
        model_name: `${models.origin}models/${golden.model}/`,
        prompt: golden.prompt,
        negative_prompt: golden.negativePrompt,
        image_url: await dataUrl(`goldens/pictures/${golden.image}`),
        mask_url: await dataUrl(`goldens/pictures/${golden.mask}`),
        num_inference_steps: golden.steps,
        guidance_scale: golden.guidance,
        seed: golden.seed,
      };
      const embeddings = golden.files.map((name, i) => ({
        source: `${models.origin}inversions/${name}`,
        ...(golden.tokens[i] && { token: golden.tokens[i] }),
      }));
      const { width, height } = golden;
      const url = await page.evaluate(([input, chosen]) => window.engineHarness?.paint(input, chosen), [
        request,
        { width, height, embeddings },
      ] as const);
      const painted = await decode(Buffer.from((url ?? '').split(',')[1] ?? '', 'base64'));
      expect(
        decibels(painted, await decode(`goldens/pictures/${golden.output}`)),
        golden.name,
      ).toBeGreaterThan(60);
    }
  } finally {
    await models.close();
  }
});
