/** Chooses the device that models run on in this browser: WebGPU in the best precision it has, else WASM. */
import type { EngineStatus, ProviderChoice } from '../../contract/engine';
import { DeviceError } from '../../contract/errors';
import { wasmTarget } from '../../graph/onnx/targets';
import {
  chooseAdapterSetup,
  rememberedSetup,
  runCanary,
  type VerdictStore,
  type VerdictSubject,
} from './canary';
import { findAdapter, requestDevice } from './device';
import { loadBrowserOrt, wasmThreads } from './ortBrowser';
import { ortCanaryRunner } from './ortCanary';
import { Runtime } from './session';

export interface RuntimeOptions {
  /** Called when the device that models will run on is known. */
  onStatus(status: EngineStatus): void;
  /** Where the canary's verdicts are kept between visits. */
  verdicts: VerdictStore;
}

/**
 * @param choice `auto` takes WebGPU if there is a real GPU, else falls back to WASM and says why
 * @throws DeviceError if `webgpu` was asked for and isn't available, or computes wrongly
 */
export async function openBrowserRuntime(choice: ProviderChoice, options: RuntimeOptions): Promise<Runtime> {
  if (choice === 'wasm') return openWasm(undefined, options.onStatus);
  const found = await findAdapter({ software: choice === 'webgpu' });
  if ('missing' in found) {
    if (choice === 'webgpu') throw new DeviceError(found.missing);
    return openWasm(found.missing, options.onStatus);
  }
  return openWebgpu(found.adapter, choice, options);
}

/** Opens a device as the canary found right for this adapter; if it computes wrongly, WASM. */
async function openWebgpu(
  adapter: GPUAdapter,
  choice: ProviderChoice,
  { onStatus, verdicts }: RuntimeOptions,
): Promise<Runtime> {
  const precision = adapter.features.has('shader-f16') ? 'fp16' : 'fp32';
  const ort = await loadBrowserOrt('webgpu');
  const subject: VerdictSubject = {
    adapter: adapter.info,
    precision,
    ortVersion: ort.env.versions.web ?? '',
    browser: navigator.userAgent,
  };
  // An adapter is used up by its first device: each device asks for a fresh one.
  const openDevice = async (subgroups: boolean): Promise<GPUDevice> => {
    const found = await findAdapter({ software: choice === 'webgpu' });
    if ('missing' in found) throw new DeviceError(found.missing);
    return requestDevice(found.adapter, { subgroups });
  };
  const setup = await rememberedSetup(verdicts, subject, () =>
    chooseAdapterSetup(async (subgroups, required) => {
      const device = await openDevice(subgroups);
      try {
        return await runCanary(ortCanaryRunner(ort, device), precision, required);
      } finally {
        device.destroy();
      }
    }, adapter.features.has('subgroups')),
  );
  if (!setup.usable) {
    const note = `Models run on the CPU, which is slower: ${setup.reason}. A newer browser or GPU driver may fix this`;
    if (choice === 'webgpu') throw new DeviceError(note);
    return openWasm(note, onStatus);
  }
  const device = await openDevice(setup.subgroups);
  onStatus({ provider: 'webgpu', precision });
  return new Runtime(ort, { provider: 'webgpu', precision, forms: setup.forms }, device);
}

async function openWasm(
  note: string | undefined,
  onStatus: (status: EngineStatus) => void,
): Promise<Runtime> {
  onStatus({ provider: 'wasm', precision: 'fp32', threads: wasmThreads(), note });
  const ort = await loadBrowserOrt('wasm');
  return new Runtime(ort, wasmTarget);
}
