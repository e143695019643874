/** Images that would take too much of the server's time or memory are refused by their first bytes. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { post, required } from '../../../test/support/server';
import { start } from '../../../test/support/startServer';
import { parseLocalOptions, parseRequest } from '../../contract/engine';
import { joined } from '../../image/files/bytes';
import { pngChunk } from '../../image/files/pngChunks';
import { problemOf } from './http/problem';
import { createPaintHost } from './painting/paintHost';

const host = createPaintHost({ threads: 1, folders: {}, hubUrl: 'http://127.0.0.1:9' });
const sound = new Blob([readFileSync('goldens/pictures/input-64x64.png')]);
/** The header of a PNG of 16384 × 16384 pixels, which decoded would take 1 GB. */
const giant = new Blob([
  joined([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    pngChunk('IHDR', Uint8Array.of(0, 0, 0x40, 0, 0, 0, 0x40, 0, 8, 6, 0, 0, 0)),
    pngChunk('IDAT', new Uint8Array(20_000)),
  ]),
]);
const drawing = new Blob(['<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128"/>']);

it.each([
  [
    'a giant',
    { image_url: giant, mask_url: giant },
    'image_url',
    /is 16384 × 16384 pixels; sides from 64 to 2048/,
  ],
  ['a giant mask', { image_url: sound, mask_url: giant }, 'mask_url', /the mask is 16384 × 16384 pixels/],
  ['a drawing', { image_url: drawing, mask_url: sound }, 'image_url', /SVG/],
  ['a drawing as mask', { image_url: sound, mask_url: drawing }, 'mask_url', /SVG/],
])(
  '%s is refused before it is decoded, and before a model is looked for',
  async (_what, files, field, words) => {
    const request = parseRequest({
      ...{ model_name: 'owner/of-none', prompt: '', image_url: 'data:,', mask_url: 'data:,' },
    });
    const before = process.memoryUsage.rss();
    const call = { signal: new AbortController().signal, onProgress() {} };
    const error: unknown = await host
      .inpaint({ ...request, ...files }, parseLocalOptions({}), call)
      .catch((e) => e);
    expect(process.memoryUsage.rss() - before).toBeLessThan(100e6);
    expect(problemOf(error)).toMatchObject({ status: 422, detail: [{ loc: ['body', field] }] });
    expect(String(error)).toMatch(words);
  },
);

it('for the fill, which takes images of any shape, a giant is refused by its pixels', async () => {
  const request = parseRequest({
    ...{ model_name: 'fill', prompt: '', image_url: 'data:,', mask_url: 'data:,' },
  });
  const call = { signal: new AbortController().signal, onProgress() {} };
  const files = { image_url: giant, mask_url: giant };
  const error: unknown = await host
    .inpaint({ ...request, ...files }, parseLocalOptions({}), call)
    .catch((e) => e);
  expect(problemOf(error)).toMatchObject({ status: 422, detail: [{ loc: ['body', 'image_url'] }] });
  expect(String(error)).toMatch(/16384 × 16384 pixels are too many to fill at once, 32 megapixels at most/);
});

it('a data URI of a million percent signs holds up nobody', async () => {
  const { url } = await start();
  const image_url = `data:image/png,${'%41'.repeat(1_000_000)}`;
  const answer = post(`${url}/fal-ai/inpaint`, { ...required, image_url });
  const asked = performance.now();
  expect((await fetch(`${url}/health`)).status).toBe(200);
  await answer;
  expect(performance.now() - asked).toBeLessThan(2_000);
});
