/** From the first screen to a photo-real model: three clicks and no field; what each card says, and the search. */
import type { Page } from '@playwright/test';
import { folderFiles } from '../test/support/hub/files';
import { type Hub, startHub } from '../test/support/hub/hub';
import { EditorPage } from '../test/support/pages/editorPage';
import { button, keptLine } from '../test/support/pages/modelPanel';
import { expect, test } from '../test/support/pages/test';

const SD15 = 'stable-diffusion-v1-5/stable-diffusion-inpainting';
const UNET = 'unet/diffusion_pytorch_model.safetensors';

let hub: Hub;
test.beforeEach(async () => {
  // A tiny model under the true one's name.
  hub = await startHub({ repos: [{ id: SD15, files: await folderFiles('goldens/models/sd15-inpaint') }] });
});
test.afterEach(() => hub.close());

/** A first visit. Counts what a person does: clicks and keys. */
async function visit(page: Page): Promise<EditorPage> {
  await page.addInitScript((url) => {
    localStorage.setItem('inlay.hub', url);
    window.deeds = { clicks: 0, keys: 0 };
    addEventListener('click', ({ isTrusted }) => isTrusted && window.deeds.clicks++, true);
    addEventListener('keydown', ({ isTrusted }) => isTrusted && window.deeds.keys++, true);
  }, hub.url);
  const editor = new EditorPage(page);
  await editor.open('/?provider=wasm');
  return editor;
}
declare global {
  interface Window {
    deeds: { clicks: number; keys: number };
  }
}

const models = (page: Page) => page.getByRole('dialog', { name: 'Models' });
const card = (page: Page, title: string) =>
  page.getByRole('region', { name: 'Recommended' }).getByRole('listitem').filter({ hasText: title });
/** What says of a card whether it runs here. */
const FIT = /(Fits|Slow on) this device, about \d+ (s|minutes|hours) per image/;

for (const layout of ['desktop', 'phone'] as const) {
  test.describe(`on a ${layout}`, () => {
    if (layout === 'phone')
      test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

    test('from the first screen to the download in three clicks, without a field; settings follow', async ({
      page,
    }) => {
      const editor = await visit(page);
      hub.faults.add({ kind: 'slow', bytesPerSecond: 400_000, path: UNET, origin: 'content', after: 2 });
      await editor.unfold();
      await button(page, 'Get a photo-real model').click();
      await card(page, 'Stable Diffusion 1.5 inpainting')
        .getByRole('button', { name: 'Download and use Stable Diffusion 1.5 inpainting' })
        .click();
      await expect(page.getByRole('progressbar', { name: 'Model download' })).toBeVisible();
      const deeds = await page.evaluate(() => window.deeds);
      expect(deeds.keys).toBe(0);
      expect(deeds.clicks).toBeLessThanOrEqual(layout === 'phone' ? 3 : 2);

      await expect(models(page)).toHaveCount(0);
      await expect(editor.model).toHaveValue(SD15);
      await expect(editor.steps).toHaveValue('30');
      hub.faults.clear();
      await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });
    });
  });
}

test('a card says size, licence and whether the device is fast enough, before any run and on the next visit', async ({
  page,
}) => {
  const editor = await visit(page);
  await button(page, 'Get a photo-real model').click();
  const sd15 = card(page, 'Stable Diffusion 1.5 inpainting');
  await expect(sd15).toContainText(/4\.27 GB · licence creativeml-openrail-m/);
  await expect(sd15).toContainText(FIT, { timeout: 60_000 });
  await expect(models(page).getByText('estimated from a short measurement of this device')).toBeVisible();
  // On the CPU 4 GiB are all there is: what needs more stands last, without a download.
  const recommended = page.getByRole('region', { name: 'Recommended' });
  const cards = recommended.getByRole('list').first().getByRole('listitem');
  await expect(cards.last()).toContainText('Too large for this device');
  await expect(cards.last().getByRole('button', { name: /^Download/ })).toHaveCount(0);
  await expect(cards.first()).not.toContainText('Too large');
  // What removes comes from the Hub, too, and says what it costs.
  await expect(recommended.getByText('Remove what you mask')).toBeVisible();
  await expect(card(page, 'LaMa')).toContainText(/210 MB · licence apache-2.0/);
  await expect(button(page, 'Download and use LaMa')).toBeVisible();
  // What one came for stands first.
  const regions = models(page).getByRole('region');
  await expect(regions.first()).toHaveAccessibleName('Recommended');

  await page.reload();
  await editor.ready();
  await button(page, 'Get a photo-real model').click();
  await expect(sd15).toContainText(FIT);
  await expect(models(page).getByText('estimated from a short measurement of this device')).toBeVisible();
});

test('the search finds models by what they are called, and takes an id as it stands', async ({ page }) => {
  const editor = await visit(page);
  await button(page, 'Manage models').click();
  const search = page.getByRole('searchbox', { name: 'Search models' });
  await expect(search).toBeFocused();
  await search.fill('sd15');
  await expect(card(page, 'Stable Diffusion 1.5 inpainting')).toBeVisible();
  await expect(card(page, 'SDXL')).toHaveCount(0);
  await search.fill('flux');
  await expect(models(page).getByText(/“flux” can’t run in Inlay/)).toBeVisible();
  await expect(card(page, 'Stable Diffusion 1.5 inpainting')).toBeVisible();
  await search.fill('starter');
  await expect(button(page, 'In use: Starter')).toBeVisible();
  // Escape empties the field first, and closes the dialog then.
  await search.press('Escape');
  await expect(search).toHaveValue('');
  await expect(card(page, 'SDXL inpainting')).toBeVisible();
  await search.fill(SD15.toUpperCase());
  await button(page, `Look up ${SD15.toUpperCase()}`).click();
  await expect(models(page)).toHaveCount(0);
  await expect(editor.model).toHaveValue(SD15.toUpperCase());
  await button(page, 'Manage models').click();
  await page.keyboard.press('Escape');
  await expect(models(page)).toHaveCount(0);
});
