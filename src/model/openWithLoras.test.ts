import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { memoryFile } from '../../test/support/hub/files';
import { goldenFiles } from '../../test/support/hub/hubServer';
import { crashing, hub, serve, temporary, tensorBytes, withHubAndStore } from '../../test/support/prepare';
import { createNodeRuntime } from '../node/ort';
import type { WeightStore } from '../storage/weights';
import { openCheckpoint } from './checkpoint/open';
import { blobSource, readTensor } from './checkpoint/reader';
import type { LoraChoice } from './lora/choice';
import { openModel } from './openModel';
import { type MergeProgress, openMerged } from './openWithLoras';
import { isPrepared, type PreparedFiles, storedModels } from './prepare/prepared';
import { createProduct } from './runtime/ortMatMul';
import { castBytes, isWeightType } from './weights/cast';
import type { Weights } from './weights/componentWeights';

withHubAndStore();
const runtime = await createNodeRuntime(1);

const PEFT = 'golden/lora/peft.safetensors';
const KOHYA = 'golden/lora/kohya.safetensors';

async function serveBoth(): Promise<void> {
  const loras = await Promise.all(
    ['peft', 'kohya', 'xl-peft-metadata'].map(async (name) =>
      memoryFile(`${name}.safetensors`, await readFile(`goldens/loras/${name}.safetensors`)),
    ),
  );
  await serve({
    repos: [
      { id: 'golden/sd15', files: await goldenFiles('sd15') },
      { id: 'golden/lora', files: loras },
    ],
  });
}

function open(
  loras: LoraChoice[],
  store: WeightStore = temporary.store,
  options = {},
): Promise<PreparedFiles> {
  const signal = new AbortController().signal;
  const openProduct = () => createProduct(runtime);
  const all = { openProduct, store, signal, hubUrl: hub.url, onProgress: () => {}, loras, ...options };
  return openMerged('golden/sd15', 'fp32', all);
}

async function floats({ index, files }: Weights, key: string): Promise<Float32Array> {
  const entry = index.get(key);
  const file = files.get(entry?.path ?? '');
  if (entry === undefined || !(file instanceof Blob)) throw new Error(`no ${key}`);
  return new Float32Array(await file.slice(entry.offset, entry.offset + entry.length).arrayBuffer());
}

