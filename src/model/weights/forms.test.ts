import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenPictures, paintPixels } from '../../../test/support/goldenPictures';
import { packSafetensors, singleSafetensors } from '../../../test/support/hub/hubServer';
import { loadDiffusion } from '../../../test/support/loadDiffusion';
import { storedAs } from '../../graph/onnx/types';
import { folderFiles, localSource } from '../../node/folder';
import { createNodeRuntime } from '../../node/ort';
import { diskWeightStore } from '../../node/weightStore';
import { InpaintCache } from '../../pipeline/cache';
import { parseSafetensorsHeader } from '../checkpoint/safetensors';
import type { CheckpointFiles } from '../files';
import { clipVocabulary, prepareSource } from '../openModel';
import type { PreparedFiles } from '../prepare/prepared';
import type { Runtime } from '../runtime/session';
import { connect } from '../source/download';
import { HUB_URL } from '../source/modelName';
import { localModel, type Source } from '../source/source';
import { castBytes } from './cast';
import { float32ToHalf } from './half';

// goldens/checkpoints/sd15.ckpt and sd15-bin hold the weights of goldens/models/sd15 in other forms
// (tools/goldens/checkpoints.py). The folder is read as is; everything else goes through prepareModel.

const FOLDER = 'goldens/models/sd15';
const signal = new AbortController().signal;
let runtime: Runtime;
let cache: string;

beforeAll(async () => {
  runtime = await createNodeRuntime(1);
  cache = await mkdtemp(join(tmpdir(), 'inlay-forms-'));
});
afterAll(() => rm(cache, { recursive: true, force: true }));

function prepared(source: Source, precision: 'fp32' | 'fp16' = 'fp32'): Promise<PreparedFiles> {
  const tokenizer = () => clipVocabulary(folderFiles(FOLDER), signal);
  return prepareSource(source, precision, connect(HUB_URL, signal), {
    store: diskWeightStore(cache),
    onProgress: () => {},
    tokenizer,
  });
}

async function picture(files: CheckpointFiles): Promise<string> {
  const golden = goldenPictures.find(({ name }) => name === '4-own-pndm');
  if (golden === undefined) throw new Error('no golden picture of sd15');
  const model = await loadDiffusion(files, runtime, { signal, onProgress: () => {} });
  const runs = new InpaintCache();
  try {
    return Buffer.from((await paintPixels(model, golden, runs)).data).toString('base64');
  } finally {
    runs.dispose();
    await model.dispose();
  }
}

/** The folder with some of its files in another form. */
async function replaced(name: string, change: (files: Map<string, Blob>) => Promise<void>): Promise<Source> {
  const files = new Map<string, Blob>();
  for (const path of [
    'model_index.json',
    'scheduler/scheduler_config.json',
    'tokenizer/vocab.json',
    'tokenizer/merges.txt',
    'tokenizer/tokenizer_config.json',
    'tokenizer/special_tokens_map.json',
    ...['text_encoder', 'unet', 'vae'].map((folder) => `${folder}/config.json`),
    'text_encoder/model.safetensors',
    'unet/diffusion_pytorch_model.safetensors',
    'vae/diffusion_pytorch_model.safetensors',
  ]) {
    files.set(path, new Blob([await readFile(join(FOLDER, path))]));
  }
  await change(files);
  return localModel(name, files);
}

async function withBins(files: Map<string, Blob>): Promise<void> {
  for (const [folder, stem, bin] of [
    ['text_encoder', 'model', 'pytorch_model'],
    ['vae', 'diffusion_pytorch_model', 'diffusion_pytorch_model'],
  ] as const) {
    files.delete(`${folder}/${stem}.safetensors`);
    files.set(
      `${folder}/${bin}.bin`,
      new Blob([await readFile(`goldens/checkpoints/sd15-bin/${folder}/${bin}.bin`)]),
    );
  }
}

