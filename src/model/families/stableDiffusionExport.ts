/** A Stable Diffusion whose networks come as ONNX graphs. */
import { InternalError, UnsupportedError } from '../../contract/errors';
import type { ModelFacts } from '../../contract/modelLibrary';
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
  type ExportedUnet,
} from '../../graph/onnxExport/adapt';
import { describeExport, type ExportedInterface } from '../../graph/onnxExport/editor';
import { sliceAttention } from '../../graph/onnxExport/slices';
import { stableDiffusion } from '../../pipeline/conditioning/stableDiffusion';
import { type Model, TEXT_ROWS_AT_ONCE, type TextEncoder } from '../../pipeline/model';
import {
  asUnsupportedError,
  type Blueprint,
  type Opener,
  type Part,
  type PartSource,
  type ReadSkeleton,
  type Workload,
} from '../blueprint';
import { isCoarse } from '../components';
import type { ConfigFiles } from '../configFiles';
import { lazyDisposable } from '../lazy';
import {
  createExportedText,
  createExportedUnet,
  createExportedVae,
  type ExportedSession,
} from '../onnxExport/components';
import { exportedNetworks } from '../onnxExport/networks';
import { traitsFrom } from '../traits';
import { type ExportedConfig, readExportedConfig } from './stableDiffusionExportConfig';
import { refuseOtherAddition, refuseOtherTask } from './stableDiffusionNetworks';
import { type StableDiffusionRules, type TextEncoderRules, weightSet } from './stableDiffusionRules';

/** Tokens in one of CLIP's rows. */
const ROW = 77;

/** @throws CheckpointError if the index names another pipeline, a field is of another type, or a graph is damaged */
export async function describeExportedNetworks(
  rules: StableDiffusionRules,
  files: ConfigFiles,
  readSkeleton: ReadSkeleton,
): Promise<Blueprint> {
  const { config, vaeJson } = await readExportedConfig(rules, files);
  const fixedSize = await fixedSizeOf(files.name, config, readSkeleton);
  const isInpainting =
    config.inChannels === undefined
      ? config.isNamedInpainting
      : config.inChannels > config.vae.latentChannels;
  // Attention is sliced for a short prompt at the size that the model was trained at.
  const usual = { width: config.nativeSize, height: config.nativeSize, chunks: 1 };
  const facts: ModelFacts = {
    family: rules.id,
    isInpainting,
    // Of an export of one size its longer side.
    nativeSize: fixedSize === undefined ? config.nativeSize : Math.max(fixedSize.width, fixedSize.height),
    ...(fixedSize && { fixedSize }),
    traits: traitsFrom(
      config.guidanceWidth !== undefined,
      await files.lenientJson('scheduler/scheduler_config.json'),
    ),
  };
  const texts = rules.texts.map((text, i) => textPart(rules, text, config.texts[i] ?? {}));
  const [encoder, unet, decoder] = networkParts(files.name, rules, config, vaeJson, usual);
  return {
    name: files.name,
    facts,
    parts: [...texts, encoder, unet, decoder],
    form: exportedNetworks(readSkeleton),
    connect: (opener) => connect(rules, config, facts, files, { texts, encoder, unet, decoder }, opener),
  };
}

