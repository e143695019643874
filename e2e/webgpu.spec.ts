/**
 * WebGPU in a browser against diffusers' pictures (goldens/): two families with nine channels, a LoRA, an ONNX export.
 * Chromium's software adapter (SwiftShader) stands in for a GPU; it computes in fp32, and takes most of the
 * time to compile: one engine paints them one after another, as a page in use does. All families and kinds are painted
 * under Node, where it takes seconds: src/pipeline/webgpu.golden.test.ts.
 */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import {
  type GoldenPicture,
  goldenLoraPictures,
  goldenPictures,
  goldenPicturesIn,
} from '../test/support/goldenPictures';
import { harnessPage } from '../test/support/pages/harness';
import { type StaticServer, serveFolder } from '../test/support/pages/serveFolder';
import { expect, test } from '../test/support/pages/test';
import { decibels, decode } from '../test/support/pictures';

test.use({
  launchOptions: {
    executablePath: process.env.INLAY_BROWSER,
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  },
});

let models: StaticServer;
let page: Page;
test.beforeAll(async ({ browser }) => {
  models = await serveFolder('goldens');
  page = await browser.newPage();
  await page.goto(harnessPage('engine.html'));
  await page.waitForFunction(() => window.engineHarness !== undefined);
  await page.evaluate(() => window.engineHarness?.start('webgpu'));
});
test.afterAll(async () => {
  await page.close();
  await models.close();
});

const dataUrl = (path: string) => `data:image/png;base64,${readFileSync(path).toString('base64')}`;

/** @param loras names of files in goldens/loras, and their weights */
function paints(
  golden: GoldenPicture | undefined,
  folder: string,
  models_: string,
  loras: [string, number][] = [],
) {
  if (golden === undefined) throw new Error('there is no such golden picture');
  test(`${models_}/${golden.model}: ${golden.name} @slow`, async () => {
    const request = {
      model_name: `${models.origin}${models_}/${golden.model}/`,
      prompt: golden.prompt,
      negative_prompt: golden.negativePrompt,
      image_url: dataUrl(`${folder}/${golden.image}`),
      mask_url: dataUrl(`${folder}/${golden.mask}`),
      num_inference_steps: golden.steps,
      guidance_scale: golden.guidance,
      seed: golden.seed,
    };
    const { width, height, strength, scheduler } = golden;
    const options = {
      ...{ width, height, strength, scheduler },
      loras: loras.map(([name, weight]) => ({ source: `${models.origin}loras/${name}.safetensors`, weight })),
    };
    const url = await page.evaluate(([input, chosen]) => window.engineHarness?.paint(input, chosen), [
      request,
      options,
    ] as const);
    const painted = await decode(Buffer.from((url ?? '').split(',')[1] ?? '', 'base64'));
    const ratio = decibels(painted, await decode(`${folder}/${golden.output}`));
    console.log(`${golden.name}: ${ratio.toFixed(1)} dB`);
    expect(ratio).toBeGreaterThan(45);
  });
}

const PICTURES = 'goldens/pictures';
const EXPORTS = 'goldens/onnx/pictures';
const named = <Case extends GoldenPicture>(cases: readonly Case[], name: string) =>
  cases.find((each) => each.name === name);

paints(named(goldenPictures, 'own-pndm'), PICTURES, 'models');
paints(named(goldenPictures, 'xl-strength'), PICTURES, 'models');
const lcm = named(goldenLoraPictures, 'lcm-4-steps');
paints(lcm, PICTURES, 'models', lcm?.loras);
// An export's own first convolution has 9 channels too.
paints(named(goldenPicturesIn(EXPORTS), 'inpaint'), EXPORTS, 'onnx');
