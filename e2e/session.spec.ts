/** The page opens where one left off, with a way to the sample and back. */
import { EditorPage } from '../test/support/pages/editorPage';
import { openHarness } from '../test/support/pages/harness';
import { expect, test } from '../test/support/pages/test';
import { photograph } from '../test/support/pictures';

test('the last session is back by itself; the sample is a press away, and so is the way back', async ({
  page,
}, info) => {
  const mine = info.outputPath('mine.png');
  await photograph(mine, 640, 480);
  const editor = await openHarness(page);
  await editor.openFile(mine);
  // It opens without a mask.
  await expect(page.getByText('The model sees')).toHaveCount(0);
  await editor.drag([0.4, 0.4], [0.6, 0.5]);
  await editor.prompt.fill('a red kite');
  await expect(editor.undo).toBeEnabled();
  // It is kept a moment after the last key.
  await page.waitForTimeout(1500);
  await page.reload();
  await editor.ready();

  const note = page.getByRole('status').filter({ hasText: 'Your last session was restored.' });
  await expect(note).toContainText('mine.png');
  await expect(editor.prompt).toHaveValue('a red kite');
  await note.getByRole('button', { name: 'Open the sample' }).click();
  await editor.ready();
  await expect(editor.prompt).not.toHaveValue('a red kite');
  const saved = page.getByRole('status').filter({ hasText: 'Your last session is saved.' });
  await saved.getByRole('button', { name: 'Restore session' }).click();
  await expect(editor.prompt).toHaveValue('a red kite');
  await expect(saved).toHaveCount(0);

  // Another tab gets a copy, when it asks for it.
  const second = await page.context().newPage();
  const copy = new EditorPage(second);
  await second.goto(page.url());
  await expect(second.getByText('Open in another tab')).toBeVisible();
  await second.getByRole('button', { name: 'Restore session' }).click();
  await copy.ready();
  await expect(copy.prompt).toHaveValue('a red kite');
});