describe('the same weights in other forms', () => {
  it('give the folder’s picture, byte for byte', async () => {
    const expected = await picture(folderFiles(FOLDER));
    expect(await picture(await prepared(await localSource(FOLDER)))).toBe(expected);
    expect(await picture(await prepared(await replaced('bins', withBins)))).toBe(expected);
    // A single file leaves configurations out: those beside it override what is derived from shapes.
    const single = await replaced('ckpt', async (files) => {
      for (const path of [...files.keys()]) if (path.endsWith('.safetensors')) files.delete(path);
      files.set('sd15.ckpt', new Blob([await readFile('goldens/checkpoints/sd15.ckpt')]));
    });
    const ckpt = await prepared({ ...single, only: 'sd15.ckpt' });
    expect(await picture(ckpt)).toBe(expected);
    const file = await replaced('single', async (files) => {
      for (const path of [...files.keys()]) if (path.endsWith('.safetensors')) files.delete(path);
      files.set('sd15.safetensors', new Blob([await singleSafetensors()]));
    });
    expect(await picture(await prepared({ ...file, only: 'sd15.safetensors' }))).toBe(expected);
  });
});

describe('checkpoints in bf16, fp16 and fp32', () => {
  const PATH = 'unet/diffusion_pytorch_model.safetensors';

  /** Every tensor of the file in another type; the values by key as that type holds them, in float32. */
  async function stored(type: 'F32' | 'F16' | 'BF16') {
    const bytes = new Uint8Array(await readFile(join(FOLDER, PATH)));
    const values = new Map<string, Float32Array>();
    const packed: [string, { dtype: string; shape: readonly number[]; values: Uint8Array }][] = [];
    for (const [key, { shape, offset, length }] of parseSafetensorsHeader(bytes, bytes.byteLength, PATH)) {
      const exact = new Float32Array(bytes.slice(offset, offset + length).buffer);
      let part: Uint8Array<ArrayBuffer> = new Uint8Array(exact.buffer);
      if (type === 'F16') part = new Uint8Array(float32ToHalf(exact).buffer);
      // The upper half of the bits: a value that bfloat16 holds, whichever way it was rounded.
      if (type === 'BF16') {
        const halves = new Uint16Array(exact.buffer).filter((_, i) => i % 2 === 1);
        part = new Uint8Array(halves.buffer);
        for (let i = 0; i < exact.length; i++) {
          const bits = new Uint32Array(exact.buffer, i * 4, 1);
          bits[0] = ((bits[0] ?? 0) & 0xffff_0000) >>> 0;
        }
      }
      packed.push([key, { dtype: type, shape, values: part }]);
      const held = type === 'F16' ? castBytes(part, 'F16', 'F32') : new Uint8Array(exact.buffer);
      values.set(key, new Float32Array(held.slice().buffer));
    }
    return { file: packSafetensors(packed), values };
  }

  it.each([
    ['F32', 'fp32'],
    ['F16', 'fp32'],
    ['BF16', 'fp32'],
    ['F32', 'fp16'],
    ['F16', 'fp16'],
    ['BF16', 'fp16'],
  ] as const)('%s is stored as %s', async (type, precision) => {
    const { file, values } = await stored(type);
    const source = await replaced(`${type} ${precision}`, async (files) => {
      files.set(PATH, new Blob([file]));
    });
    const { index, files } = await (await prepared(source, precision)).openWeights(
      'unet',
      storedAs[precision],
    );
    expect([...index.keys()].sort()).toEqual([...values.keys()].sort());
    for (const [key, { path, offset, length, dtype }] of index) {
      expect(dtype).toBe(precision === 'fp16' ? 'F16' : 'F32');
      const blob = files.get(path);
      if (!(blob instanceof Blob)) throw new Error(`no ${path}`);
      const bytes = Buffer.from(await blob.slice(offset, offset + length).arrayBuffer());
      const exact = values.get(key) ?? new Float32Array();
      const expected = precision === 'fp16' ? float32ToHalf(exact) : exact;
      expect(bytes.equals(Buffer.from(expected.buffer, expected.byteOffset, expected.byteLength)), key).toBe(
        true,
      );
    }
  });
});
