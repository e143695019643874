/**
 * A host puts a run together: it reads the images, opens the runtime and the model, runs the pipeline and encodes the
 * result. The browser's worker, the command line and the server differ only in their {@link Platform}.
 */
import type { Call } from '../contract/engine';
import type { HubAccess } from '../contract/modelLibrary';
import type { FinishedPicture } from '../contract/protocol';
import { FILL, type InpaintRequest, type LocalOptions, STARTER } from '../contract/schema';
import type { Size } from '../image/geometry';
import { withEmbeddings } from '../model/embedding/attach';
import { chooseEmbedding, type Embedding, embeddingChoice, openEmbeddings } from '../model/embedding/open';
import { type CheckpointFiles, filesOfTexts, heeding } from '../model/files';
import { lazy } from '../model/lazy';
import { loadModel } from '../model/load';
import { choiceOfFile, chooseLora } from '../model/lora/open';
import { clipVocabulary, openModel, prepareSource } from '../model/openModel';
import { type MergeProgress, openMerged } from '../model/openWithLoras';
import { isPrepared } from '../model/prepare/prepared';
import { readAhead } from '../model/readAhead';
import { measured, noteTime } from '../model/runtime/measured';
import { createProduct } from '../model/runtime/ortMatMul';
import { measureSpeed } from '../model/runtime/speedProbe';
import { startRuntime } from '../model/runtime/start';
import { connect } from '../model/source/download';
import { HUB_URL } from '../model/source/modelName';
import { InpaintCache } from '../pipeline/cache';
import { checkSameSize } from '../pipeline/checkInputs';
import { createFill } from '../pipeline/fill';
import type { DiffusionModel, Model } from '../pipeline/model';
import { type OpenModel, type Pictures, runRequest } from '../pipeline/runRequest';
import type { WeightStore } from '../storage/weights';
import { createModelSlot } from './modelSlot';
import type { ChooseFile, Machine, OwnModel, Platform } from './platform';
import { reportTo } from './previews';
import type { Host } from './serve';
import { warmUpPieces } from './warmUp';

/** A model with its LoRAs and embeddings. */
export type WantedModel = { name: string } & Partial<Pick<LocalOptions, 'loras' | 'embeddings'>>;

export interface ModelHost extends Required<Host> {
  /** Opens the runtime now rather than at the first run. @throws DeviceError if this device can't run anything */
  openRuntime(): Promise<void>;
  /**
   * Opens a model for the time of `work`; it stays open for the next call. One call at a time.
   * @param asked the size of the image to paint; undefined if that depends on the model
   * @throws TooLargeError before the weights are fetched if the model cannot run here; else as `openModel`
   */
  withModel<Result>(
    wanted: WantedModel,
    asked: Size | undefined,
    call: Call,
    work: (opened: OpenModel) => Promise<Result>,
  ): Promise<Result>;
}

