import { expect, it } from 'vitest';
import type { EngineStatus } from '../../contract/engine';
import {
  createEngineStatus,
  statusDetail,
  statusExplanation,
  statusLabel,
  statusWarning,
} from './deviceStatus';

it('says where the work happens, and plainly if there is no WebGPU', () => {
  let report: (status: EngineStatus) => void = () => {};
  const store = createEngineStatus({
    onStatus(listener) {
      report = listener;
      return () => {};
    },
  });
  const label = () => {
    const { status } = store.getState();
    return [statusLabel(status), statusDetail(status)];
  };
  expect(label()).toEqual(['Checking this device', null]);
  report({ provider: 'webgpu', precision: 'fp16' });
  expect(label()).toEqual(['Runs on your GPU', 'WebGPU · fp16']);
  expect(statusWarning(store.getState().status)).toBeNull();
  report({ provider: 'wasm', precision: 'fp32', threads: 1 });
  expect(label()).toEqual(['Runs on your CPU', 'WASM · 1 thread']);
  report({ provider: 'wasm', precision: 'fp32', threads: 2 });
  expect(label()).toEqual(['Runs on your CPU', 'WASM · 2 threads']);
  expect(statusWarning(store.getState().status)).toContain('WebGPU isn’t available');
  report({ provider: 'webgpu', precision: 'fp32', note: 'No 16-bit shaders: slower' });
  expect(statusExplanation(store.getState().status)).toBe('No 16-bit shaders: slower.');
});

it('never contains the name of a button: it is itself part of a button’s name', () => {
  const all: (EngineStatus | null)[] = [
    null,
    { provider: 'webgpu', precision: 'fp16' },
    { provider: 'wasm', precision: 'fp32', threads: 2 },
  ];
  for (const status of all) {
    expect(statusExplanation(status)).not.toMatch(/generate|cancel|download|undo|redo|copy/i);
  }
});
