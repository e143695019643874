/** The local engine inside its worker: one runtime, one model at a time, pictures in and out. */
import type { Call, EngineStatus, ProviderChoice } from '../contract/engine';
import type { HubAccess } from '../contract/modelLibrary';
import type { FinishedPicture } from '../contract/protocol';
import { type InpaintRequest, type LocalOptions, type LoraOption, STARTER } from '../contract/schema';
import { createOpenedModel } from '../host/modelSlot';
import type { Host } from '../host/serve';
import type { Pixels, Size } from '../image/pixels';
import { withEmbeddings } from '../model/embedding/attach';
import { type Embedding, embeddingChoice, openEmbeddings } from '../model/embedding/open';
import { type CheckpointFiles, filesOfTexts, heeding, httpFiles } from '../model/files';
import { lazy } from '../model/lazy';
import { loadModel } from '../model/load';
import { choiceOfFile } from '../model/lora/open';
import { createMemoryGuard, type MemoryGuard } from '../model/memoryGuard';
import type { RunSize } from '../model/memoryNeeds';
import { clipVocabulary, openModel } from '../model/openModel';
import { type MergeProgress, openMerged } from '../model/openWithLoras';
import { isPrepared } from '../model/prepare/prepared';
import type { VerdictStore } from '../model/runtime/canary';
import { createProduct } from '../model/runtime/ortProduct';
import { openBrowserRuntime } from '../model/runtime/runtime';
import type { Runtime } from '../model/runtime/session';
import { connect } from '../model/source/download';
import { HUB_URL } from '../model/source/modelName';
import type { PipelineProgress } from '../pipeline/inpaint';
import type { Model } from '../pipeline/model';
import { type OpenModel, runRequest } from '../pipeline/runRequest';
import { opfsWeightStore } from '../storage/weightsOpfs';
import { encodePng, readImage, toBitmap } from './codecs';
import { openDigestInWorker } from './digestClient';

export interface HostOptions {
  /** The page's own address, against which the embedded model lies. */
  baseUrl: string;
  provider: ProviderChoice;
  hubUrl?: string | undefined;
  onStatus(status: EngineStatus): void;
  /** Called where the machine can run nothing. */
  onUnavailable(error: unknown): void;
  verdicts: VerdictStore;
}

/** A model with the LoRAs that are merged into it. */
interface WantedModel {
  name: string;
  loras: readonly LoraOption[];
}

