import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryFile } from '../../../test/support/hub/files';
import { type Hub, startHub } from '../../../test/support/hub/hub';
import {
  hastyConnection,
  safetensors,
  type TemporaryStore,
  temporaryStore,
} from '../../../test/support/hub/hubServer';
import { loadDiffusion } from '../../../test/support/loadDiffusion';
import { CheckpointError, InputError } from '../../contract/errors';
import { folderFiles } from '../../node/folder';
import { createNodeRuntime } from '../../node/ort';
import { bytesSource } from '../checkpoint/reader';
import { withEmbeddings } from './attach';
import { readEmbeddingFile } from './file';
import { type Embedding, type EmbeddingChoice, openEmbedding } from './open';

const FOLDER = 'goldens/inversions';
const call = { signal: new AbortController().signal, onProgress: () => {} };

/** @param tensors values are counted up, except those that are given */
function fileOf(tensors: Record<string, { shape: number[]; values?: number[]; dtype?: string }>) {
  let end = 0;
  const header: Record<string, unknown> = {};
  const all: number[] = [];
  for (const [key, { shape, values, dtype = 'F32' }] of Object.entries(tensors)) {
    const count = shape.reduce((product, n) => product * n, 1);
    header[key] = { dtype, shape, data_offsets: [end, end + count * 4] };
    end += count * 4;
    all.push(...Array.from({ length: count }, (_, i) => values?.[i] ?? i));
  }
  const bytes = safetensors(JSON.stringify(header), new Uint8Array(new Float32Array(all).buffer));
  return bytesSource('test', new Uint8Array(bytes));
}

const golden = async (name: string) => bytesSource(name, new Uint8Array(await readFile(`${FOLDER}/${name}`)));

describe('files of textual inversions', () => {
  // By tools/goldens/inversions.py; the golden images show that the values are right (inversions.golden.test.ts).
  it.each([
    ['learned_embeds.bin', '<toy>', [1]],
    ['learned_embeds.safetensors', '<hat>', [3]],
    ['a1111.pt', 'soft-light', [2]],
    ['first.pt', undefined, [2]],
    ['emb-params.safetensors', undefined, [4]],
    ['xl.safetensors', undefined, [2, 2]],
  ])('%s is called %s', async (name, token, counts) => {
    const file = await readEmbeddingFile(await golden(name));
    expect(file.token).toBe(token);
    expect(file.tables.map(({ count }) => count)).toEqual(counts);
    for (const { values, count, width } of file.tables) expect(values).toHaveLength(count * width);
  });

  it.each<[string, Parameters<typeof fileOf>[0], RegExp]>([
    ['no vectors', {}, /holds no vectors/],
    [
      'a LoRA',
      { 'lora_unet_a.alpha': { shape: [1] }, 'lora_unet_a.lora_up.weight': { shape: [1, 2] } },
      /holds 2 tensors \("lora_unet_a.*a LoRA goes to the LoRAs/,
    ],
    ['one half', { clip_g: { shape: [1, 4] } }, /clip_g without clip_l/],
    [
      'unequal halves',
      { clip_l: { shape: [1, 4] }, clip_g: { shape: [2, 4] } },
      /1 vectors under clip_l and 2 under clip_g/,
    ],
    ['a picture', { x: { shape: [3, 4, 4] } }, /shape \[3, 4, 4\]/],
    ['no columns', { x: { shape: [2, 0] } }, /shape \[2, 0\]/],
    ['too many vectors', { x: { shape: [76, 2] } }, /76 vectors.*room for 75/],
    ['NaN', { x: { shape: [2, 2], values: [0, 1, Number.NaN, 3] } }, /holds NaN in its vector 2/],
    ['whole numbers', { x: { shape: [2, 2], dtype: 'I32' } }, /stored as I32/],
  ])('%s is refused by name', async (_, tensors, message) => {
    const refused = readEmbeddingFile(fileOf(tensors));
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ field: 'embeddings' });
  });

  it.each(['system-reduce', 'system-build', 'popen', 'eval-nested', 'getattr'])(
    'a pickle that asks for code is refused and not run: %s',
    async (name) => {
      const bytes = new Uint8Array(await readFile(`goldens/checkpoints/pickles/${name}.ckpt`));
      await expect(readEmbeddingFile(bytesSource(name, bytes))).rejects.toThrow(
        /refused, because its pickle asks for/,
      );
    },
  );
});

