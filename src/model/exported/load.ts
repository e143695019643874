/** From ONNX exports of Stable Diffusion's networks to a model that the pipeline can run. */
import { z } from 'zod';
import { CheckpointError, InternalError } from '../../engine/errors';
import {
  adaptDecoder,
  adaptEncoder,
  adaptText,
  adaptUnet,
  describeDecoder,
  describeEncoder,
  describeText,
  describeUnet,
  type ExportedSizes,
  type ExportedText,
  type ExportedUnet,
} from '../../graph/exported/adapt';
import { describeExport, type ExportedInterface } from '../../graph/exported/editor';
import type { Graph, GraphTarget } from '../../graph/types';
import type { Model, TextEncoder, Unet } from '../../pipeline/components';
import { unsupportedPipeline } from '../checkpoint/architecture';
import { once } from '../components';
import type { CheckpointFiles } from '../files';
import { kept } from '../kept';
import { type LoadCall, smallFiles } from '../reader';
import type { Runtime } from '../session';
import {
  createExportedText,
  createExportedUnet,
  createExportedVae,
  type ExportedSession,
} from './components';
import { type ExportedComponent, namingModel, type OpenedExport, openExport } from './files';

/** optimum's pipelines, diffusers' own of before, and those that an exporter left under their own names. */
const PIPELINES = /^(ORT|Onnx)?StableDiffusion(XL)?(Inpaint|Img2Img)?Pipeline$/;

const indexSchema = z.looseObject({
  _class_name: z.string(),
  text_encoder_2: z.tuple([z.string().nullable(), z.string().nullable()]).nullish(),
  force_zeros_for_empty_prompt: z.boolean().nullish(),
});
const count = z.number().int().positive();
/** Exports by diffusers' script have no configurations; missing fields mean Stable Diffusion 1's. */
const unetSchema = z
  .looseObject({ sample_size: count.nullish(), in_channels: count.nullish() })
  .optional()
  .catch(undefined);
const textSchema = z
  .looseObject({ hidden_size: count.nullish(), projection_dim: count.nullish() })
  .optional()
  .catch(undefined);
const vaeSchema = z
  .looseObject({
    scaling_factor: z.number().positive().nullish(),
    shift_factor: z.number().nullish(),
    latent_channels: count.nullish(),
    block_out_channels: z.array(count).min(1).nullish(),
    force_upcast: z.boolean().nullish(),
  })
  .optional()
  .catch(undefined);

/**
 * As `loadModel` of load.ts, for models whose networks are ONNX exports.
 * @throws CheckpointError where a file is missing, damaged or of a kind that Inlay cannot run
 */
