/**
 * Textual inversions against `load_textual_inversion` of diffusers 0.36 (`python tools/goldens/inversions.py`), in float32 on
 * WASM: token ids exact, embeddings of prompts to 1e-4, whole pictures to 60 dB. Without their embeddings the pictures are 11
 * to 18 dB away.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenValues, maxError } from '../../test/support/goldenGraph';
import { goldenInversions, inversionsOf, paintGolden } from '../../test/support/goldenPictures';
import { type TemporaryStore, temporaryStore } from '../../test/support/hub/hubServer';
import { loadDiffusion } from '../../test/support/loadDiffusion';
import { withEmbeddings } from '../model/embedding/attach';
import { openEmbeddings } from '../model/embedding/open';
import type { Runtime } from '../model/runtime/session';
import { connect } from '../model/source/download';
import { folderFiles } from '../node/folder';
import { createNodeRuntime } from '../node/ort';
import type { PromptEmbeddings } from './conditioning/promptEmbeddings';
import { InpaintCache } from './inpaint';
import type { DiffusionModel, Prompts } from './model';

const TOLERANCE = 1e-4;
const MIN_PSNR_DB = 60;
const KEPT = 24;

/** Opaque to those who run a model; these are Stable Diffusion's. */
const encode = async ({ prompts }: DiffusionModel, given: Prompts) =>
  (await prompts.encode(given, new InpaintCache(), (_, work) => work())) as PromptEmbeddings;

const { signal } = new AbortController();
let runtime: Runtime;
let temporary: TemporaryStore;
beforeAll(async () => {
  runtime = await createNodeRuntime(1);
  temporary = await temporaryStore();
});
afterAll(() => temporary.remove());

describe.each(goldenInversions)('$name: $model with $files', (golden) => {
  let base: DiffusionModel;
  let model: DiffusionModel;
  beforeAll(async () => {
    base = await loadDiffusion(folderFiles(`goldens/models/${golden.model}`), runtime, {
      signal,
      onProgress: () => {},
    });
    const connection = connect('https://hub.invalid', signal);
    const opened = await openEmbeddings(await inversionsOf(golden), { store: temporary.store, connection });
    model = withEmbeddings(base, opened);
  });
  afterAll(() => base.dispose());

  it('has the same ids', () => {
    expect(model.prompts.branches.map(({ tokenizer }) => [...tokenizer.encode(golden.prompt)])).toEqual(
      golden.ids,
    );
  });

  it('encodes prompts to the same values', async () => {
    const { prompt, negativePrompt } = golden;
    const value = goldenValues('inversions');
    const found = await encode(model, { prompt, negativePrompt, guidanceScale: 7.5 });
    const { states, pooled, tokens, width, rows } = found;
    for (const [part, row] of [
      ['negative', 0],
      ['positive', 1],
    ] as const) {
      const start = row * tokens * width;
      const own = { dims: [KEPT, width], values: states.slice(start, start + KEPT * width) };
      const at = `${golden.name}.${part}`;
      expect(maxError(own, value(at)), at).toBeLessThan(TOLERANCE);
      if (pooled === undefined) continue;
      const length = pooled.length / rows;
      const ofRow = { dims: [length], values: pooled.slice(row * length, (row + 1) * length) };
      const pooledAt = `${golden.name}.${part === 'positive' ? '' : 'negative_'}pooled`;
      expect(maxError(ofRow, value(pooledAt)), pooledAt).toBeLessThan(TOLERANCE);
    }
  });

  it('paints the same picture', async () => {
    const cache = new InpaintCache();
    try {
      const ratio = await paintGolden(model, golden, cache);
      console.info(`${golden.name}: ${ratio.toFixed(1)} dB`);
      expect(ratio, 'dB').toBeGreaterThan(MIN_PSNR_DB);
    } finally {
      cache.dispose();
    }
  });

  it('leaves the model as it was', async () => {
    // Its encoder can take vectors now: without any it returns what it did before.
    const prompt = { prompt: 'a boat', negativePrompt: '', guidanceScale: 1 };
    const fresh = await loadDiffusion(folderFiles(`goldens/models/${golden.model}`), runtime, {
      signal,
      onProgress: () => {},
    });
    expect((await encode(base, prompt)).states).toEqual((await encode(fresh, prompt)).states);
    expect(base.prompts.branches[0]?.tokenizer.has(golden.tokens[0] ?? '<toy>')).toBe(false);
    await fresh.dispose();
  });
});