describe('embeddings by name', () => {
  let hub: Hub;
  let temporary: TemporaryStore;
  beforeAll(async () => {
    const file = async (name: string, path = name) => memoryFile(path, await readFile(`${FOLDER}/${name}`));
    hub = await startHub({
      repos: [
        {
          id: 'concepts/toy',
          files: [await file('learned_embeds.bin'), memoryFile('README.md', new Uint8Array(3))],
        },
        {
          id: 'concepts/many',
          files: [
            await file('a1111.pt'),
            await file('emb-params.safetensors', 'my 100% style.safetensors'),
            await file('first.pt'),
          ],
        },
        { id: 'concepts/pair', files: [await file('a1111.pt'), await file('first.pt')] },
        { id: 'concepts/none', files: [memoryFile('README.md', new Uint8Array(3))] },
        { id: 'concepts/model', files: [memoryFile('model.safetensors', new Uint8Array(33_000_000))] },
      ],
    });
    temporary = await temporaryStore();
  });
  afterAll(async () => {
    await hub.close();
    await temporary.remove();
  });
  const open = (choice: EmbeddingChoice, connection = hastyConnection(hub.url)) =>
    openEmbedding(choice, { store: temporary.store, connection, hubUrl: hub.url });

  it('takes the one of a repository, and the word that it is given', async () => {
    expect(await open({ source: 'concepts/toy' })).toMatchObject({ name: 'concepts/toy', token: '<toy>' });
    expect(await open({ source: 'concepts/toy', token: '<own>' })).toMatchObject({ token: '<own>' });
  });

  it('calls what has no name as its file is called', async () => {
    expect(await open({ source: 'concepts/many' })).toMatchObject({ token: 'my 100% style' });
    const source = {
      name: '/a/folder/Fine.v2.pt',
      blob: await openAsBlob(`${FOLDER}/first.pt`),
      version: '1',
    };
    expect(await open({ source })).toMatchObject({ name: '/a/folder/Fine.v2.pt', token: 'Fine.v2' });
  });

  it('needs no network for what it has', async () => {
    await open({ source: 'concepts/many' });
    const offline = { ...hastyConnection(hub.url), fetch: () => Promise.reject(new TypeError('offline')) };
    expect(await open({ source: 'concepts/many' }, offline)).toMatchObject({ token: 'my 100% style' });
  });

  it('names what is missing, unclear or too large, at its own field', async () => {
    const field = 'embeddings';
    await expect(open({ source: 'concepts/pair' })).rejects.toMatchObject({
      field,
      message: expect.stringMatching(
        /concepts\/pair holds 2 files; name one of them, as in concepts\/pair\/a1111\.pt/,
      ),
    });
    await expect(open({ source: 'concepts/none' })).rejects.toMatchObject({
      field,
      message: expect.stringMatching(/holds no embedding \(looked for \.safetensors, \.bin and \.pt files\)/),
    });
    await expect(open({ source: 'concepts/unknown' })).rejects.toBeInstanceOf(InputError);
    await expect(open({ source: 'concepts/model' })).rejects.toMatchObject({
      field,
      message: expect.stringMatching(/has 33 MB, where no file of an embedding has more than 32/),
    });
    const source = { name: 'page.pt', blob: new Blob(['<html>']), version: '1' };
    await expect(open({ source })).rejects.toMatchObject({
      field,
      message: expect.stringMatching(/^embedding page\.pt: this is a web page/),
    });
  });
});

describe('a model and its words', async () => {
  const runtime = await createNodeRuntime(1);
  const loaded = (name: string, folder = 'models') =>
    loadDiffusion(folderFiles(`goldens/${folder}/${name}`), runtime, call);
  const word = (token: string, shapes: [number, number][]): Embedding => ({
    name: 'test',
    token,
    digest: '1',
    tables: shapes.map(([count, width]) => ({ values: new Float32Array(count * width), count, width })),
  });

  it.each<[string, string, [number, number][], string]>([
    ['another family', 'sd15', [[1, 1024]], 'Stable Diffusion 2 (1024 wide)'],
    [
      'SDXL on one encoder',
      'sd15',
      [
        [1, 768],
        [1, 1280],
      ],
      'Stable Diffusion XL (768 and 1280 wide)',
    ],
    ['one encoder on SDXL', 'sdxl', [[2, 5]], 'a width of 5'],
  ])('%s is refused with both widths', async (_, name, shapes, made) => {
    const model = await loaded(name);
    const own = model.prompts.branches.map(({ table }) => table?.width).join(' and ');
    const refused = () => withEmbeddings(model, [word('<x>', shapes)]);
    expect(refused).toThrow(CheckpointError);
    expect(refused).toThrow(`it is made for ${made}, and model "${model.name}" takes a width of ${own};`);
  });

  it('refuses words that exist, as diffusers does', async () => {
    const model = await loaded('sd15');
    const width = model.prompts.branches[0]?.table?.width ?? 0;
    const one = (token: string, count = 1) => word(token, [[count, width]]);
    // A piece of the vocabulary counts, at the end of a word or within.
    expect(() => withEmbeddings(model, [one('at')])).toThrow(
      /"at" is a token of this model already; give it another name/,
    );
    expect(() => withEmbeddings(model, [one('<|endoftext|>')])).toThrow(/is a token of this model already/);
    expect(() => withEmbeddings(model, [one('<x>'), one('<x>')])).toThrow(
      /another one is called "<x>" already/,
    );
    expect(() => withEmbeddings(model, [one('<x>_1'), one('<x>', 2)])).toThrow(
      /another one is called "<x>_1" already/,
    );
    const trained = withEmbeddings(model, [one('<x>', 2)]);
    expect(() => withEmbeddings(trained, [one('<x>_1')])).toThrow(/"<x>_1" is a token of this model already/);
    expect(trained.prompts.words).not.toBe(withEmbeddings(model, [one('<y>', 2)]).prompts.words);
    expect(withEmbeddings(model, [])).toBe(model);
  });

  it('refuses ONNX exports by that name', async () => {
    const model = await loaded('inpaint', 'onnx');
    expect(() => withEmbeddings(model, [word('<x>', [[1, 8]])])).toThrow(
      /is an ONNX export, to which no word can be added/,
    );
  });
});
