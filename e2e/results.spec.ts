/** Results, variations, frames and drawn-out canvases as a person meets them, around the harness's engine. */
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import type { EditorPage } from '../test/support/pages/editorPage';
import { openHarness } from '../test/support/pages/harness';
import { settled } from '../test/support/pages/states';
import { expect, test } from '../test/support/pages/test';

async function open(page: Page): Promise<EditorPage> {
  const editor = await openHarness(page);
  await editor.steps.fill('2');
  return editor;
}

test('a result lands on the canvas, is compared by line and by holding, and painted on', async ({ page }) => {
  const editor = await open(page);
  await editor.run();
  const canvas = await editor.canvas.boundingBox();
  const result = await editor.result.boundingBox();
  if (!canvas || !result) throw new Error('both are shown');
  expect(result.x).toBeGreaterThanOrEqual(canvas.x);
  expect(result.x + result.width).toBeLessThanOrEqual(canvas.x + canvas.width + 1);

  const line = page.getByRole('slider', { name: 'Compare before and after' });
  // The first result shows that there is a line: it runs through what changed.
  await expect(line).toHaveAttribute('aria-valuenow', /^[1-9]\d$/);
  await line.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('PageUp');
  await page.keyboard.press('ArrowRight');
  await expect(line).toHaveAttribute('aria-valuenow', '11');
  await page.keyboard.press('End');
  await expect(editor.result).toHaveCSS('clip-path', /100%/);
  await page.keyboard.press('Home');
  const grip = await line.boundingBox();
  if (!grip) throw new Error('the line is shown');
  await page.mouse.move(grip.x + grip.width / 2, grip.y + grip.height / 2);
  await page.mouse.down();
  await page.mouse.move(result.x + result.width / 2, grip.y + 40, { steps: 5 });
  await page.mouse.up();
  await expect(line).toHaveAttribute('aria-valuenow', /^(49|50|51)$/);
  await line.focus();
  await page.keyboard.press('Home');
  await page.keyboard.down('c');
  await expect(editor.result).toHaveCSS('clip-path', /100%/);
  await page.keyboard.up('c');
  await expect(editor.result).not.toHaveCSS('clip-path', /100%/);

  // Painting goes on from what is seen; undo takes back stroke and change of picture at once, then the run.
  await editor.drag([0.3, 0.3], [0.35, 0.35]);
  await expect(editor.result).toHaveCount(0);
  const versions = page.getByRole('list', { name: 'Versions' }).getByRole('button');
  await expect(versions.nth(1)).toHaveAccessibleName(/on the canvas/);
  await editor.undo.click();
  await expect(editor.result).toBeVisible();
  await expect(versions.nth(0)).toHaveAccessibleName(/on the canvas/);
  await editor.undo.click();
  await expect(editor.result).toHaveCount(0);
  await expect(editor.undo).toBeDisabled();
  await editor.redo.click();
  await expect(editor.result).toBeVisible();
  await editor.redo.click();
  await expect(versions.nth(1)).toHaveAccessibleName(/on the canvas/);
  await expect(editor.redo).toBeDisabled();
});

test('variations: one press, seeds in a row, one to choose', async ({ page }) => {
  const editor = await open(page);
  await page.getByText('More settings').click();
  await page.getByRole('spinbutton', { name: 'Variations' }).fill('3');
  await editor.seed.fill('10');
  await editor.run();
  const versions = page.getByRole('list', { name: 'Versions' }).getByRole('button');
  await expect(versions).toHaveCount(4);
  const first = await editor.result.getAttribute('src');
  await versions.nth(3).click();
  await expect(versions.nth(3)).toHaveAttribute('aria-pressed', 'true');
  expect(await editor.result.getAttribute('src')).not.toBe(first);
  // The user has not moved the line: the first result had it in sight, later ones are shown whole.
  await editor.run();
  const line = page.getByRole('slider', { name: 'Compare before and after' });
  await expect(line).toHaveAttribute('aria-valuenow', '0');
  await editor.undo.click();
  // Choosing is a step of its own, and the time is that of all three.
  await editor.undo.click();
  await expect(versions.nth(1)).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByText(/^3 results, \d+ s each/)).toBeVisible();
});

