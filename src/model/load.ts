/** From a checkpoint's files to a model that the pipeline can run. */
import { CheckpointError } from '../engine/errors';
import { buildVaeDecoder, buildVaeEncoder } from '../graph/autoencoderKl';
import { buildClipText } from '../graph/clipText';
import { GraphError } from '../graph/tensors';
import type { Graph, GraphTarget, TensorIndex } from '../graph/types';
import { buildUnet2d } from '../graph/unet2d';
import type { Model, TextEncoder, Unet } from '../pipeline/components';
import { parseSchedulerConfig } from '../pipeline/schedulers/config';
import { createTokenizer } from '../pipeline/tokenizer';
import { createTextEncoder, createUnet, createVae, once } from './components';
import { parseClipTextConfig, parseModelIndex, parseUnet2dConfig, parseVaeConfig } from './config';
import { type CheckpointFiles, parseJsonFile, readRequired } from './files';
import { isPrepared } from './prepared';
import type { Runtime, Session } from './session';
import { loadWeights, type Weights } from './weights';

export type LoadProgress =
  | { stage: 'download'; file: string; loadedBytes: number; totalBytes: number }
  | { stage: 'compile'; component: string };

export interface LoadCall {
  signal: AbortSignal;
  onProgress(progress: LoadProgress): void;
}

/**
 * Reads the configurations and the tokenizer; each network's weights follow when it is first asked for.
 * @param call used for the first read and for every later one: a model outlives the run that opened it, so pass
 *   an object whose members may change
 * @throws CheckpointError where a file is missing, damaged or of a kind that Inlay cannot run
 */
export async function loadModel(files: CheckpointFiles, runtime: Runtime, call: LoadCall): Promise<Model> {
  const json = async (path: string): Promise<unknown> =>
    parseJsonFile(files, path, await readRequired(files, path, { signal: call.signal }));
  const text = async (path: string): Promise<string> =>
    new TextDecoder().decode(await readRequired(files, path, { signal: call.signal }));
  const optionalText = async (path: string): Promise<string | undefined> => {
    const bytes = await files.read(path, { signal: call.signal });
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };

  // 1. What the model is
  const index = await json('model_index.json');
  checkPipelineClass(
    files.name,
    explained(files.name, () => parseModelIndex(index, files.name)).pipelineClass,
  );
  const configOf = async <Config>(path: string, parse: (config: unknown) => Config): Promise<Config> => {
    const config = await json(path);
    return explained(files.name, () => parse(config));
  };
  const clipConfig = await configOf('text_encoder/config.json', (config) => parseClipTextConfig(config));
  const unetConfig = await configOf('unet/config.json', parseUnet2dConfig);
  const vaeConfig = await configOf('vae/config.json', parseVaeConfig);
  const schedulerConfig = parseSchedulerConfig(await text('scheduler/scheduler_config.json'));
  const tokenizer = createTokenizer({
    vocab: await text('tokenizer/vocab.json'),
    merges: await text('tokenizer/merges.txt'),
    config: await optionalText('tokenizer/tokenizer_config.json'),
    specialTokens: await optionalText('tokenizer/special_tokens_map.json'),
  });

  // 2. Its networks, at first use
  const weightsOf = (folder: string, stem: string): Promise<Weights> => {
    const { precision } = runtime.target;
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
    keep?: string[],
  ): Promise<Session> => {
    call.signal.throwIfAborted();
    call.onProgress({ stage: 'compile', component });
    const graph = explained(files.name, () => build(weights.index, runtime.target));
    return runtime.createSession(component, graph, weights.files, keep);
  };
  const textEncoder = once<TextEncoder>(async () => {
    const build: Build = (index, target) => buildClipText(clipConfig, index, target);
    const weights = await weightsOf('text_encoder', 'model');
    return createTextEncoder(
      await sessionOf('text encoder', weights, build, ['last_hidden_state']),
      clipConfig,
    );
  });
  const unet = once<Unet>(async () => {
    const build: Build = (index, target) => buildUnet2d(unetConfig, index, target);
    const weights = await weightsOf('unet', 'diffusion_pytorch_model');
    return createUnet(runtime, await sessionOf('unet', weights, build), unetConfig);
  });
  // Encoder and decoder share one file, read once.
  const vaeWeights = shared(() => weightsOf('vae', 'diffusion_pytorch_model'));
  const vae = createVae(
    vaeConfig,
    async () =>
      sessionOf('vae encoder', await vaeWeights(), (index, target) =>
        buildVaeEncoder(vaeConfig, index, target),
      ),
    async () =>
      sessionOf('vae decoder', await vaeWeights(), (index, target) =>
        buildVaeDecoder(vaeConfig, index, target),
      ),
  );

  return {
    name: files.name,
    tokenizer,
    schedulerConfig,
    nativeSize: unetConfig.sampleSize * vae.downscale,
    textEncoder: () => textEncoder.get(),
    unet: () => unet.get(),
    vae: () => Promise.resolve(vae),
    async dispose() {
      await textEncoder.dispose();
      await unet.dispose();
      await vae.dispose();
    },
  };
}

/** @throws CheckpointError where the folder holds a pipeline of another kind */
function checkPipelineClass(model: string, pipelineClass: string): void {
  if (/^StableDiffusion(Inpaint|Img2Img)?Pipeline$/.test(pipelineClass)) return;
  throw new CheckpointError(
    `model "${model}": its pipeline is ${pipelineClass}, which Inlay cannot run; it runs Stable Diffusion 1.x and 2.x`,
  );
}

type Build = (index: TensorIndex, target: GraphTarget) => Graph;

/** A graph that cannot be built is a checkpoint that does not fit its own configuration. */
function explained<Result>(model: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof GraphError) throw new CheckpointError(`model "${model}": ${error.message}`);
    throw error;
  }
}

/** Keeps the value of a successful call. */
function shared<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    if (made !== undefined) return made;
    const attempt = make();
    made = attempt;
    attempt.catch(() => {
      if (made === attempt) made = undefined;
    });
    return attempt;
  };
}