/** The runtime opens at the first use, a model at the first run that names it; both stay open. */
export function createHost(platform: Platform): ModelHost {
  const { store, starter } = platform;
  let hub = platform.hub;
  let ready: Machine | undefined;
  const machine = lazy(async () => {
    ready = await platform.openRuntime();
    return ready;
  });

  const slot = createModelSlot<WantedModel, { model: Model; files: CheckpointFiles }>({
    keyOf,
    async open(wanted, asked, call) {
      const live = await machine.get();
      // Its code is compiled while configurations and weights are read. Whoever needs it meets a failure again.
      if (live.runtime.target.provider === 'wasm')
        measured('start runtime', () => startRuntime(live.runtime)).catch(() => {});
      const files = heeding(await filesOf(wanted, asked, live, call), call);
      const model = await lockedWhileOpen(store, files, () => loadModel(files, live.runtime, call));
      const { yieldBetweenSteps } = platform;
      const yields = yieldBetweenSteps !== undefined && model.task === 'inpaint';
      return { model: yields ? yielding(model, yieldBetweenSteps) : model, files };
    },
  });

  async function filesOf(
    { name, loras = [] }: WantedModel,
    asked: Size | undefined,
    { runtime, guard }: Machine,
    call: Call,
  ): Promise<CheckpointFiles> {
    const own: OwnModel | undefined = name === STARTER ? starter : await platform.ownModel?.(name);
    if (own?.files !== undefined && loras.length === 0) {
      return own.ahead === undefined ? own.files : readAhead(own.files, own.ahead, call.signal);
    }
    const { precision } = runtime.target;
    const options = {
      ...addOnOptions(call),
      token: hub.token,
      signal: call.signal,
      openDigest: platform.openDigest,
      admit: (files: CheckpointFiles) => guard.checkRunFits(files, asked),
      tokenizer: () => clipVocabulary(starterFiles(starter), call.signal),
    };
    const base = own === undefined ? name : await own.source();
    if (loras.length > 0) {
      const choices = loras.map(async ({ source, weight }) => {
        const file = await ownAddOn(source, chooseLora);
        return file === undefined ? choiceOfFile({ source, weight }) : { source: file, weight };
      });
      const openProduct = () => createProduct(runtime);
      return openMerged(base, precision, { ...options, openProduct, loras: await Promise.all(choices) });
    }
    if (typeof base === 'string') return openModel(base, precision, options);
    return prepareSource(base, precision, options.connection, options);
  }

  /** The common part of fetching a model, a LoRA and an embedding. */
  function addOnOptions(call: Call) {
    return {
      store,
      hubUrl: hub.url,
      connection: connect(hub.url ?? HUB_URL, call.signal, { token: hub.token }),
      onProgress: (progress: MergeProgress) =>
        call.onProgress(progress.stage === 'wait' ? { stage: 'queue', position: 1 } : progress),
    };
  }

  async function ownAddOn(source: string | File, choose: ChooseFile) {
    return typeof source === 'string' ? platform.ownAddOn?.(source, choose) : undefined;
  }

  /** Not part of the open model: another embedding needs no other session of its networks. */
  async function embeddingsOf({ embeddings = [] }: WantedModel, call: Call): Promise<Embedding[]> {
    const choices = embeddings.map(async (option) => {
      const choice = embeddingChoice(option);
      return { ...choice, source: (await ownAddOn(option.source, chooseEmbedding)) ?? choice.source };
    });
    return openEmbeddings(await Promise.all(choices), addOnOptions(call));
  }

  /** Needs no runtime: it is ready at once, whatever this device can run, and a model that is open stays so. */
  const ground = createFill(platform.turn, platform.fill);
  const fill: OpenModel = {
    model: createFill(platform.turn),
    ground,
    cache: new InpaintCache(),
    admit: () => Promise.resolve(),
  };

  /** Pieces of warming up that are done. */
  let warmed = 0;

  async function open(wanted: WantedModel, asked: Size | undefined, call: Call): Promise<OpenModel> {
    if (wanted.name === FILL) return fill;
    // What is left of warming up is done by the run itself, and might be for another model.
    warmed = Number.POSITIVE_INFINITY;
    // They are small, so errors in them are reported before a model is fetched.
    const embeddings = await embeddingsOf(wanted, call);
    const { model, files, cache } = await slot.get(wanted, asked);
    const { guard } = await machine.get();
    return {
      model: model.task === 'inpaint' ? withEmbeddings(model, embeddings) : model,
      cache,
      ground,
      admit: (run) => guard.checkRunFits(files, run),
    };
  }

  /** Both images are measured before either takes memory. */
  async function readPictures(request: InpaintRequest, call: Call): Promise<Pictures> {
    const { checkSize, describeMask } = platform;
    const measured = await platform.measure('image_url', request.image_url, call.signal);
    checkSize?.(measured, request.model_name);
    const measuredMask = await platform.measure('mask_url', request.mask_url, call.signal);
    checkSameSize(measured, measuredMask);
    const image = await measured.decode();
    const mask = await measuredMask.decode();
    const note = describeMask?.(mask) ?? null;
    if (note !== null) call.onProgress({ stage: 'log', message: `mask_url: ${note}` });
    return { image, mask };
  }

  async function paint(request: InpaintRequest, options: LocalOptions, call: Call): Promise<FinishedPicture> {
    const pictures = await measured('read images', () => readPictures(request, call));
    const { loras, embeddings } = options;
    const wanted = { name: request.model_name, loras, embeddings };
    const reports = reportTo(call, platform.preview);
    const { pixels, seed, timings } = await runRequest(
      request,
      options,
      pictures,
      (asked) => measured('open model', () => open(wanted, asked, call)),
      { signal: call.signal, onProgress: reports.add },
    );
    for (const [stage, ms] of Object.entries(timings)) noteTime(stage, performance.now() - ms, ms);
    await reports.sent();
    const { width, height } = pixels;
    const png = await measured('write image', () => platform.encode(pixels));
    return { png, width, height, seed, timings };
  }

  /** A run that fails for lack of memory makes the next one more careful. */
  function learning<Result>(call: Call, work: () => Promise<Result>): Promise<Result> {
    return slot.withCall(call, async () => {
      try {
        return await work();
      } catch (error) {
        await ready?.guard.recordOutOfMemory();
        throw error;
      }
    });
  }

  const pieces = warmUpPieces({
    startRuntime: async () => startRuntime((await machine.get()).runtime),
    openModel: async () => (await slot.get({ name: STARTER }, undefined)).model,
  });

  return {
    async openRuntime() {
      await machine.get();
    },
    withModel: (wanted, asked, call, work) =>
      learning(call, async () => work(await open(wanted, asked, call))),
    inpaint: (request, options, call) => learning(call, () => paint(request, options, call)),
    isDead: () => ready?.runtime.isLost ?? false,
    release: slot.close,
    async warmUp() {
      // Nobody waits for it, so there is nobody to tell.
      const call = { signal: new AbortController().signal, onProgress() {} };
      await learning(call, async () => pieces[warmed]?.());
      warmed++;
      return warmed < pieces.length;
    },
    async judge(name, texts) {
      const { guard } = await machine.get();
      await guard.checkFits(filesOfTexts(name, texts));
    },
    async measureSpeed() {
      const { runtime } = await machine.get();
      return measureSpeed(runtime, () => performance.now());
    },
    setHub(next: HubAccess) {
      hub = next;
    },
  };
}

