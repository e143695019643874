/**
 * Removal models through the whole road: chosen at the repository's root, prepared, opened and run. Their graphs and expected
 * values were made by `python tools/goldens/removal.py` (torch 2.9.1, onnx 1.19.1, onnxruntime 1.23.2): LaMa's and MI-GAN's
 * architectures, narrow and with random weights. At true size: `removal.py --true DIR`, then this test with INLAY_REMOVAL=DIR.
 */
import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOnce } from '../../../test/support/goldenGraph';
import { type TemporaryStore, temporaryStore } from '../../../test/support/hub/hubServer';
import { ModelProtoSchema } from '../../graph/onnx/generated/onnx_pb';
import { wasmTarget } from '../../graph/onnx/targets';
import { describeExport } from '../../graph/onnxExport/editor';
import { readExported } from '../../graph/onnxExport/read';
import { adaptRemoval, cutExport } from '../../graph/onnxExport/removal';
import { createHost, type ModelHost } from '../../host/createHost';
import type { Mask, Pixels } from '../../image/raster';
import { createMask, createPixels } from '../../image/raster';
import { cliPlatform } from '../../node/cli/cliPlatform';
import { bytesSource } from '../checkpoint/reader';
import { planModel } from '../prepare/plan';
import { localModel } from '../source/source';

const FOLDER = process.env.INLAY_REMOVAL ?? 'goldens/removal';
const { lama } = JSON.parse(readFileSync(`${FOLDER}/about.json`, 'utf8')) as {
  lama: { shape: [number, number, number] };
};
const [, SIDE] = lama.shape;
const call = { signal: new AbortController().signal, onProgress() {} };

/** `picture` of removal.py: colours that vary, the right half to be removed. */
function picture(): { image: Pixels; hole: Mask } {
  const [image, hole] = [
    createPixels({ width: SIDE, height: SIDE }),
    createMask({ width: SIDE, height: SIDE }),
  ];
  for (let i = 0; i < SIDE * SIDE; i++) {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    image.data.set([(x * 5 + y) % 256, (x + y * 3) % 256, (x * y) % 256, 255], i * 4);
    if (x >= SIDE / 2) hole.data[i] = 255;
  }
  return { image, hole };
}

/** [3, 32, 32] as ONNX Runtime in Python gave it. */
function expected(name: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(`${FOLDER}/${name}.f32`)).buffer);
}

describe('removal models', () => {
  let temporary: TemporaryStore;
  let host: ModelHost;
  beforeAll(async () => {
    temporary = await temporaryStore();
    host = createHost({ ...cliPlatform(1), store: temporary.store });
  });
  afterAll(async () => {
    await host.release();
    await temporary.remove();
  });

  it.each([
    ['lama', 'lama_fp32.onnx'],
    ['migan', 'generator-migan.onnx'],
  ])('%s: the half that is masked is the network’s, the other the image’s own', async (name, file) => {
    const { image, hole } = picture();
    const values = expected(name);
    await host.withModel({ name: `${FOLDER}/${file}` }, undefined, call, async ({ model }) => {
      if (model.task !== 'remove') throw new TypeError('it removes');
      expect(model).toMatchObject({ fixedSize: { width: SIDE, height: SIDE }, removes: true });
      const { data } = await model.run(image, hole, { seed: 1, signal: call.signal, onProgress() {} });
      const wrong: string[] = [];
      for (let i = 0; i < SIDE * SIDE; i++) {
        for (let c = 0; c < 3; c++) {
          const known = hole.data[i] === 0;
          const value = Math.min(255, Math.max(0, values[c * SIDE * SIDE + i] ?? 0));
          const right = known ? image.data[i * 4 + c] : value;
          // Bytes are rounded: half of one, and 1e-4 of their range.
          const most = known ? 0 : 0.5 + 0.0255;
          if (Math.abs((data[i * 4 + c] ?? 0) - (right ?? 0)) > most)
            wrong.push(`${i} ${c}: ${data[i * 4 + c]} for ${right}`);
        }
      }
      expect(wrong).toEqual([]);
      // With the masks' meaning turned round the network would have painted from the other half.
      const turned = { ...hole, data: hole.data.map((value) => 255 - value) };
      const right = SIDE - 4;
      const other = await model.run(image, turned, { seed: 1, signal: call.signal, onProgress() {} });
      expect([...other.data.subarray(right * 4, right * 4 + 3)]).toEqual([
        ...image.data.subarray(right * 4, right * 4 + 3),
      ]);
    });
  });
});

