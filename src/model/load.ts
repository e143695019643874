/** From a checkpoint's files to a model that the pipeline can run. */
import { UnsupportedError } from '../contract/errors';
import { type AutoencoderKlConfig, buildVaeDecoder, buildVaeEncoder } from '../graph/networks/autoencoderKl';
import { buildClipText, type ClipTextConfig, type ClipTextOutputs } from '../graph/networks/clipText';
import { buildUnet2d, TIME_IDS, type Unet2dConfig } from '../graph/networks/unet2d';
import { GraphError } from '../graph/onnx/tensors';
import type { Graph, GraphTarget, TensorIndex } from '../graph/onnx/types';
import {
  type StableDiffusion,
  stableDiffusion,
  type UnetConditioning,
} from '../pipeline/conditioning/stableDiffusion';
import type { Denoiser, TextBranch, TextEncoder } from '../pipeline/model';
import { createTextEncoder, createUnet, createVae, isCoarse, once } from './components';
import { parseClipTextConfig, parseModelIndex, parseUnet2dConfig, parseVaeConfig } from './config';
import { type LoadCall, smallFiles } from './configFiles';
import { type CheckpointFiles, heeding } from './files';
import { kept } from './lazy';
import { isExported } from './onnxExport/files';
import { loadExported } from './onnxExport/load';
import { isPrepared } from './prepare/prepared';
import type { Runtime, Session } from './runtime/session';
import { loadWeights, type Weights } from './weights/componentWeights';

/** The text encoder whose pooled output SDXL reads. */
const POOLED = 'text_encoder_2';

export type { LoadCall, LoadProgress } from './configFiles';

/**
 * Reads the configurations and the tokenizer; each network's weights follow when it is first asked for.
 * @param call used for the first read and for every later one: a model outlives the run that opened it, so pass
 *   an object whose members may change
 * @throws CheckpointError where a file is missing, damaged or of a kind that Inlay cannot run
 */
export async function loadModel(
  given: CheckpointFiles,
  runtime: Runtime,
  call: LoadCall,
): Promise<StableDiffusion> {
  const files = heeding(given, call);
  if (await isExported(files)) return loadExported(files, runtime, call);
  const { json, scheduler, tokenizer } = smallFiles(files, call);

  // 1. What the model is
  const { xl } = parseModelIndex(await json('model_index.json'), files.name);
  const configOf = async <Config>(path: string, parse: (config: unknown) => Config): Promise<Config> => {
    const config = await json(path);
    return explained(files.name, () => parse(config));
  };
  const textFolders = xl ? ['text_encoder', POOLED] : ['text_encoder'];
  const clipConfigs: ClipTextConfig[] = [];
  for (const folder of textFolders) {
    clipConfigs.push(
      await configOf(`${folder}/config.json`, (config) => parseClipTextConfig(config, folder)),
    );
  }
  const unetConfig = await configOf('unet/config.json', parseUnet2dConfig);
  const vaeConfig = await configOf('vae/config.json', parseVaeConfig);
  checkWidths(files.name, clipConfigs, unetConfig, vaeConfig);
  const schedulerConfig = await scheduler();

  // 2. Its networks, at first use
  const weightsOf = (folder: string, stem: string, { precision }: GraphTarget): Promise<Weights> => {
    if (isPrepared(files)) return files.openWeights(folder, precision);
    return loadWeights(files, folder, stem, precision, {
      signal: call.signal,
      onProgress: (file, loadedBytes, totalBytes) =>
        call.onProgress({ stage: 'download', file, loadedBytes, totalBytes }),
    });
  };
  const sessionOf = (
    component: string,
    weights: Weights,
    build: Build,
    target = runtime.target,
  ): Promise<Session> => {
    call.signal.throwIfAborted();
    call.onProgress({ stage: 'compile', component });
    const graph = explained(files.name, () => build(weights.index, target));
    return runtime.createSession(component, graph, weights.files);
  };
  const textBranch = async (folder: string, config: ClipTextConfig) => {
    let takesRows = false;
    const encoder = once<TextEncoder>(async () => {
      const outputs: ClipTextOutputs = {
        hiddenState: xl ? 'penultimate' : 'last',
        pooled: folder === POOLED,
        addsRows: takesRows,
      };
      const build: Build = (index, target) => buildClipText(config, index, target, outputs, folder);
      const weights = await weightsOf(folder, 'model', runtime.target);
      const session = await sessionOf(folder.replaceAll('_', ' '), weights, build);
      return createTextEncoder(session, config, folder === POOLED, outputs.addsRows);
    });
    /** Takes the place of one that takes no rows: two would need their weights twice. */
    const withRows = async () => {
      if (!takesRows) {
        await encoder.dispose();
        takesRows = true;
      }
      return encoder.get();
    };
    const branch: TextBranch = {
      tokenizer: await tokenizer(folder.replace('text_encoder', 'tokenizer')),
      table: { rows: config.vocabSize, width: config.hiddenSize },
      encoder: (wantsRows = false) => (wantsRows ? withRows() : encoder.get()),
    };
    return { branch, encoder };
  };
  const branches = await Promise.all(
    clipConfigs.map((config, i) => textBranch(textFolders[i] ?? '', config)),
  );
  const unet = once<Denoiser<UnetConditioning>>(async () => {
    const build: Build = (index, target) => buildUnet2d(unetConfig, index, target);
    const weights = await weightsOf('unet', 'diffusion_pytorch_model', runtime.target);
    return createUnet(await sessionOf('unet', weights, build), unetConfig);
  });
  // diffusers heeds force_upcast, which is true unless a file says otherwise, in SDXL's pipelines alone.
  const vaeTarget: GraphTarget =
    xl && vaeConfig.forceUpcast ? { ...runtime.target, precision: 'fp32' } : runtime.target;
  // Encoder and decoder share one file, read once.
  const vaeWeights = kept(() => weightsOf('vae', 'diffusion_pytorch_model', vaeTarget));
  const vaeSession = async (component: string, build: Build) =>
    sessionOf(component, await vaeWeights.get(), build, vaeTarget);
  const vae = createVae(
    runtime,
    vaeConfig,
    () => vaeSession('vae encoder', (index, target) => buildVaeEncoder(vaeConfig, index, target)),
    () => vaeSession('vae decoder', (index, target) => buildVaeDecoder(vaeConfig, index, target)),
  );

  return stableDiffusion({
    name: files.name,
    text: branches.map(({ branch }) => branch),
    ...(xl && { xl }),
    schedulerConfig,
    ...(unetConfig.guidanceWidth !== undefined && { guidanceWidth: unetConfig.guidanceWidth }),
    nativeSize: unetConfig.sampleSize * vae.downscale,
    ...(vae.downscale > 8 && { multiple: vae.downscale }),
    isCoarse: isCoarse(runtime.target),
    upload: (values, dims) => runtime.upload(values, dims),
    denoiser: () => unet.get(),
    vae: () => Promise.resolve(vae),
    async dispose() {
      for (const { encoder } of branches) await encoder.dispose();
      await unet.dispose();
      await vae.dispose();
    },
  });
}

