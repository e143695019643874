/** From ONNX exports of Stable Diffusion's networks to a model that the pipeline can run. */
import { InternalError, UnsupportedError } from '../../contract/errors';
import type { Graph, GraphTarget } from '../../graph/onnx/types';
import {
  adaptText,
  describeDecoder,
  describeEncoder,
  describeText,
  describeUnet,
  type ExportedSizes,
  type ExportedText,
  type ExportedUnet,
} from '../../graph/onnxExport/adapt';
import { describeExport, type ExportedInterface } from '../../graph/onnxExport/editor';
import {
  type StableDiffusion,
  stableDiffusion,
  type UnetConditioning,
} from '../../pipeline/conditioning/stableDiffusion';
import type { Denoiser, TextEncoder } from '../../pipeline/model';
import { isCoarse, once } from '../components';
import { type LoadCall, smallFiles } from '../configFiles';
import type { CheckpointFiles } from '../files';
import { kept } from '../lazy';
import type { Runtime } from '../runtime/session';
import {
  createExportedText,
  createExportedUnet,
  createExportedVae,
  type ExportedSession,
} from './components';
import { type ExportedConfig, readExportedConfig, readExportedText, textEncodersOf } from './config';
import { type ExportedComponent, namingModel, openExport } from './files';
import { decoderGraph, encoderGraph, type Unadapted, unetGraph } from './graphs';
import { fixedSizeOf, nativeSizeOf } from './skeletons';

/**
 * As `loadModel` of load.ts, for models whose networks are ONNX exports.
 * @throws CheckpointError where a file is missing, damaged or of a kind that Inlay cannot run
 */
export async function loadExported(
  files: CheckpointFiles,
  runtime: Runtime,
  call: LoadCall,
): Promise<StableDiffusion> {
  const small = smallFiles(files, call);

  // 1. What the model is
  const config = await readExportedConfig(files.name, small);
  const vaeTarget: GraphTarget = config.upcastsVae
    ? { ...runtime.target, precision: 'fp32' }
    : runtime.target;
  const fixedSize = await fixedSizeOf(files, config);

  // 2. Its networks, at first use
  const open = async <Sizes extends ExportedSizes>(
    component: ExportedComponent,
    describe: (ports: ExportedInterface) => Sizes,
    adapt: (unadapted: Required<Unadapted>, sizes: Sizes) => Graph,
    { precision } = runtime.target,
  ): Promise<ExportedSession<Sizes>> => {
    const label = component.replaceAll('_', ' ');
    const opened = await openExport(files, component, precision, {
      signal: call.signal,
      onProgress: (file, loadedBytes, totalBytes) =>
        call.onProgress({ stage: 'download', file, loadedBytes, totalBytes }),
    });
    call.signal.throwIfAborted();
    call.onProgress({ stage: 'compile', component: label });
    return namingModel(files.name, async () => {
      const { skeleton, weights } = opened;
      const ports = describeExport(skeleton);
      const sizes = describe(ports);
      const session = await runtime
        .createSession(label, adapt({ skeleton, ports, index: weights.index }, sizes), weights.files)
        .catch((error: unknown) => {
          throw explain(files.name, error);
        });
      return { session, sizes, dispose: () => session.dispose() };
    });
  };
  const branches = await Promise.all(
    textEncodersOf(config).map(async ({ folder, options }) => {
      const configured = await readExportedText(files.name, folder, small);
      const encoder = once<TextEncoder>(async () =>
        createExportedText(
          await open<ExportedText>(
            folder,
            (ports) => describeText(folder, ports, options, configured),
            ({ skeleton, index }) => adaptText(folder, skeleton, index, runtime.target, options),
          ),
        ),
      );
      return { tokenizer: await small.tokenizer(folder.replace('text_encoder', 'tokenizer')), encoder };
    }),
  );
  const unet = once<Denoiser<UnetConditioning>>(async () => {
    const opened = await open<ExportedUnet>(
      'unet',
      (ports) => {
        const sizes = describeUnet(ports, config);
        refuseOtherTask(files.name, sizes, config);
        return sizes;
      },
      (unadapted, sizes) => unetGraph(unadapted, sizes, config, runtime.target),
    );
    return createExportedUnet(opened, config.vae.downscale);
  });
  const vae = kept(async () =>
    createExportedVae(
      runtime,
      config.vae,
      () =>
        open(
          'vae_encoder',
          describeEncoder,
          (unadapted, sizes) => encoderGraph(unadapted, sizes, config, vaeTarget),
          vaeTarget,
        ),
      () =>
        open(
          'vae_decoder',
          describeDecoder,
          (unadapted, sizes) => decoderGraph(unadapted, sizes, config, vaeTarget),
          vaeTarget,
        ),
    ),
  );

  return stableDiffusion({
    name: files.name,
    text: branches.map(({ tokenizer, encoder }) => ({ tokenizer, encoder: () => encoder.get() })),
    ...(config.isXl && { xl: { zerosForEmptyPrompt: config.zerosForEmptyPrompt } }),
    schedulerConfig: await small.scheduler(),
    ...(config.guidanceWidth !== undefined && { guidanceWidth: config.guidanceWidth }),
    nativeSize: nativeSizeOf(config, fixedSize),
    ...(config.vae.downscale > 8 && { multiple: config.vae.downscale }),
    isCoarse: isCoarse(runtime.target),
    ...(fixedSize && { fixedSize }),
    upload: (values, dims) => runtime.upload(values, dims),
    denoiser: () => unet.get(),
    vae: () => vae.get(),
    async dispose() {
      for (const { encoder } of branches) await encoder.dispose();
      await unet.dispose();
      await (await vae.forget())?.dispose();
    },
  });
}

function refuseOtherTask(
  model: string,
  { inChannels, outChannels, isXl, guidanceWidth }: ExportedUnet,
  { vae: { latentChannels }, isXl: wantsXl, guidanceWidth: configured }: ExportedConfig,
): void {
  const inpainting = 2 * latentChannels + 1;
  if (outChannels !== latentChannels || ![latentChannels, inpainting].includes(inChannels)) {
    throw new UnsupportedError(
      `model "${model}": its UNet takes ${inChannels} channels and gives ${outChannels}, where inpainting has ` +
        `${latentChannels} or ${inpainting} and ${latentChannels}: it is made for another task`,
    );
  }
  if (isXl !== wantsXl) {
    throw new UnsupportedError(
      `model "${model}": its UNet ${isXl ? 'reads' : 'lacks'} SDXL's added embeddings, unlike its text encoders`,
    );
  }
  if (guidanceWidth !== configured) {
    throw new UnsupportedError(
      `model "${model}": its UNet takes the guidance in ${guidanceWidth ?? 'no'} numbers, but unet/config.json says ` +
        `${configured ?? 'nothing of it'} (time_cond_proj_dim); name an export with its configurations`,
    );
  }
}

/** ONNX Runtime names the operator that it lacks: for a graph that others wrote that is no bug of ours. */
function explain(model: string, error: unknown): unknown {
  if (!(error instanceof InternalError)) return error;
  return new UnsupportedError(
    `model "${model}": the ONNX export cannot run here (${error.message}); name another export of this model, or the ` +
      'repository that it was exported from',
  );
}
