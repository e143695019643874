/** The GPU adapter, and Inlay's own WebGPU device on it. */
import { DeviceError, messageOf } from '../../contract/errors';

/** What is wrong with WebGPU on this device, in one sentence; or the adapter. */
export type FoundAdapter = { adapter: GPUAdapter } | { missing: string };

/**
 * @param software whether an adapter that computes on the CPU counts: it is far slower than WASM, so only the user
 *   who asks for WebGPU by name gets it
 */
export async function findAdapter({ software }: { software: boolean }): Promise<FoundAdapter> {
  if (typeof navigator === 'undefined' || navigator.gpu === undefined) {
    return {
      missing:
        'This browser has no WebGPU, so models run on the CPU, which is slower. Chrome, Edge and Safari 26 have it, and Firefox on Windows and Macs',
    };
  }
  // Windows and Chrome OS ignore the preference, with a warning; elsewhere it picks the faster of two.
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    return {
      missing:
        'No GPU is available, so models run on the CPU, which is slower. Hardware acceleration may be off in the browser’s settings',
    };
  }
  if (!software && adapter.info.isFallbackAdapter) {
    return {
      missing: 'No hardware GPU found; running on the CPU, which is faster than software WebGPU',
    };
  }
  return { adapter };
}

/**
 * A device with everything that the adapter allows: ONNX Runtime's own asks for less, and large models need it.
 * @param adapter used up by this: a second device needs a fresh one
 * @param subgroups whether shaders may use subgroups, which the canary decides
 * @throws DeviceError if the browser refuses
 */
export async function requestDevice(
  adapter: GPUAdapter,
  { subgroups }: { subgroups: boolean },
): Promise<GPUDevice> {
  const wanted: GPUFeatureName[] = ['shader-f16', ...(subgroups ? (['subgroups'] as const) : [])];
  const requiredLimits: Record<string, number> = {};
  // The limits are getters of the prototype: `Object.entries` sees none of them.
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') requiredLimits[name] = value;
  }
  try {
    return await adapter.requestDevice({
      requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
      requiredLimits,
    });
  } catch (error) {
    const reason = messageOf(error);
    throw new DeviceError(`The GPU could not be opened (${reason}); reload the page, or restart the browser`);
  }
}
