/**
 * ONNX Runtime under Node on a device that only counts. One process has one such device, and none that computes: ONNX
 * Runtime's provider checks a device's class, which is a global.
 */
import type * as Ort from 'onnxruntime-web';
import { loadAsyncifyOrt } from '../nodeOrt';
import { type AdapterStory, CountingDevice, LIMITS } from './device';
import { Tally } from './tally';

export interface CountingGpu {
  ort: typeof Ort;
  device: GPUDevice;
  tally: Tally;
}

/** @param story the adapter that ONNX Runtime is to believe in */
export async function openCountingGpu(story: AdapterStory): Promise<CountingGpu> {
  // Constants such as GPUBufferUsage; their classes are replaced where they are checked.
  const dawn = await import('webgpu');
  Object.assign(globalThis, dawn.globals, { GPUDevice: CountingDevice });
  const tally = new Tally();
  const device = new CountingDevice(tally, story);
  const adapter = {
    info: device.adapterInfo,
    features: device.features,
    limits: LIMITS,
    requestDevice: async () => device,
  };
  const gpu = {
    requestAdapter: async () => adapter,
    wgslLanguageFeatures: new Set(['packed_4x8_integer_dot_product']),
    getPreferredCanvasFormat: () => 'bgra8unorm',
  };
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'Node' }, configurable: true });
  // It has every member that ONNX Runtime touches, which a type of WebGPU's whole surface cannot say.
  return { ort: await loadAsyncifyOrt(), device: device as unknown as GPUDevice, tally };
}