/** Opens the device at once, a model at the first run that names it, and keeps both. */
export function createHost({
  baseUrl,
  provider,
  hubUrl,
  onStatus,
  onUnavailable,
  verdicts,
}: HostOptions): Host {
  const store = opfsWeightStore();
  let hub: HubAccess = { url: hubUrl };
  let ready: Runtime | undefined;
  let guard: MemoryGuard | undefined;
  /** Of the run at hand, as far as it is known before its model is open. */
  let currentRun: RunSize | undefined;

  const runtime = lazy(async () => {
    ready = await openBrowserRuntime(provider, { onStatus, verdicts });
    const { deviceMemory } = navigator as { deviceMemory?: number };
    guard = createMemoryGuard(ready, { kept: verdicts, machine: { deviceMemory } });
    return ready;
  });

  const opened = createOpenedModel<WantedModel, { model: Model; files: CheckpointFiles }>({
    keyOf,
    async open(wanted, call) {
      const live = await runtime.get();
      const files = heeding(await filesOf(wanted, live, call), call);
      return { model: await held(files, () => loadModel(files, live, call)), files };
    },
  });

  /** Refuses a model that this machine cannot run at the size of the picture at hand. */
  async function admit(files: CheckpointFiles): Promise<void> {
    if (currentRun !== undefined) await guard?.admit(files, currentRun);
  }

  /** As long as it is open nobody deletes what it still reads from. */
  async function held(files: CheckpointFiles, load: () => Promise<Model>): Promise<Model> {
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

  const starterUrl = new URL('models/starter/', baseUrl).href;
  const starterFiles = httpFiles(STARTER, starterUrl);

  async function filesOf({ name, loras }: WantedModel, live: Runtime, call: Call): Promise<CheckpointFiles> {
    if (name === STARTER && loras.length === 0) return starterFiles;
    const options = {
      store,
      hubUrl: hub.url,
      token: hub.token,
      signal: call.signal,
      openDigest: openDigestInWorker,
      admit,
      onProgress: (progress: MergeProgress) =>
        call.onProgress(progress.stage === 'wait' ? { stage: 'queue', position: 1 } : progress),
      tokenizer: () => clipVocabulary(starterFiles, call.signal),
    };
    if (loras.length === 0) return openModel(name, live.target.precision, options);
    const base = name === STARTER ? starterUrl : name;
    const openProduct = () => createProduct(live);
    return openMerged(base, live.target.precision, {
      ...options,
      openProduct,
      loras: loras.map(choiceOfFile),
    });
  }

  /** Not part of the open model: another word needs no other session of its networks. */
  function wordsOf({ embeddings = [] }: LocalOptions, call: Call): Promise<Embedding[]> {
    return openEmbeddings(embeddings.map(embeddingChoice), {
      store,
      hubUrl: hub.url,
      connection: connect(hub.url ?? HUB_URL, call.signal, { token: hub.token }),
      onProgress: (progress) =>
        call.onProgress(progress.stage === 'wait' ? { stage: 'queue', position: 1 } : progress),
    });
  }

  async function paint(request: InpaintRequest, options: LocalOptions, call: Call): Promise<FinishedPicture> {
    const image = await readImage('image_url', request.image_url, call.signal);
    const mask = await readImage('mask_url', request.mask_url, call.signal);
    const open = async (asked: Size): Promise<OpenModel> => {
      currentRun = asked;
      const wanted = { name: request.model_name, loras: options.loras ?? [] };
      // First: they are small, and what is wrong with one is told before a model is fetched.
      const words = await wordsOf(options, call);
      const { model, files, cache } = await opened.get(wanted);
      return { model: withEmbeddings(model, words), cache, admit: async (run) => guard?.admit(files, run) };
    };
    const reports = reportTo(call);
    const { pixels, seed, timings } = await runRequest(request, options, { image, mask }, open, {
      signal: call.signal,
      onProgress: reports.add,
    });
    await reports.sent();
    const { width, height } = pixels;
    return { png: await encodePng(pixels), width, height, seed, timings };
  }

  // Known before the first run: the page says at its top where pictures will be made.
  runtime.get().catch(onUnavailable);

  return {
    isDead: () => ready?.isLost ?? false,
    release: opened.close,
    async judge(name, texts) {
      await runtime.get();
      await guard?.judge(filesOfTexts(name, texts));
    },
    setHub(next) {
      hub = next;
    },
    inpaint(request: InpaintRequest, options: LocalOptions, call: Call): Promise<FinishedPicture> {
      return opened.during(call, async () => {
        try {
          return await paint(request, options, call);
        } catch (error) {
          await guard?.learn();
          throw error;
        }
      });
    },
  };
}

/** Tells one model with its LoRAs from another: of a file name, size and date stand for its content. */
function keyOf({ name, loras }: WantedModel): string {
  const each = loras.map(({ source, weight }) => [
    typeof source === 'string' ? source : [source.name, source.size, source.lastModified],
    weight,
  ]);
  return JSON.stringify([name, each]);
}

/** Turns previews into bitmaps and passes everything on in the order of the steps. */
function reportTo(call: Call) {
  let tail: Promise<unknown> = Promise.resolve();
  const send = async (progress: PipelineProgress): Promise<void> => {
    if (progress.stage !== 'denoise' || progress.preview === undefined) {
      call.onProgress(progress as Exclude<PipelineProgress, { preview?: Pixels }>);
      return;
    }
    call.onProgress({ ...progress, preview: await toBitmap(progress.preview) });
  };
  return {
    add(progress: PipelineProgress): void {
      tail = tail.catch(() => {}).then(() => send(progress));
      // A run that fails does not ask for `sent`.
      tail.catch(() => {});
    },
    sent: () => tail,
  };
}