/** Sessions of exported networks as the model that the loop runs; each is opened at its first use. */
async function connect(
  rules: StableDiffusionRules,
  config: ExportedConfig,
  facts: ModelFacts,
  files: ConfigFiles,
  { texts, encoder, unet, decoder }: ExportedParts,
  { runtime, open }: Opener,
): Promise<Model> {
  const schedulerConfig = await files.scheduler();
  const opened = async <Sizes extends ExportedSizes>(
    part: Part,
    describe: (ports: ExportedInterface) => Sizes,
  ): Promise<ExportedSession<Sizes>> => {
    const { session, source } = await open(part);
    return { session, sizes: describe(given(source).ports), dispose: () => session.dispose() };
  };
  const branches = await Promise.all(
    rules.texts.map(async ({ folder, tokenizer, isPooled }, i) => {
      const options = { isXl: rules.readsAddedEmbeddings, pooled: isPooled };
      const textEncoder = lazyDisposable<TextEncoder>(async () =>
        createExportedText(
          await opened(texts[i] as Part, (ports) =>
            describeText(folder, ports, options, config.texts[i] ?? {}),
          ),
        ),
      );
      return { tokenizer: await files.tokenizer(tokenizer), textEncoder };
    }),
  );
  const denoiser = lazyDisposable(async () =>
    createExportedUnet(await opened(unet, (ports) => describeUnet(ports, config)), config.vae.downscale),
  );
  const autoencoder = createExportedVae(
    runtime,
    config.vae,
    () => opened(encoder, describeEncoder),
    () => opened(decoder, describeDecoder),
  );
  return stableDiffusion({
    name: files.name,
    text: branches.map(({ tokenizer, textEncoder }) => ({ tokenizer, encoder: () => textEncoder.get() })),
    ...(rules.readsAddedEmbeddings && { xl: { zerosForEmptyPrompt: config.zerosForEmptyPrompt } }),
    schedulerConfig,
    ...(config.guidanceWidth !== undefined && { guidanceWidth: config.guidanceWidth }),
    nativeSize: facts.nativeSize,
    ...(config.vae.downscale > 8 && { multiple: config.vae.downscale }),
    isCoarse: isCoarse(runtime.target),
    ...(facts.fixedSize && { fixedSize: facts.fixedSize }),
    upload: (values, dims) => runtime.upload(values, dims),
    denoiser: () => denoiser.get(),
    vae: () => Promise.resolve(autoencoder),
    async dispose() {
      for (const { textEncoder } of branches) await textEncoder.dispose();
      await denoiser.dispose();
      await autoencoder.dispose();
    },
  });
}

interface ExportedParts {
  texts: readonly Part[];
  encoder: Part;
  unet: Part;
  decoder: Part;
}

/** In pixels. @returns undefined if it takes any size, or its graphs cannot be read yet */
async function fixedSizeOf(
  model: string,
  config: ExportedConfig,
  readSkeleton: ReadSkeleton,
): Promise<{ width: number; height: number } | undefined> {
  const { downscale } = config.vae;
  const graphs = [
    { folder: 'unet', describe: describeUnet, pixels: downscale },
    { folder: 'vae_decoder', describe: describeDecoder, pixels: downscale },
    { folder: 'vae_encoder', describe: describeEncoder, pixels: 1 },
  ] as const;
  for (const { folder, describe, pixels } of graphs) {
    const skeleton = await readSkeleton(folder);
    if (skeleton === undefined) return undefined;
    const { width, height } = await asUnsupportedError(model, () => describe(interfaceOf(skeleton), config));
    if (width !== undefined && height !== undefined)
      return { width: width * pixels, height: height * pixels };
  }
  return undefined;
}

const described = new WeakMap<Uint8Array, ExportedInterface>();

/** A graph's inputs and outputs; each graph is inspected once. */
function interfaceOf(skeleton: Uint8Array): ExportedInterface {
  const ports = described.get(skeleton) ?? describeExport(skeleton);
  described.set(skeleton, ports);
  return ports;
}

/** The given graph with its inputs and outputs. */
function given(from: PartSource) {
  if (from.skeleton === undefined) throw new InternalError('an export was opened without its graph');
  return { ...from, ports: interfaceOf(from.skeleton) };
}

function textPart(
  rules: StableDiffusionRules,
  { folder, isPooled }: TextEncoderRules,
  configured: ExportedConfig['texts'][number],
): Part {
  const options = { isXl: rules.readsAddedEmbeddings, pooled: isPooled };
  return {
    name: folder.replaceAll('_', ' '),
    weights: { ...weightSet(rules, folder), folder },
    build(from, target) {
      const { skeleton, tensors } = given(from);
      return adaptText(folder, skeleton, tensors, target, options);
    },
    dims({ chunks }, from) {
      const { batch } = describeText(folder, given(from).ports, options, configured);
      return { batch: batch ?? Math.min(2 * chunks, TEXT_ROWS_AT_ONCE), tokens: ROW };
    },
  };
}

