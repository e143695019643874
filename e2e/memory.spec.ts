/** Memory that does not suffice: refused before the download, or met in the midst of a run. */
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import type { InpaintInput } from '../src/engine/schema';
import type { Mishap } from './harness/memoryWorker';
import { folderFiles } from './hub/files';
import { startHub } from './hub/hub';
import { askedWeightBytes, unfetchedRepo } from './hub/testing';
import { type DevServer, startDevServer } from './pages/devServer';
import { decibels, decode, maskWithDisc, photograph } from './pictures';

test.use({
  launchOptions: {
    executablePath: process.env.INLAY_BROWSER,
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  },
});

let server: DevServer;
test.beforeAll(async () => {
  server = await startDevServer();
});
test.afterAll(() => server.close());

const dataUrl = (path: string) => `data:image/png;base64,${readFileSync(path).toString('base64')}`;

async function start(page: Page, provider: 'wasm' | 'webgpu', hubUrl: string) {
  await page.goto(`${server.origin}e2e/harness/memory.html`);
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

for (const { mishap, name, message } of [
  { mishap: 'lose', name: 'DeviceLostError', message: /the graphics device was lost .*press Generate again/ },
  // From here on each network leaves before the next one loads.
  {
    mishap: 'exhaust',
    name: 'OutOfMemoryError',
    message: /memory does not suffice .*one network at a time/,
  },
] as const) {
  test(`${mishap}: a clear message, and the next run paints the right picture`, async ({ page }) => {
    test.setTimeout(540_000);
    const hub = await startHub({
      repos: [{ id: 'golden/sd15-inpaint', files: await folderFiles('goldens/models/sd15-inpaint') }],
    });
    try {
      const request = await requestFor('golden/sd15-inpaint');
      const paint = await start(page, 'webgpu', hub.url);
      expect(await paint(request, 64, mishap)).toMatchObject({
        name,
        message: expect.stringMatching(message),
      });
      const after = await paint(request, 64);
      const reference = await (await start(page, 'wasm', hub.url))(request, 64);
      expect(decibels(await pictureOf(after), await pictureOf(reference))).toBeGreaterThan(45);
    } finally {
      await hub.close();
    }
  });
}

type Outcome = Awaited<ReturnType<Awaited<ReturnType<typeof start>>>>;

async function pictureOf(outcome: Outcome) {
  if (outcome === undefined || !('picture' in outcome)) throw new Error(JSON.stringify(outcome));
  return decode(Buffer.from(outcome.picture, 'base64'));
}

test('a model that cannot fit is refused with figures before any of its weights are fetched', async ({
  page,
}) => {
  test.setTimeout(300_000);
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
