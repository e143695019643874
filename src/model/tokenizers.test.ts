import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadDiffusion } from '../../test/support/loadDiffusion';
import { folderFiles } from '../node/folder';
import { createNodeRuntime } from '../node/ort';
import { diskWeightStore } from '../node/weightStore';
import { parseSafetensorsHeader, safetensorsHeaderBytes } from './checkpoint/safetensors';
import type { CheckpointFiles } from './files';
import { prepareSource } from './openModel';
import { connect } from './source/download';
import { localModel } from './source/source';

const FOLDER = 'goldens/models/sd15-inpaint';
const TABLE = 'text_model.embeddings.token_embedding.weight';
const call = { signal: new AbortController().signal, onProgress: () => {} };
const scratch = await mkdtemp(join(tmpdir(), 'inlay-tokenizers-'));
afterAll(() => rm(scratch, { recursive: true }));

const PATHS = [
  'model_index.json',
  'scheduler/scheduler_config.json',
  'tokenizer/vocab.json',
  'tokenizer/merges.txt',
  'tokenizer/tokenizer_config.json',
  'tokenizer/special_tokens_map.json',
  'text_encoder/config.json',
  'text_encoder/model.safetensors',
  'unet/config.json',
  'unet/diffusion_pytorch_model.safetensors',
  'vae/config.json',
  'vae/diffusion_pytorch_model.safetensors',
];

/** The golden model's files, some of them replaced. @param changes by path; null: missing */
async function changed(changes: Record<string, string | Uint8Array<ArrayBuffer> | null>) {
  const files = new Map<string, Blob>();
  for (const path of PATHS) files.set(path, new Blob([await readFile(`${FOLDER}/${path}`)]));
  for (const [path, content] of Object.entries(changes)) {
    if (content === null) files.delete(path);
    else files.set(path, new Blob([content]));
  }
  return files;
}

function asFolder(files: ReadonlyMap<string, Blob>): CheckpointFiles {
  return {
    name: 'changed',
    async read(path) {
      const blob = files.get(path);
      return blob === undefined ? undefined : new Uint8Array(await blob.arrayBuffer());
    },
  };
}

const text = (path: string) => readFile(`${FOLDER}/${path}`, 'utf8');

/** What transformers 5 writes: the vocabulary within, and no other file of it. */
async function wholeAlone() {
  const merges = (await text('tokenizer/merges.txt')).trim().split('\n').slice(1);
  const vocab = JSON.parse(await text('tokenizer/vocab.json')) as Record<string, number>;
  const added = ['<|startoftext|>', '<|endoftext|>'].map((content) => ({
    id: vocab[content],
    content,
    special: true,
  }));
  return changed({
    'tokenizer/vocab.json': null,
    'tokenizer/merges.txt': null,
    'tokenizer/special_tokens_map.json': null,
    'tokenizer/tokenizer_config.json': JSON.stringify({ model_max_length: 77, pad_token: '<|endoftext|>' }),
    'tokenizer/tokenizer.json': JSON.stringify({
      added_tokens: added,
      model: { type: 'BPE', vocab, merges: merges.map((line) => line.split(' ')) },
    }),
  });
}

it('a folder that transformers 5 saved is read as it stands, and prepared', async () => {
  const files = await wholeAlone();
  const runtime = await createNodeRuntime(1);
  const prepared = await prepareSource(
    localModel('disk:five', files),
    'fp32',
    connect('https://hub.invalid', call.signal),
    {
      store: diskWeightStore(scratch),
      onProgress: () => {},
    },
  );
  for (const each of [asFolder(files), prepared]) {
    const model = await loadDiffusion(each, runtime, call);
    expect([...(model.prompts.branches[0]?.tokenizer.encode('a photo of a cat') ?? [])].slice(0, 9)).toEqual([
      998, 320, 816, 531, 539, 320, 66, 536, 999,
    ]);
    await model.dispose();
  }
});

/** The text encoder with one row more, which is that of `token`. */
async function withRowOf(token: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(await readFile(`${FOLDER}/text_encoder/model.safetensors`));
  const end = safetensorsHeaderBytes(bytes.subarray(0, 8), 'model');
  const tensors = [...parseSafetensorsHeader(bytes.subarray(0, end), bytes.byteLength, 'model')];
  const id = (JSON.parse(await text('tokenizer/vocab.json')) as Record<string, number>)[token] ?? -1;
  const header: Record<string, unknown> = {};
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const [key, { dtype, shape, offset: from, length }] of tensors) {
    const own = bytes.slice(from, from + length);
    const [rows = 0, ...others] = shape;
    const rowBytes = length / rows;
    const more = key === TABLE ? [own, own.slice(id * rowBytes, (id + 1) * rowBytes)] : [own];
    const size = more.reduce((sum, { byteLength }) => sum + byteLength, 0);
    header[key] = {
      dtype,
      shape: key === TABLE ? [rows + 1, ...others] : shape,
      data_offsets: [offset, offset + size],
    };
    parts.push(...more);
    offset += size;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  return new Uint8Array(await new Blob([length, json, ...parts]).arrayBuffer());
}

async function statesOf(files: CheckpointFiles, prompt: string): Promise<Float32Array> {
  const model = await loadDiffusion(files, await createNodeRuntime(1), call);
  const [branch] = model.prompts.branches;
  if (branch === undefined) throw new Error('the model has no text encoder');
  const encoder = await branch.encoder();
  const { states } = await encoder.encode(branch.tokenizer.encode(prompt), 1);
  await model.dispose();
  return states;
}

it('a token that training added has its own row', async () => {
  const config = JSON.parse(await text('text_encoder/config.json')) as Record<string, unknown>;
  const trained = {
    'text_encoder/config.json': JSON.stringify({ ...config, vocab_size: 1001 }),
    'text_encoder/model.safetensors': await withRowOf('night</w>'),
    'tokenizer/added_tokens.json': JSON.stringify({ '<my-toy>': 1000 }),
  };
  const night = await statesOf(folderFiles(FOLDER), 'a photo of a night in a night');
  expect(await statesOf(asFolder(await changed(trained)), 'a photo of a <my-toy> in a <my-toy>')).toEqual(
    night,
  );
});

it('a tokenizer with more tokens than the text encoder has rows is told, not run', async () => {
  const files = asFolder(
    await changed({ 'tokenizer/added_tokens.json': JSON.stringify({ '<my-toy>': 1000 }) }),
  );
  await expect(statesOf(files, 'a <my-toy>')).rejects.toThrow(/id 1000, but the text encoder has 1000 rows/);
  await expect(statesOf(files, 'a cat')).resolves.toBeInstanceOf(Float32Array);
});

it('a folder without any tokenizer says what was looked for', async () => {
  const files = await changed({ 'tokenizer/vocab.json': null });
  await expect(loadDiffusion(asFolder(files), await createNodeRuntime(1), call)).rejects.toThrow(
    /tokenizer\/ has neither vocab\.json with merges\.txt nor tokenizer\.json/,
  );
});
