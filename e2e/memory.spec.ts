/** Memory that does not suffice: refused before the download, or met in the midst of a run. */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import type { InpaintInput } from '../src/contract/schema';
import { folderFiles } from '../test/support/hub/files';
import { startHub } from '../test/support/hub/hub';
import { askedWeightBytes, unfetchedRepo } from '../test/support/hub/hubServer';
import { harnessPage } from '../test/support/pages/harness';
import { expect, test } from '../test/support/pages/test';
import { decibels, decode, maskWithDisc, photograph } from '../test/support/pictures';
import type { Mishap } from './harness/memoryWorker';

test.use({
  launchOptions: {
    executablePath: process.env.INLAY_BROWSER,
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  },
});

const dataUrl = (path: string) => `data:image/png;base64,${readFileSync(path).toString('base64')}`;

async function start(page: Page, provider: 'wasm' | 'webgpu', hubUrl: string) {
  await page.goto(harnessPage('memory.html'));
  await page.waitForFunction(() => window.memoryHarness !== undefined);
  await page.evaluate(([p, url]) => window.memoryHarness?.start(p, url), [provider, hubUrl] as const);
  return (request: InpaintInput, side: number, mishap?: Mishap) =>
    page.evaluate(([input, s, what]) => window.memoryHarness?.paint(input, { width: s, height: s }, what), [
      request,
      side,
      mishap,
    ] as const);
}

async function requestFor(model_name: string): Promise<InpaintInput> {
  const image = test.info().outputPath('image.png');
  const mask = test.info().outputPath('mask.png');
  await photograph(image, 64, 64);
  await maskWithDisc(mask, 64, 64);
  return {
    model_name,
    prompt: 'a photo of a cat',
    image_url: dataUrl(image),
    mask_url: dataUrl(mask),
    num_inference_steps: 2,
    seed: 42,
  };
}

test('a lost device, memory that runs out: a clear message each, and the next run paints the right picture @slow', async ({
  page,
}) => {
  test.setTimeout(600_000);
  const hub = await startHub({
    repos: [{ id: 'golden/sd15-inpaint', files: await folderFiles('goldens/models/sd15-inpaint') }],
  });
  try {
    const request = await requestFor('golden/sd15-inpaint');
    const paint = await start(page, 'webgpu', hub.url);
    expect(await paint(request, 64, 'lose')).toMatchObject({
      name: 'DeviceLostError',
      message: expect.stringMatching(/the GPU was lost .*press Generate again/),
    });
    const afterLoss = await pictureOf(await paint(request, 64));
    // From here on each network leaves before the next one loads.
    expect(await paint(request, 64, 'exhaust')).toMatchObject({
      name: 'OutOfMemoryError',
      message: expect.stringMatching(/not have enough memory .*one network at a time/),
    });
    const afterExhaustion = await pictureOf(await paint(request, 64));
    const reference = await pictureOf(await (await start(page, 'wasm', hub.url))(request, 64));
    expect(decibels(afterLoss, reference)).toBeGreaterThan(45);
    expect(decibels(afterExhaustion, reference)).toBeGreaterThan(45);
  } finally {
    await hub.close();
  }
});

type Outcome = Awaited<ReturnType<Awaited<ReturnType<typeof start>>>>;

async function pictureOf(outcome: Outcome) {
  if (outcome === undefined || !('picture' in outcome)) throw new Error(JSON.stringify(outcome));
  return decode(Buffer.from(outcome.picture, 'base64'));
}

test('a model that cannot fit is refused with figures before any of its weights are fetched @slow', async ({
  page,
}) => {
  const hub = await startHub({ repos: [unfetchedRepo('true/sd15', 'sd15')] });
  try {
    const paint = await start(page, 'wasm', hub.url);
    const refusal = await paint(await requestFor('true/sd15'), 1024);
    expect(refusal).toMatchObject({
      name: 'TooLargeError',
      code: 'too_large',
      figures: { component: 'unet' },
    });
    expect(refusal).toMatchObject({ message: expect.stringMatching(/needs 5\.\d GB .* 3\.9 GB can be had/) });
    // Headers of the files' weights alone were asked for, by range.
    expect(askedWeightBytes(hub.log)).toBeGreaterThan(0);
    expect(askedWeightBytes(hub.log)).toBeLessThan(2_000_000);
  } finally {
    await hub.close();
  }
});
