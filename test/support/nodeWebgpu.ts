/**
 * WebGPU under Node on Mesa's llvmpipe, a software GPU that, unlike Chromium's, has 16-bit floats. ONNX Runtime is the same
 * build that browsers without JSPI get. `.ci/install-fp16-adapter.sh` installs Mesa; without it the tests are skipped.
 */
import { existsSync } from 'node:fs';
import type * as Ort from 'onnxruntime-web';
import { messageOf } from '../../src/contract/errors';
import { loadAsyncifyOrt } from './nodeOrt';

const ICD_FILES = ['/usr/share/vulkan/icd.d/lvp_icd.json', '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json'];

export interface NodeWebgpu {
  ort: typeof Ort;
  adapterInfo: GPUAdapterInfo;
  /** Features of the adapter. */
  features: ReadonlySet<string>;
  /** A device of a new adapter with its full limits; always with 16-bit floats, with subgroups only on request. */
  openDevice(options: { subgroups: boolean }): Promise<GPUDevice>;
}

export type FoundNodeWebgpu = { webgpu: NodeWebgpu } | { skip: string };

/** Keeps the native instance alive: if it were collected, its devices would be, too. */
let opened: Promise<FoundNodeWebgpu> | undefined;

/** @returns WebGPU on llvmpipe, or the reason why there is none, which is also printed */
export function openNodeWebgpu(): Promise<FoundNodeWebgpu> {
  opened ??= open().then((found) => {
    if ('skip' in found) console.warn(`WebGPU under Node: ${found.skip}; its tests are skipped`);
    return found;
  });
  return opened;
}

async function open(): Promise<FoundNodeWebgpu> {
  const icd = process.env.VK_ICD_FILENAMES ?? ICD_FILES.find((file) => existsSync(file));
  if (icd === undefined) {
    return { skip: 'Mesa’s llvmpipe is not installed (.ci/install-fp16-adapter.sh installs it)' };
  }
  process.env.VK_ICD_FILENAMES = icd;
  let gpu: GPU;
  try {
    const dawn = await import('webgpu');
    Object.assign(globalThis, dawn.globals);
    // Bounds checks turn MultiHeadAttention's shader into one that LLVM compiles for minutes instead of seconds.
    gpu = dawn.create(['enable-dawn-features=disable_robustness']);
  } catch (error) {
    return { skip: `Dawn does not load (${messageOf(error)})` };
  }
  const adapter = await gpu.requestAdapter();
  if (adapter === null) return { skip: 'Dawn finds no adapter' };
  const features = new Set<string>(adapter.features);
  if (!features.has('shader-f16')) {
    return { skip: `${adapter.info.description} has no 16-bit floats (Mesa 25 is the first that has)` };
  }
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'Node' }, configurable: true });
  adaptDawn();
  return {
    webgpu: { ort: await loadAsyncifyOrt(), adapterInfo: adapter.info, features, openDevice: opener(gpu) },
  };
}

function opener(gpu: GPU): NodeWebgpu['openDevice'] {
  return async ({ subgroups }) => {
    // A device uses its adapter up.
    const adapter = await gpu.requestAdapter();
    if (adapter === null) throw new Error('the adapter is gone');
    const requiredLimits: Record<string, number> = {};
    for (const name in adapter.limits) {
      const value = adapter.limits[name as keyof GPUSupportedLimits];
      if (typeof value === 'number') requiredLimits[name] = value;
    }
    const requiredFeatures: GPUFeatureName[] = ['shader-f16', ...(subgroups ? (['subgroups'] as const) : [])];
    return adapter.requestDevice({ requiredFeatures, requiredLimits });
  };
}

/** Two differences between Dawn for Node and a browser. */
function adaptDawn(): void {
  // 1. It refuses views of shared memory, and ONNX Runtime's heap is shared even with one thread.
  const writeBuffer = GPUQueue.prototype.writeBuffer;
  GPUQueue.prototype.writeBuffer = function (
    this: GPUQueue,
    buffer: GPUBuffer,
    bufferOffset: number,
    data: GPUAllowSharedBufferSource,
    dataOffset = 0,
    size?: number,
  ): undefined {
    const view = ArrayBuffer.isView(data);
    // For views, offset and size count elements; for buffers, bytes.
    const unit = view && 'BYTES_PER_ELEMENT' in data ? Number(data.BYTES_PER_ELEMENT) : 1;
    const start = (view ? data.byteOffset : 0) + dataOffset * unit;
    const length = size === undefined ? data.byteLength - dataOffset * unit : size * unit;
    const bytes = new Uint8Array(view ? data.buffer : data, start, length);
    return writeBuffer.call(this, buffer, bufferOffset, bytes.slice());
  };
  // 2. While a promise is open it calls itself through setImmediate without a pause, and so takes a whole core from
  // the shader compiler and the shaders, which run on the CPU too.
  const immediate = globalThis.setImmediate;
  const patient = (callback: (...args: unknown[]) => void, ...args: unknown[]) =>
    Function.prototype.toString.call(callback).includes('[native code]')
      ? setTimeout(callback, 1, ...args)
      : immediate(callback, ...args);
  globalThis.setImmediate = patient as unknown as typeof setImmediate;
}