describe('openMerged', () => {
  it('adds weight · alpha / rank · up · down, and nothing else', async () => {
    await serveBoth();
    const merged = await open([{ source: KOHYA, weight: 0.5 }]);
    const signal = new AbortController().signal;
    const base = await openModel('golden/sd15', 'fp32', {
      store: temporary.store,
      signal,
      hubUrl: hub.url,
      onProgress: () => {},
    });
    if (!isPrepared(base)) throw new Error('not prepared');
    const [before, after] = [await base.openWeights('unet', 'F32'), await merged.openWeights('unet', 'F32')];
    const stem = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q';
    const bytes = new Blob([await readFile('goldens/loras/kohya.safetensors')]);
    const { tensors } = await openCheckpoint(blobSource('kohya', bytes));
    const half = async (side: string) => {
      const tensor = tensors.get(`lora_unet_${stem.replaceAll('.', '_')}.${side}.weight`);
      if (tensor === undefined || !isWeightType(tensor.dtype)) throw new Error('no such half');
      const values = castBytes(await readTensor(tensor), tensor.dtype, 'F32').slice();
      return { values: new Float32Array(values.buffer), shape: tensor.shape };
    };
    const [up, down] = [await half('lora_up'), await half('lora_down')];
    const [rank = 0, width = 0] = down.shape;
    const [was, is] = [await floats(before, `${stem}.weight`), await floats(after, `${stem}.weight`)];
    for (let i = 0; i < was.length; i++) {
      let sum = was[i] ?? 0;
      for (let r = 0; r < rank; r++) {
        const row = Math.floor(i / width);
        sum +=
          0.5 * (2 / rank) * (up.values[row * rank + r] ?? 0) * (down.values[r * width + (i % width)] ?? 0);
      }
      expect(is[i]).toBeCloseTo(sum, 5);
    }
    expect(await floats(after, 'conv_in.weight')).toEqual(await floats(before, 'conv_in.weight'));
    const [vae, vaeBefore] = [await merged.openWeights('vae', 'F32'), await base.openWeights('vae', 'F32')];
    expect(await tensorBytes(vae)).toEqual(await tensorBytes(vaeBefore));
  });

  it('needs no network for another weight, and keeps one merge of a model', async () => {
    await serveBoth();
    await open([{ source: KOHYA, weight: 0.5 }]);
    await hub.close();
    const again = await open([{ source: KOHYA, weight: 0.5 }]);
    const other = await open([{ source: KOHYA, weight: 0.7 }]);
    expect(other.folder).not.toBe(again.folder);
    const names = (await storedModels(temporary.store)).map(({ folder }) => folder);
    expect(names).toContain(other.folder);
    expect(names).not.toContain(again.folder);
    expect(names).toHaveLength(3); // the model, the LoRA, and both in one
  });

  it('asks which file is meant, and says when there is none', async () => {
    await serveBoth();
    await expect(open([{ source: 'golden/lora', weight: 1 }])).rejects.toMatchObject({
      field: 'loras',
      message: expect.stringMatching(
        /holds 3 files; name one of them, as in golden\/lora\/kohya.safetensors/,
      ),
    });
    await expect(open([{ source: 'golden/lora/no.safetensors', weight: 1 }])).rejects.toMatchObject({
      field: 'loras',
      message: expect.stringMatching(/^loras: golden\/lora has no file "no.safetensors"/),
    });
    await expect(open([{ source: 'nothing', weight: 1 }])).rejects.toMatchObject({ field: 'loras' });
  });

  it('takes a file by its address', async () => {
    await serveBoth();
    const byAddress = await open([
      { source: `${hub.url}/golden/lora/resolve/main/peft.safetensors`, weight: 1 },
    ]);
    const byId = await open([{ source: PEFT, weight: 1 }]);
    expect(byAddress.folder).toBe(byId.folder);
  });

  it('refuses a LoRA of another family and leaves nothing half-merged', async () => {
    await serveBoth();
    await expect(
      open([{ source: 'golden/lora/xl-peft-metadata.safetensors', weight: 1 }]),
    ).rejects.toMatchObject({
      name: 'CheckpointError',
      field: 'loras',
      message: expect.stringMatching(
        /does not fit.*the model is Stable Diffusion 1, the LoRA was made for Stable Diffusion XL/,
      ),
    });
  });

  it('says how far it is, stops when it is told to, and merges all the same afterwards', async () => {
    await serveBoth();
    const loras = [{ source: PEFT, weight: 1 }];
    const whole = await open(loras);
    const expected = await tensorBytes(await whole.openWeights('unet', 'F32'));
    await temporary.store.model(whole.folder).clear();
    const stop = new AbortController();
    const told: MergeProgress[] = [];
    const onProgress = (progress: MergeProgress) => {
      told.push(progress);
      if (progress.stage === 'merge' && progress.file.startsWith('unet/')) stop.abort();
    };
    const stopped = open(loras, temporary.store, { onProgress, signal: stop.signal });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    const merging = told.filter(({ stage }) => stage === 'merge');
    expect(merging.length).toBeGreaterThan(0);
    expect(merging.at(-1)).toMatchObject({ totalBytes: expect.any(Number), loadedBytes: expect.any(Number) });
    const again = await open(loras);
    expect(await tensorBytes(await again.openWeights('unet', 'F32'))).toEqual(expected);
  });

  it('goes on after a crash in the middle of a merge, from what was safe', async () => {
    await serveBoth();
    const loras = [
      { source: PEFT, weight: 1 },
      { source: KOHYA, weight: 1 },
    ];
    const whole = await open(loras);
    const expected = await tensorBytes(await whole.openWeights('unet', 'F32'));
    await temporary.store.model(whole.folder).clear();
    let crashes = 0;
    for (const writes of [40, 120, 200]) {
      await open(loras, crashing(temporary.store, writes), { checkpointBytes: 50_000 }).catch(
        () => crashes++,
      );
    }
    expect(crashes).toBeGreaterThan(1);
    const resumed = await open(loras, temporary.store, { checkpointBytes: 50_000 });
    expect(await tensorBytes(await resumed.openWeights('unet', 'F32'))).toEqual(expected);
  });
});