/** VAE encoder, UNet and VAE decoder: the order in which a run uses them. */
function networkParts(
  model: string,
  rules: StableDiffusionRules,
  config: ExportedConfig,
  vaeJson: unknown,
  usual: Workload,
): [encoder: Part, unet: Part, decoder: Part] {
  const { downscale, latentChannels } = config.vae;
  const weights = (folder: string) => ({ ...weightSet(rules, 'vae', vaeJson), folder });
  const inLatents = (fixed: ExportedSizes, { width, height }: Workload) => ({
    width: fixed.width ?? width / downscale,
    height: fixed.height ?? height / downscale,
  });
  const encoderDims: Part['dims'] = ({ width, height }, from) => {
    const fixed = describeEncoder(given(from).ports);
    return { width: fixed.width ?? width, height: fixed.height ?? height };
  };
  const decoderDims: Part['dims'] = (run, from) => ({
    ...inLatents(describeDecoder(given(from).ports), run),
    channels: latentChannels,
  });
  const unetDims: Part['dims'] = (run, from) => {
    const { ports } = given(from);
    const sizes = describeUnet(ports, config);
    return {
      ...inLatents(sizes, run),
      // A UNet that takes the guidance scale as an input computes one row; others compute both rows of guidance.
      batch: sizes.batch ?? (config.guidanceWidth === undefined ? 2 : 1),
      sample_batch: 1,
      mask_latents_batch: 1,
      tokens: ROW * run.chunks,
      // If only its weights tell these, they override what is said here.
      text_width: ports.inputs.get('encoder_hidden_states')?.dims[2] ?? keyWidth(ports) ?? 768,
      pooled_width: ports.inputs.get('text_embeds')?.dims[1] ?? 1280,
    };
  };
  return [
    {
      name: 'vae encoder',
      weights: weights('vae_encoder'),
      tiledHalf: (from) => (isFixed(describeEncoder(given(from).ports)) ? undefined : 'encoder'),
      build(from, target) {
        const { skeleton, tensors } = given(from);
        return sliceAttention(adaptEncoder(skeleton, tensors, target), encoderDims(usual, from));
      },
      dims: encoderDims,
    },
    {
      name: 'unet',
      weights: weightSet(rules, 'unet'),
      build(from, target) {
        const { skeleton, tensors, ports } = given(from);
        const sizes = describeUnet(ports, config);
        refuseMisfitUnet(model, rules, sizes, config);
        const graph = adaptUnet(skeleton, tensors, target, sizes);
        return sliceAttention(graph, unetDims(usual, from));
      },
      dims: unetDims,
    },
    {
      name: 'vae decoder',
      weights: weights('vae_decoder'),
      tiledHalf: (from) => (isFixed(describeDecoder(given(from).ports)) ? undefined : 'decoder'),
      build(from, target) {
        const { skeleton, tensors } = given(from);
        return sliceAttention(adaptDecoder(skeleton, tensors, target), decoderDims(usual, from));
      },
      dims: decoderDims,
    },
  ];
}

function isFixed({ width, height }: ExportedSizes): boolean {
  return width !== undefined || height !== undefined;
}

function keyWidth(ports: ExportedInterface): number | undefined {
  return ports.shapeOf('down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight')?.[1];
}

/** @throws CheckpointError if the graph was made for another task, or contradicts its configurations */
function refuseMisfitUnet(
  model: string,
  rules: StableDiffusionRules,
  { inChannels, outChannels, isXl, guidanceWidth }: ExportedUnet,
  { vae: { latentChannels }, guidanceWidth: configured }: ExportedConfig,
): void {
  refuseOtherTask(model, { inChannels, outChannels }, latentChannels);
  refuseOtherAddition(model, { reads: isXl, wanted: rules.readsAddedEmbeddings });
  if (guidanceWidth === configured) return;
  throw new UnsupportedError(
    `model "${model}": its UNet takes the guidance in ${guidanceWidth ?? 'no'} numbers, but unet/config.json says ` +
      `${configured ?? 'nothing of it'} (time_cond_proj_dim); name an export with its configurations`,
  );
}
