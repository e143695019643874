/** The main job, as a person does it: a photograph, a painted mask, a prompt, and the embedded model. */
import { cpSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { EditorPage } from '../test/support/pages/editorPage';
import { serveFolder } from '../test/support/pages/serveFolder';
import { expect, test } from '../test/support/pages/test';
import { changes, decode, photograph } from '../test/support/pictures';

/** Enough to see a picture form; the number that makes a good one is the page's default. */
const STEPS = '3';

test('one press of Generate repaints the sample’s masked part and nothing else @smoke', async ({ page }) => {
  const editor = new EditorPage(page);
  await editor.open('/');
  await expect(editor.prompt).not.toHaveValue('');
  await editor.steps.fill(STEPS);
  const result = await decode(await editor.run());

  // The page's own decoding of the photograph is what its result must agree with outside the mask.
  const [original, mask] = await page.evaluate(async () => {
    const sample: { image: string; mask: string } = await (await fetch('samples/sample.json')).json();
    const bytesOf = async (name: string) => {
      const bitmap = await createImageBitmap(await (await fetch(`samples/${name}`)).blob());
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      if (context === null) throw new Error('no context');
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      let text = '';
      for (let i = 0; i < data.length; i += 4) text += String.fromCharCode(...data.subarray(i, i + 3));
      return btoa(text);
    };
    return Promise.all([bytesOf(sample.image), bytesOf(sample.mask)]);
  });
  const before = Buffer.from(original, 'base64');
  const white = Buffer.from(mask, 'base64');
  let outsideChanged = 0;
  let insideChanged = 0;
  let inside = 0;
  for (let at = 0; at < before.length; at += 3) {
    const changed = before.compare(result.data, at, at + 3, at, at + 3) !== 0;
    if ((white[at] ?? 0) >= 128) {
      inside++;
      if (changed) insideChanged++;
    } else if (changed) outsideChanged++;
  }
  expect(before.length).toBe(result.data.length);
  expect(outsideChanged).toBe(0);
  expect(insideChanged / inside).toBeGreaterThan(0.9);
});

test('a photograph of one’s own, painted with the mouse: progress, result, the same again from the seed @smoke', async ({
  page,
}, testInfo) => {
  const path = testInfo.outputPath('photograph.png');
  await photograph(path);
  const editor = new EditorPage(page);
  await editor.open('/');
  await editor.openFile(path);
  await editor.tool('Brush').click();
  await editor.drag([0.45, 0.45], [0.55, 0.5], [0.45, 0.55]);
  await editor.prompt.fill('a photo of a cat');
  await editor.steps.fill(STEPS);
  await editor.seed.fill('7');

  // Progress is seen while it runs
  const step = editor.shown(/step [1-3] of 3/i);
  await editor.generate.click();
  await expect(editor.progress).toBeVisible();
  await step;
  await expect(editor.result).toBeVisible({ timeout: 300_000 });
  const first = await editor.saved();

  // Inside the mask it changed, outside it did not
  const before = await decode(path);
  const after = await decode(first);
  const changed = changes(before, after);
  expect(changed.count).toBeGreaterThan(500);
  expect(changed.left).toBeGreaterThan(before.width * 0.15);
  expect(changed.right).toBeLessThan(before.width * 0.85);
  expect(changed.top).toBeGreaterThan(before.height * 0.15);
  expect(changed.bottom).toBeLessThan(before.height * 0.85);

  // A second run with the same seed gives the same picture, with another seed another one
  expect((await decode(await editor.run())).data.equals(after.data)).toBe(true);
  await editor.seed.fill('8');
  expect((await decode(await editor.run())).data.equals(after.data)).toBe(false);
});

test('cancelling stops the run, keeps what was painted, and the next run works @smoke', async ({ page }) => {
  const editor = new EditorPage(page);
  await editor.open('/');
  await editor.steps.fill('150');
  await editor.generate.click();
  await expect(page.getByText(/step \d+ of 150/i).first()).toBeVisible({ timeout: 300_000 });
  await editor.cancel.click();
  await expect(editor.generate).toBeEnabled();
  await expect(editor.result).toHaveCount(0);
  // The regions for messages are always there; they are empty.
  for (const alert of await page.getByRole('alert').all()) await expect(alert).toBeEmpty();
  await expect(page.getByText('The model sees')).toBeAttached();

  await editor.steps.fill('2');
  await editor.run();
  await expect(editor.result).toBeVisible();
});

test('a damaged checkpoint is named, and nothing that was painted is lost', async ({ page }, testInfo) => {
  const folder = testInfo.outputPath('models');
  cpSync('goldens/models/sd15-inpaint', join(folder, 'damaged'), { recursive: true });
  truncateSync(join(folder, 'damaged/text_encoder/model.safetensors'), 50_000);
  const models = await serveFolder(folder);
  try {
    const editor = new EditorPage(page);
    await editor.open('/');
    await editor.prompt.fill('a prompt of my own');
    await editor.model.fill(`${models.origin}damaged/`);
    await editor.generate.click();
    const message = page.getByText(
      /text_encoder\/model\.safetensors: tensor ".*" ends past the end of the file/,
    );
    await expect(message).toBeVisible({ timeout: 300_000 });
    await expect(editor.generate).toBeEnabled();
    await expect(editor.prompt).toHaveValue('a prompt of my own');
    await expect(page.getByText('The model sees')).toBeAttached();
  } finally {
    await models.close();
  }
});
