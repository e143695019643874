/**
 * Pictures on WebGPU in float32 against diffusers': every family and kind, LoRAs, embeddings and ONNX exports. The build of ONNX
 * Runtime is the one that ships, the GPU Mesa's llvmpipe under Node (test/support/nodeWebgpu.ts). In Chromium some of the same
 * are painted by e2e/webgpu.spec.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type GoldenPicture,
  goldenInversions,
  goldenLoraPictures,
  goldenPictures,
  goldenPicturesIn,
  inversionsOf,
  localLora,
  paintGolden,
} from '../../test/support/goldenPictures';
import { type TemporaryStore, temporaryStore } from '../../test/support/hub/hubServer';
import { loadDiffusion } from '../../test/support/loadDiffusion';
import { openNodeWebgpu } from '../../test/support/nodeWebgpu';
import { webgpuTarget } from '../../test/support/webgpuGraph';
import { withEmbeddings } from '../model/embedding/attach';
import { type Embedding, openEmbeddings } from '../model/embedding/open';
import type { CheckpointFiles } from '../model/files';
import { openMerged } from '../model/openWithLoras';
import { createProduct } from '../model/runtime/ortMatMul';
import { Runtime } from '../model/runtime/session';
import { connect } from '../model/source/download';
import { folderFiles, localSource } from '../node/folder';
import { InpaintCache } from './inpaint';

/** The acceptance threshold of the project. Measured figures: docs/webgpu.md. */
const MIN_PSNR_DB = 45;

const EXPORTS = 'goldens/onnx/pictures';

/** Of each family and kind one: the rest differs in the scheduler, which never runs on the device. */
const chosen = [
  'own-pndm',
  'ddim-strength',
  'euler-odd-latents',
  'long',
  'weights',
  'v-own-ddim-trailing',
  '4-own-pndm',
  '4-dpm-strength',
  'xl-own-euler-zeros',
  'xl-strength',
  'xl4-own-ddim',
  'xl-turbo-1',
  'turbo-1',
  'lcm-model',
];
const chosenInversions = ['several', 'xl'];
const chosenLoras = ['lcm-4-steps', 'two', 'xl-two'];
const chosenExports = ['inpaint', 'old-strength', 'xl', 'xl-inpaint', 'lcm'];

const found = await openNodeWebgpu();

describe.skipIf('skip' in found)('pictures on WebGPU against diffusers', { timeout: 300_000 }, () => {
  let runtime: Runtime;
  let device: GPUDevice;
  let temporary: TemporaryStore;
  const signal = new AbortController().signal;

  beforeAll(async () => {
    temporary = await temporaryStore();
    if ('skip' in found) return;
    device = await found.webgpu.openDevice({ subgroups: false });
    runtime = new Runtime(found.webgpu.ort, webgpuTarget('fp32', true), device);
  });
  afterAll(async () => {
    device.destroy();
    await temporary.remove();
  });

  /** The model is not disposed: the last session released would take the device with it. */
  async function expectGolden(
    files: CheckpointFiles,
    golden: GoldenPicture,
    folder?: string,
    words: readonly Embedding[] = [],
  ): Promise<void> {
    const model = withEmbeddings(
      await loadDiffusion(files, runtime, { signal, onProgress: () => {} }),
      words,
    );
    const ratio = await paintGolden(model, golden, new InpaintCache(), folder);
    console.info(`${golden.name}: ${ratio.toFixed(1)} dB`);
    expect(ratio, 'dB').toBeGreaterThan(MIN_PSNR_DB);
  }
  /** A name that no case has any more must not pass in silence. */
  const named = <Case extends GoldenPicture>(cases: readonly Case[], names: readonly string[]): Case[] =>
    names.map((name) => {
      const golden = cases.find((each) => each.name === name);
      if (golden === undefined) throw new Error(`no golden picture "${name}"`);
      return golden;
    });

  it.each(named(goldenPictures, chosen))('$model: $name', async (golden) => {
    await expectGolden(folderFiles(`goldens/models/${golden.model}`), golden);
  });

  it.each(named(goldenLoraPictures, chosenLoras))('$model with a LoRA: $name', async (golden) => {
    const loras = await Promise.all(
      golden.loras.map(async ([name, weight]) => ({ source: await localLora(name), weight })),
    );
    const base = await localSource(`goldens/models/${golden.model}`);
    const openProduct = () => createProduct(runtime);
    const options = { store: temporary.store, openProduct, signal, onProgress: () => {}, loras };
    await expectGolden(await openMerged(base, 'fp32', options), golden);
  });

  it.each(named(goldenInversions, chosenInversions))('$model with words: $name', async (golden) => {
    const connection = connect('https://hub.invalid', signal);
    const words = await openEmbeddings(await inversionsOf(golden), { store: temporary.store, connection });
    await expectGolden(folderFiles(`goldens/models/${golden.model}`), golden, undefined, words);
  });

  it.each(named(goldenPicturesIn(EXPORTS), chosenExports))('ONNX export $model: $name', async (golden) => {
    await expectGolden(folderFiles(`goldens/onnx/${golden.model}`), golden, EXPORTS);
  });
});
