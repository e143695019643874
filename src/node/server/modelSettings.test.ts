import { openAsBlob } from 'node:fs';
import { expect, it } from 'vitest';
import { parseLocalOptions, parseRequest } from '../../contract/engine';
import { createPaintHost } from './painting/paintHost';
import { leftToModel } from './painting/runner';

const host = createPaintHost({
  threads: 1,
  folders: { tiny: 'goldens/models/sd15-inpaint', lcm: 'goldens/models/lcm' },
  hubUrl: 'http://127.0.0.1:9',
});

/** How the server reads a body. @returns how many steps were run */
async function stepsOf(model_name: string, more: Record<string, unknown> = {}): Promise<number> {
  const body = { model_name, prompt: 'a cat', seed: 1, image_url: 'data:,', mask_url: 'data:,', ...more };
  const [image_url, mask_url] = await Promise.all(
    ['input-64x64', 'mask-64x64'].map((name) => openAsBlob(`goldens/pictures/${name}.png`)),
  );
  const request = { ...parseRequest(body), image_url: image_url ?? '', mask_url: mask_url ?? '' };
  const options = parseLocalOptions({ leftToModel: leftToModel(body) });
  let painted = 0;
  await host.inpaint(request, options, {
    signal: new AbortController().signal,
    onProgress(progress) {
      if (progress.stage === 'denoise') painted = progress.steps;
    },
  });
  return painted;
}

it.each([
  ['the starter, by its id', 'starter', {}, 6],
  ['one whose UNet is told the guidance, by its configuration', 'lcm', {}, 4],
  // PNDM evaluates its second timestep twice.
  ['one that nothing is known of: the API’s default of 30', 'tiny', {}, 31],
  ['what the body says stands', 'starter', { num_inference_steps: 2 }, 2],
] as const)('steps that a request leaves out: %s', async (_what, name, more, steps) => {
  expect(await stepsOf(name, more)).toBe(steps);
});