async function exported(file: string) {
  const bytes = new Uint8Array(readFileSync(`${FOLDER}/${file}`));
  const { skeleton } = await readExported(bytesSource(file, bytes), async () => undefined);
  return { bytes, skeleton };
}

const cut = {
  from: '/Concat_23_output_0',
  to: '/model/synthesis/b512/Add_1_output_0',
  dims: [1, 4, 'height', 'width'],
};

it('the program around MI-GAN is cut off, and what is left gives the generator’s values', async () => {
  // With its weights in it, as a small file has them.
  const { bytes } = await exported('migan_pipeline_v2.onnx');
  const generator = cutExport(bytes, cut);
  const operators = fromBinary(ModelProtoSchema, generator).graph?.node.map(({ opType }) => opType) ?? [];
  expect(operators).toContain('Conv');
  expect(operators).not.toContain('NonZero');
  const { inputs, outputs } = describeExport(generator);
  const [output] = [...outputs.values()];
  if (output === undefined) throw new TypeError('it has an output');
  const graph = adaptRemoval('migan', generator, new Map(), wasmTarget, {
    inputs: [...inputs.values()],
    output,
  });
  const { image, hole } = picture();
  const values = new Float32Array(4 * SIDE * SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const known = hole.data[i] === 0 ? 1 : 0;
    values[i] = known - 0.5;
    for (let c = 0; c < 3; c++) {
      values[(c + 1) * SIDE * SIDE + i] = known * ((image.data[i * 4 + c] ?? 0) / 127.5 - 1);
    }
  }
  const feeds = { [cut.from]: { values, dims: [1, 4, SIDE, SIDE] } };
  const { values: result } = await runOnce(graph, new Map(), feeds, 'result');
  const right = expected('migan');
  const worst = right.reduce(
    (most, value, i) => Math.max(most, Math.abs(((result[i] ?? 0) + 1) * 127.5 - value)),
    0,
  );
  expect(worst).toBeLessThan(0.0255);
});

it('Einsum and Slices that run backwards are written anew', async () => {
  const { bytes } = await exported('lama_fp32.onnx');
  const before = fromBinary(ModelProtoSchema, bytes).graph?.node ?? [];
  expect(before.filter(({ opType }) => opType === 'Einsum').length).toBeGreaterThan(20);
  const { inputs, outputs } = describeExport(bytes);
  const [output] = [...outputs.values()];
  if (output === undefined) throw new TypeError('it has an output');
  const ports = { inputs: [...inputs.values()], output };
  const graph = adaptRemoval('lama', bytes, new Map(), wasmTarget, ports);
  const after = fromBinary(ModelProtoSchema, graph.bytes).graph?.node ?? [];
  const count = (op: string) => after.filter(({ opType }) => opType === op).length;
  expect(count('Einsum')).toBe(0);
  expect(count('MatMul')).toBe(before.filter(({ opType }) => opType === 'Einsum').length);
  // Two in each of four Fourier units, for real and imaginary parts; and those that turn a padding's sizes round.
  expect(count('Range')).toBe(before.filter(({ opType }) => opType === 'Slice').length - count('Slice'));
  expect(count('Range')).toBeGreaterThanOrEqual(2 * 4);
});

it('a repository of one graph at its root is planned as that graph, the best one of several', () => {
  const source = (...paths: string[]) =>
    localModel('x', new Map(paths.map((path) => [path, new Blob(['x'])] as const)));
  const plan = planModel(source('README.md', 'lama.onnx', 'lama_fp32.onnx'), 'fp16');
  expect(plan.components).toMatchObject([{ folder: 'lama', precision: 'fp32', format: 'onnx' }]);
  expect(plan.index).toMatchObject({ _class_name: 'LaMa' });
  expect(plan.notes.join()).toContain('lama_fp32.onnx');
  const migan = planModel(source('migan.onnx', 'migan_pipeline_v2.onnx'), 'fp32');
  expect(migan.notes.join()).toContain('migan_pipeline_v2.onnx');
  // Beside folders it is not the model.
  expect(() => planModel(source('lama.onnx', 'vae/model.onnx', 'unet/config.json'), 'fp32')).toThrow();
});