test('the frame follows its handles and keys, and returns to automatic', async ({ page }) => {
  const editor = await open(page);
  const label = page.getByText('The model sees');
  const automatic = await label.textContent();
  await page.getByRole('button', { name: 'Adjust the frame' }).click();
  const width = page.getByRole('spinbutton', { name: 'Frame width' });
  const before = Number(await width.inputValue());
  const handle = page.getByRole('button', { name: 'Frame, left edge' });
  const box = await handle.boundingBox();
  if (!box) throw new Error('the handle is shown');
  expect(Math.min(box.width, box.height)).toBeGreaterThanOrEqual(24);
  await editor.dragHandle(handle, -30);
  await expect.poll(async () => Number(await width.inputValue())).toBeGreaterThan(before);
  await settled(page);
  const dragged = Number(await width.inputValue());
  await handle.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  await expect(width).toHaveValue(String(dragged - 9));
  await expect(label).toContainText(`${dragged - 9} ×`);
  // Typed as people type: on the way to 300 stand 3 and 30, which no frame can have.
  await width.press('Control+a');
  await width.pressSequentially('300');
  await expect(label).toContainText(/^The model sees .*300 × .*; the mask outside the frame is ignored$/);
  await page.getByRole('button', { name: 'Automatic frame' }).click();
  await expect(label).toHaveText(automatic ?? '');
  // Each choice is a step: the number, the two keys, the drag. The mask is as it was.
  for (const before of ['300', String(dragged - 9), String(dragged - 8), String(dragged)]) {
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await expect(width).toHaveValue(before);
  }
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(label).toHaveText(automatic ?? '');
  await page.getByRole('button', { name: 'Redo', exact: true }).click();
  await expect(width).toHaveValue(String(dragged));
});

test('the canvas is drawn out by handle and by number, painted on and undone', async ({ page }) => {
  const editor = await open(page);
  await page.getByRole('button', { name: 'Outpaint: extend the canvas' }).click();
  const handle = page.getByRole('button', { name: 'Canvas, right edge' });
  await editor.dragHandle(handle, 10);
  const right = page.getByRole('spinbutton', { name: 'Extend right' });
  await expect.poll(async () => Number(await right.inputValue())).toBeGreaterThan(0);
  await right.fill('160');
  await page.getByRole('spinbutton', { name: 'Extend top' }).fill('40');
  await page.getByRole('button', { name: 'Apply' }).click();
  const label = page.getByText('The model sees');
  await expect(label).toContainText('of 1360 × 839');
  await editor.filledBeneath();
  const { width, height } = await sharp(await editor.run()).metadata();
  expect({ width, height }).toEqual({ width: 1360, height: 839 });
  // The run is a step, too.
  await editor.undo.click();
  await expect(editor.result).toHaveCount(0);
  await expect(label).toContainText('of 1360 × 839');
  // So is the filling.
  await editor.undo.click();
  await editor.undo.click();
  await expect(label).toContainText('of 1200 × 799');
  await editor.redo.click();
  await expect(label).toContainText('of 1360 × 839');
});

test('mask content waits for a strength below 1', async ({ page }) => {
  await open(page);
  await page.getByText('More settings').click();
  const content = page.getByRole('combobox', { name: 'Mask content' });
  await expect(content).toBeDisabled();
  await expect(content).toHaveAccessibleDescription(/strength 1/);
  await page.getByRole('spinbutton', { name: 'Strength' }).fill('0.6');
  await expect(content).toBeEnabled();
  await content.selectOption('Noise');
  const matches = page.getByRole('switch', { name: 'Match colours' });
  await expect(matches).toBeChecked();
  await matches.click();
  await expect(matches).not.toBeChecked();
});

