/** Workers that fail without a word: nothing tells the page, and it is usable all the same. */
import type { Worker } from '@playwright/test';
import { EditorPage } from '../test/support/pages/editorPage';
import { expect, test } from '../test/support/pages/test';

/** The worker that paints, in the middle of a run of many steps. */
async function atWork(editor: EditorPage): Promise<Worker> {
  await editor.steps.fill('100');
  const denoising = editor.shown(/Painting · step [1-9]\d* of 100/);
  await editor.generate.click();
  await denoising;
  for (const worker of editor.page.workers()) {
    // Another worker that is idle may end while it is asked.
    const name = await worker.evaluate(() => self.name).catch(() => 'ended');
    if (name === 'inlay-engine') return worker;
  }
  throw new Error('no worker paints');
}

test('a worker that closes itself in mid-run is noticed, one that hangs is ended by Cancel, and the next run paints', async ({
  page,
}) => {
  const editor = new EditorPage(page);
  await editor.open('/');
  const silent = await atWork(editor);
  await silent.evaluate(() => self.close());
  await expect(page.getByText(/The engine stopped \(it ended unexpectedly\)/).first()).toBeVisible();
  await expect(editor.generate).toBeEnabled();

  const hanging = await atWork(editor);
  // Never answered: the loop has no end.
  hanging
    .evaluate(() => {
      for (;;);
    })
    .catch(() => {});
  const pressed = performance.now();
  await editor.cancel.click();
  await expect(editor.cancel).toBeHidden({ timeout: 15_000 });
  expect(performance.now() - pressed).toBeLessThan(15_000);

  await editor.steps.fill('2');
  await editor.run();
});