function starterFiles({ files }: OwnModel): CheckpointFiles {
  if (files === undefined) throw new TypeError('the starter model is read as it is');
  return files;
}

/** While a model is open, the files that it still reads from are not deleted. */
async function lockedWhileOpen(
  store: WeightStore,
  files: CheckpointFiles,
  load: () => Promise<Model>,
): Promise<Model> {
  if (!isPrepared(files)) return load();
  const release = await store.use(files.folder);
  try {
    const model = await load();
    return { ...model, dispose: () => model.dispose().finally(release) };
  } catch (error) {
    release();
    throw error;
  }
}

/** The same model, but it releases the thread before each evaluation of its denoiser. */
function yielding(model: DiffusionModel, yieldBetweenSteps: () => Promise<void>): DiffusionModel {
  return {
    ...model,
    async denoiser() {
      const denoiser = await model.denoiser();
      return {
        ...denoiser,
        async predict(...parameters) {
          await yieldBetweenSteps();
          return denoiser.predict(...parameters);
        },
      };
    },
  };
}

/** Tells a model with its LoRAs from any other; name, size and date identify a file's content. */
function keyOf({ name, loras = [] }: WantedModel): string {
  const each = loras.map(({ source, weight }) => [
    typeof source === 'string' ? source : [source.name, source.size, source.lastModified],
    weight,
  ]);
  return JSON.stringify([name, each]);
}
