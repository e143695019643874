import { expect, it } from 'vitest';
import type { Progress } from '../contract/engine';
import { reportTo } from './previews';

const pixels = { width: 1, height: 1, data: new Uint8ClampedArray(4) };
const bitmap = { width: 1, height: 1, close() {} };

function collect() {
  const reported: Progress[] = [];
  const call = {
    signal: new AbortController().signal,
    onProgress: (progress: Progress) => void reported.push(progress),
  };
  return { reported, call };
}

it('keeps the order of the steps however long a preview takes', async () => {
  const { reported, call } = collect();
  let finish = (_: ImageBitmap) => {};
  const reports = reportTo(call, () => new Promise((resolve) => (finish = resolve)));
  reports.add({ stage: 'denoise', step: 1, steps: 2, preview: pixels });
  reports.add({ stage: 'decode' });
  await Promise.resolve();
  expect(reported).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 0));
  finish(bitmap);
  await reports.sent();
  expect(reported).toEqual([{ stage: 'denoise', step: 1, steps: 2, preview: bitmap }, { stage: 'decode' }]);
});

it('drops previews where nobody draws them', async () => {
  const { reported, call } = collect();
  const reports = reportTo(call, undefined);
  reports.add({ stage: 'denoise', step: 1, steps: 2, preview: pixels });
  await reports.sent();
  expect(reported).toEqual([{ stage: 'denoise', step: 1, steps: 2 }]);
});
