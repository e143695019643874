/**
 * Models of the Hub that select, as a person gets them: chosen, asked about, downloaded from a hub, used, kept without it and
 * deleted. The models are tiny and their weights random: what they select says nothing, but that they do, and the same each
 * time, does. What their graphs compute is compared with PyTorch by src/assist/hub/hub.golden.test.ts.
 */
import { createHash } from 'node:crypto';
import { NAME_SELECTOR } from '../src/contract/selectors';
import { type Hub, startHub } from '../test/support/hub/hub';
import { selectorRepos } from '../test/support/hub/selectors';
import { button, openWithHub } from '../test/support/pages/modelPanel';
import { expect, test } from '../test/support/pages/test';
import { maskOf } from '../test/support/pages/visit';

let hub: Hub;
test.beforeAll(async () => {
  hub = await startHub({ repos: await selectorRepos() });
});
test.afterAll(() => hub.close());

const weightsAsked = () => hub.log.filter(({ url }) => url.includes('.onnx')).length;

test('a better selector and a name: asked for with their sizes, kept, used without the hub, deleted in "Manage models"', async ({
  page,
}) => {
  hub.log.length = 0;
  const foreign: string[] = [];
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && !['localhost', '127.0.0.1'].includes(hostname))
      foreign.push(request.url());
  });
  const editor = await openWithHub(page, hub.url);
  const panel = page.getByRole('dialog', { name: 'Select by name' });
  const question = page.getByRole('alertdialog');
  const openPanel = async () => {
    if (!(await panel.isVisible())) await button(page, 'Select by name').click();
    await expect(panel).toBeVisible();
  };
  await button(page, 'Select object').click();

  await test.step('a model for presses', async () => {
    await openPanel();
    await expect(panel.getByRole('radio', { name: 'Built in' })).toBeChecked();
    await panel.getByRole('radio', { name: 'SAM 2.1 tiny' }).click();
    await expect(question).toContainText('Download SAM 2.1 tiny?');
    await expect(question).toContainText('0.7 MB');
    expect(weightsAsked()).toBe(0);
    await button(page, 'Not now').click();
    await openPanel();
    await expect(panel.getByRole('radio', { name: 'Built in' })).toBeChecked();
    await panel.getByRole('radio', { name: 'SAM 2.1 tiny' }).click();
    await button(page, 'Download model').click();
    await openPanel();
    await expect(panel.getByRole('radio', { name: 'SAM 2.1 tiny' })).toBeChecked();
    await expect(panel.getByText('Finest edges, slower · on this device')).toBeVisible();
    await page.keyboard.press('Escape');
  });

  const mask = async () =>
    createHash('sha256')
      .update(await maskOf({ page, editor }))
      .digest('hex');
  /** The mask that an action makes; it is undone, so that the next begins from the same. */
  const after = async (act: () => Promise<void>): Promise<string> => {
    const before = await mask();
    await act();
    await expect.poll(mask, { timeout: 120_000 }).not.toBe(before);
    const made = await mask();
    await editor.undo.click();
    return made;
  };
  let byPress = '';
  await test.step('a press', async () => {
    await button(page, 'Replace the mask').click();
    byPress = await after(() => editor.canvas.click());
  });

  await test.step('a name', async () => {
    await after(async () => {
      await openPanel();
      await panel.getByRole('textbox', { name: 'Name of the thing' }).fill('the dog');
      await panel.getByRole('button', { name: 'Select', exact: true }).click();
      await expect(question).toContainText('Download CLIPSeg?');
      await button(page, 'Download model').click();
      await page.keyboard.press('Escape');
    });
  });

  await test.step('without the hub, after a reload', async () => {
    await hub.close();
    const asked = hub.log.length;
    await page.reload();
    await expect(editor.canvas).toBeVisible();
    // The undo just before the reload may not have been saved: then the mask is already the one that is expected.
    await button(page, 'Invert mask').click();
    await button(page, 'Select object').click();
    await button(page, 'Replace the mask').click();
    expect(await after(() => editor.canvas.click())).toBe(byPress);
    expect(hub.log.length).toBe(asked);
  });

  await test.step('deleted', async () => {
    await button(page, 'Manage models').click();
    const here = page.getByRole('region', { name: 'On this device' });
    await expect(here.getByText('CLIPSeg')).toBeVisible();
    for (const title of ['SAM 2.1 tiny', 'CLIPSeg']) {
      await button(page, `Delete ${title}`).click();
      await here.getByRole('button', { name: /^Delete [\d.]+ MB$/ }).click();
      await expect(here.getByText(title)).toHaveCount(0);
    }
    await button(page, 'Close models').click();
    await openPanel();
    await expect(panel.getByRole('radio', { name: 'Built in' })).toBeChecked();
    expect(await page.evaluate((id) => localStorage.getItem(id), 'inlay.selector')).toBeNull();
  });
  expect(foreign).toEqual([]);
  expect(hub.log.some(({ url }) => url.includes(NAME_SELECTOR))).toBe(true);
});