/** @throws CheckpointError where networks that are sound by themselves do not fit together */
function checkWidths(
  model: string,
  texts: readonly ClipTextConfig[],
  { inChannels, outChannels, textTime, downBlocks }: Unet2dConfig,
  { latentChannels }: AutoencoderKlConfig,
): void {
  const refuse = (reason: string): never => {
    throw new UnsupportedError(`model "${model}": ${reason}`);
  };
  const inpainting = 2 * latentChannels + 1;
  if (outChannels !== latentChannels || ![latentChannels, inpainting].includes(inChannels)) {
    refuse(
      `its UNet takes ${inChannels} channels and gives ${outChannels}, where inpainting has ` +
        `${latentChannels} or ${inpainting} and ${latentChannels}: it is made for another task`,
    );
  }
  const lengths = new Set(texts.map(({ length }) => length));
  if (lengths.size > 1) refuse('its text encoders take rows of different length');
  const width = texts.reduce((sum, { hiddenSize }) => sum + hiddenSize, 0);
  const wanted = downBlocks.find(({ attention }) => attention)?.attention?.contextWidth;
  if (wanted !== undefined && wanted !== width) {
    refuse(`its text encoders are ${width} wide, but its UNet reads a width of ${wanted}`);
  }
  const second = texts[1];
  if ((second === undefined) !== (textTime === undefined)) {
    refuse(`its UNet ${textTime ? 'reads' : 'lacks'} SDXL's added embeddings, unlike its text encoders`);
  }
  if (second === undefined || textTime === undefined) return;
  const sizes = (textTime.inputWidth - (second.projection ?? second.hiddenSize)) / textTime.timeWidth;
  if (sizes !== TIME_IDS) {
    refuse(`its UNet reads ${sizes} numbers beside the pooled text, where SDXL has ${TIME_IDS}`);
  }
}

type Build = (index: TensorIndex, target: GraphTarget) => Graph;

/** A graph that cannot be built is a checkpoint that does not fit its own configuration. */
function explained<Result>(model: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof GraphError) throw new UnsupportedError(`model "${model}": ${error.message}`);
    throw error;
  }
}