export async function loadExported(files: CheckpointFiles, runtime: Runtime, call: LoadCall): Promise<Model> {
  const { json, optionalJson, scheduler, tokenizer } = smallFiles(files, call);

  // 1. What the model is
  const index = parseIndex(files.name, await json('model_index.json'));
  const unetConfig = unetSchema.parse(await optionalJson('unet/config.json'));
  const vaeConfig = vaeSchema.parse(await optionalJson('vae_decoder/config.json'));
  const vaeFacts = {
    scalingFactor: vaeConfig?.scaling_factor ?? (index.isXl ? 0.13025 : 0.18215),
    shiftFactor: vaeConfig?.shift_factor ?? 0,
    latentChannels: vaeConfig?.latent_channels ?? 4,
    downscale: 2 ** ((vaeConfig?.block_out_channels?.length ?? 4) - 1),
  };
  // As for checkpoints: only SDXL's autoencoder overflows, unless its configuration says otherwise.
  const vaeTarget: GraphTarget =
    index.isXl && vaeConfig?.force_upcast !== false
      ? { ...runtime.target, precision: 'fp32' }
      : runtime.target;

  // 2. Its networks, at first use
  const open = async <Sizes extends ExportedSizes>(
    component: ExportedComponent,
    describe: (ports: ExportedInterface) => Sizes,
    adapt: (opened: OpenedExport, sizes: Sizes) => Graph,
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
      const sizes = describe(describeExport(opened.skeleton));
      const session = await runtime
        .createSession(label, adapt(opened, sizes), opened.weights.files)
        .catch((error: unknown) => {
          throw explain(files.name, error);
        });
      return { session, sizes, dispose: () => session.dispose() };
    });
  };
  const folders = index.isXl ? (['text_encoder', 'text_encoder_2'] as const) : (['text_encoder'] as const);
  const branches = await Promise.all(
    folders.map(async (folder) => {
      const options = { isXl: index.isXl, pooled: folder === 'text_encoder_2' };
      const config = textSchema.parse(await optionalJson(`${folder}/config.json`));
      const configured = {
        width: config?.hidden_size ?? undefined,
        pooledWidth: config?.projection_dim ?? undefined,
      };
      const encoder = once<TextEncoder>(async () =>
        createExportedText(
          await open<ExportedText>(
            folder,
            (ports) => describeText(folder, ports, options, configured),
            ({ skeleton, weights }) => adaptText(folder, skeleton, weights.index, runtime.target, options),
          ),
        ),
      );
      return { tokenizer: await tokenizer(folder.replace('text_encoder', 'tokenizer')), encoder };
    }),
  );
  const unet = once<Unet>(async () => {
    const opened = await open<ExportedUnet>(
      'unet',
      (ports) => {
        const sizes = describeUnet(ports, unetConfig?.in_channels ?? undefined);
        refuseOtherTask(files.name, sizes, vaeFacts.latentChannels, index.isXl);
        return sizes;
      },
      ({ skeleton, weights }, sizes) => adaptUnet(skeleton, weights.index, runtime.target, sizes),
    );
    return createExportedUnet(runtime, opened, vaeFacts.downscale);
  });
  const vae = kept(async () =>
    createExportedVae(
      vaeFacts,
      () =>
        open(
          'vae_encoder',
          describeEncoder,
          ({ skeleton, weights }) => adaptEncoder(skeleton, weights.index, vaeTarget),
          vaeTarget,
        ),
      () =>
        open(
          'vae_decoder',
          describeDecoder,
          ({ skeleton, weights }) => adaptDecoder(skeleton, weights.index, vaeTarget),
          vaeTarget,
        ),
    ),
  );

  return {
    name: files.name,
    text: branches.map(({ tokenizer, encoder }) => ({ tokenizer, encoder: () => encoder.get() })),
    ...(index.isXl && { xl: { zerosForEmptyPrompt: index.zerosForEmptyPrompt } }),
    schedulerConfig: await scheduler(),
    nativeSize: (unetConfig?.sample_size ?? (index.isXl ? 128 : 64)) * vaeFacts.downscale,
    unet: () => unet.get(),
    vae: () => vae.get(),
    async dispose() {
      for (const { encoder } of branches) await encoder.dispose();
      await unet.dispose();
      await (await vae.forget())?.dispose();
    },
  };
}

function parseIndex(model: string, json: unknown): { isXl: boolean; zerosForEmptyPrompt: boolean } {
  const architecture = unsupportedPipeline(withoutPrefix(json));
  if (architecture !== undefined) throw new CheckpointError(`model "${model}": ${architecture}`);
  const { data } = indexSchema.safeParse(json);
  if (data === undefined) throw new CheckpointError(`model "${model}": model_index.json names no pipeline`);
  const family = PIPELINES.exec(data._class_name);
  if (family === null) {
    throw new CheckpointError(
      `model "${model}": its pipeline is ${data._class_name}, which Inlay cannot run; it runs exports of Stable ` +
        'Diffusion 1, 2 and XL',
    );
  }
  const isXl = family[2] !== undefined;
  if (isXl !== (typeof data.text_encoder_2?.[1] === 'string')) {
    throw new CheckpointError(
      `model "${model}": model_index.json: a ${data._class_name} ${isXl ? 'needs' : 'has no'} text_encoder_2`,
    );
  }
  return { isXl, zerosForEmptyPrompt: data.force_zeros_for_empty_prompt ?? true };
}

/** An index in which `ORTFluxPipeline` is called what it is an export of. */
function withoutPrefix(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || !('_class_name' in json)) return json;
  const name = json._class_name;
  return { ...json, _class_name: typeof name === 'string' ? name.replace(/^(ORT|Onnx)/, '') : name };
}

function refuseOtherTask(
  model: string,
  { inChannels, outChannels, isXl }: ExportedUnet,
  latentChannels: number,
  wantsXl: boolean,
): void {
  const inpainting = 2 * latentChannels + 1;
  if (outChannels !== latentChannels || ![latentChannels, inpainting].includes(inChannels)) {
    throw new CheckpointError(
      `model "${model}": its UNet takes ${inChannels} channels and gives ${outChannels}, where inpainting has ` +
        `${latentChannels} or ${inpainting} and ${latentChannels}: it is made for another task`,
    );
  }
  if (isXl !== wantsXl) {
    throw new CheckpointError(
      `model "${model}": its UNet ${isXl ? 'reads' : 'lacks'} SDXL's added embeddings, unlike its text encoders`,
    );
  }
}

/** ONNX Runtime names the operator that it lacks: for a graph that others wrote that is no bug of ours. */
function explain(model: string, error: unknown): unknown {
  if (!(error instanceof InternalError)) return error;
  return new CheckpointError(
    `model "${model}": the ONNX export cannot run here (${error.message}); name another export of this model, or the ` +
      'repository that it was exported from',
  );
}
