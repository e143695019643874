/** A model by its id: downloaded from a hub, kept by the browser, used again when the hub is gone. */
import { readFileSync } from 'node:fs';
import { chromium, type Page } from '@playwright/test';
import type { InpaintInput } from '../src/contract/schema';
import { folderFiles } from '../test/support/hub/files';
import { startHub } from '../test/support/hub/hub';
import { harnessPage } from '../test/support/pages/harness';
import { expect, test } from '../test/support/pages/test';
import { decode, maskWithDisc, photograph } from '../test/support/pictures';

const dataUrl = (path: string) => `data:image/png;base64,${readFileSync(path).toString('base64')}`;

test('a model by id is downloaded through a cut, kept, and paints without the hub', async () => {
  const testInfo = test.info();
  const image = testInfo.outputPath('image.png');
  const mask = testInfo.outputPath('mask.png');
  await photograph(image, 64, 64);
  await maskWithDisc(mask, 64, 64);
  const request: InpaintInput = {
    model_name: 'golden/sd15-inpaint',
    prompt: 'a photo of a cat',
    image_url: dataUrl(image),
    mask_url: dataUrl(mask),
    num_inference_steps: 2,
    guidance_scale: 7.5,
    seed: 3,
  };
  const hub = await startHub({
    repos: [{ id: 'golden/sd15-inpaint', files: await folderFiles('goldens/models/sd15-inpaint') }],
    faults: [{ path: 'unet/diffusion_pytorch_model.safetensors', kind: 'cut', atByte: 200_000, times: 1 }],
  });
  // Storage that outlives a browser needs a profile of its own: a private window's is limited and thrown away.
  const open = async () => {
    const context = await chromium.launchPersistentContext(testInfo.outputPath('profile'), {
      executablePath: process.env.INLAY_BROWSER,
      args: ['--no-sandbox'],
    });
    const page = context.pages()[0] ?? (await context.newPage());
    await page.goto(harnessPage('engine.html'));
    await page.waitForFunction(() => window.engineHarness !== undefined);
    await page.evaluate((hubUrl) => window.engineHarness?.start('wasm', hubUrl), hub.url);
    return { context, page };
  };
  const paint = async (page: Page) => {
    const url = await page.evaluate(
      (input) => window.engineHarness?.paint(input, { width: 64, height: 64 }),
      request,
    );
    return decode(Buffer.from((url ?? '').split(',')[1] ?? '', 'base64'));
  };

  try {
    const first = await open();
    const downloaded = await paint(first.page);
    await first.context.close();
    const resumed = hub.log.filter(({ url, range }) => url.includes('unet/diffusion') && range !== undefined);
    expect(resumed.length).toBeGreaterThan(0);

    await hub.close();
    const second = await open();
    const kept = await paint(second.page);
    await second.context.close();
    expect(kept.data.equals(downloaded.data)).toBe(true);
  } finally {
    await hub.close().catch(() => {});
  }
});