test('keys: a stroke over a result goes on from it; frame, canvas and "Continue" have keys', async ({
  page,
}) => {
  const editor = await open(page);
  await editor.run();
  const versions = page.getByRole('list', { name: 'Versions' }).getByRole('button');
  await editor.canvas.focus();
  // Moving the cursor alone is a look around.
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowRight');
  await expect(editor.result).toBeVisible();
  for (const key of ['Enter', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'Enter'])
    await page.keyboard.press(key);
  await expect(editor.result).toHaveCount(0);
  await expect(versions.nth(1)).toHaveAccessibleName(/on the canvas/);
  await expect(editor.undo).toBeEnabled();

  // A command over a result means itself: the version stays shown. V goes on from it.
  await editor.run();
  await editor.canvas.focus();
  await page.keyboard.press('i');
  await expect(editor.result).toBeVisible();
  await page.keyboard.press('v');
  await expect(editor.result).toHaveCount(0);
  await expect(versions.nth(2)).toHaveAccessibleName(/on the canvas/);

  // The polygon is begun on the canvas and closed by its button.
  await editor.run();
  await editor.tool('Polygon').click();
  const box = await editor.canvas.boundingBox();
  if (!box) throw new Error('the canvas is shown');
  for (const [x, y] of [
    [0.4, 0.4],
    [0.6, 0.4],
    [0.5, 0.6],
  ] as const)
    await page.mouse.click(box.x + x * box.width, box.y + y * box.height);
  await page.getByRole('button', { name: 'Close the polygon' }).click();
  await expect(editor.result).toHaveCount(0);
  await expect(versions.nth(3)).toHaveAccessibleName(/on the canvas/);

  await page.keyboard.press('s');
  await expect(page.getByRole('toolbar', { name: 'Frame' })).toBeVisible();
  await page.keyboard.press('d');
  const canvas = page.getByRole('toolbar', { name: 'Extend the canvas' });
  await expect(canvas).toBeVisible();
  await page.getByRole('button', { name: 'Canvas, upper edge' }).focus();
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('spinbutton', { name: 'Extend top' })).toHaveValue('8');
  await page.keyboard.press('Escape');
  await expect(canvas).toHaveCount(0);
  await page.keyboard.press('?');
  const help = page.getByRole('dialog');
  for (const action of ['Adjust the frame', 'Outpaint: extend the canvas', 'Continue from this version'])
    await expect(help).toContainText(action);
});

test('a version is compared with what it was painted on, or with the original: pixels looked at', async ({
  page,
}) => {
  const editor = await open(page);
  await editor.canvas.focus();
  await page.keyboard.press('a');
  await editor.seed.fill('1');
  await editor.run();
  await page.getByRole('button', { name: 'Continue from this version' }).click();
  await editor.seed.fill('4');
  await editor.run();
  const box = await editor.canvas.boundingBox();
  if (!box) throw new Error('the canvas is shown');
  const clip = { x: box.x + box.width / 2 - 60, y: box.y + box.height / 2 - 40, width: 120, height: 80 };
  const versions = page.getByRole('list', { name: 'Versions' }).getByRole('button');
  const look = async () =>
    sharp(await page.screenshot({ clip }))
      .removeAlpha()
      .raw()
      .toBuffer();
  /** Mean difference in levels. */
  const apart = (a: Buffer, b: Buffer) =>
    a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;
  // Nothing but pictures in the clip: the pointer's brush ring is elsewhere.
  await page.mouse.move(5, 5);
  const second = await look();
  await versions.nth(0).click();
  await page.mouse.move(5, 5);
  await expect(versions.nth(0)).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(async () => apart(await look(), second)).toBeGreaterThan(10);
  const original = await look();
  await versions.nth(2).click();
  await page.mouse.move(5, 5);
  const held = async (wanted: Buffer, unwanted: Buffer) => {
    await page.keyboard.down('c');
    await expect.poll(async () => apart(await look(), wanted)).toBeLessThan(1);
    expect(apart(await look(), unwanted)).toBeGreaterThan(10);
    await page.keyboard.up('c');
  };
  const toggle = page.getByRole('button', { name: 'Compare with the original' });
  await toggle.click();
  await expect(toggle).toHaveAttribute('aria-pressed', 'true');
  await page.mouse.move(5, 5);
  await held(original, second);
  await toggle.click();
  await page.mouse.move(5, 5);
  // What it was painted on: the first result, neither of the two.
  await page.keyboard.down('c');
  await expect.poll(async () => apart(await look(), second)).toBeGreaterThan(10);
  expect(apart(await look(), original)).toBeGreaterThan(10);
  await page.keyboard.up('c');
  await expect.poll(async () => apart(await look(), second)).toBeLessThan(1);
});
