/**
 * WebGPU against WASM in one browser: the same tiny checkpoint, picture, mask, prompt and seed. Chromium's software
 * adapter (SwiftShader) stands in for a graphics device; it computes in fp32.
 */
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import type { InpaintInput } from '../src/engine/schema';
import { type DevServer, startDevServer } from './pages/devServer';
import { decibels, decode, maskWithDisc, photograph } from './pictures';
import { type StaticServer, serveFolder } from './static';

test.use({
  launchOptions: {
    executablePath: process.env.INLAY_BROWSER,
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  },
});

let models: StaticServer;
let server: DevServer;
test.beforeAll(async () => {
  models = await serveFolder('goldens');
  server = await startDevServer();
});
test.afterAll(async () => {
  await models.close();
  await server.close();
});

async function paint(page: Page, provider: 'wasm' | 'webgpu', request: InpaintInput) {
  await page.goto(`${server.origin}e2e/harness/engine.html`);
  await page.waitForFunction(() => window.engineHarness !== undefined);
  const url = await page.evaluate(
    ([chosen, input]) => window.engineHarness?.paint(chosen, input, { width: 64, height: 64 }),
    [provider, request] as const,
  );
  return decode(Buffer.from((url ?? '').split(',')[1] ?? '', 'base64'));
}

const dataUrl = (path: string) => `data:image/png;base64,${readFileSync(path).toString('base64')}`;

const checkpoints = ['sd15-inpaint', 'sd2-inpaint', 'sd15', 'sdxl-inpaint'].map((name) => `models/${name}`);
// An export's own first convolution has 9 channels too.
for (const model of [...checkpoints, 'onnx/inpaint']) {
  test(`${model}: the picture made on WebGPU is the one made on WASM`, async ({ page }, testInfo) => {
    test.setTimeout(400_000);
    const image = testInfo.outputPath('image.png');
    const mask = testInfo.outputPath('mask.png');
    await photograph(image, 64, 64);
    await maskWithDisc(mask, 64, 64);
    const request: InpaintInput = {
      model_name: `${models.origin}${model}/`,
      prompt: 'a photo of a cat',
      negative_prompt: 'blurry',
      image_url: dataUrl(image),
      mask_url: dataUrl(mask),
      num_inference_steps: 3,
      guidance_scale: 7.5,
      seed: 42,
    };
    const wasm = await paint(page, 'wasm', request);
    const webgpu = await paint(page, 'webgpu', request);
    const ratio = decibels(wasm, webgpu);
    console.log(`${model}: WebGPU against WASM ${ratio.toFixed(1)} dB`);
    expect(ratio).toBeGreaterThan(45);
  });
}
