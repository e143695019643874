/** The engine on this machine: the pipeline in a worker of its own, behind the interface of every engine. */
import type { Call, EngineStatus, LocalEngine, Progress, ProviderChoice } from '../contract/engine';
import { DeviceError, DeviceLostError, decodeError, type EncodedError } from '../contract/errors';
import { CANCEL_MS } from '../contract/limits';
import type { HubAccess } from '../contract/modelLibrary';
import type { Alive, FinishedPicture, FromWorker, ToWorker } from '../contract/protocol';
import { logIgnored, readFromWorker } from '../contract/protocolChecks';
import { type InpaintRequest, type InpaintResult, type LocalOptions, STARTER } from '../contract/schema';
import { whenEnded } from './localLife';
import { createLocalModels, keepDownloads, type LibraryWorkerLike, spawnLibraryWorker } from './localModels';

/** A run in the order of sending: the first is at work in the worker, the others wait there. */
interface Run {
  request: InpaintRequest;
  options: LocalOptions;
  call: Call;
  /** Without effect once the caller has its answer. */
  resolve(result: InpaintResult): void;
  reject(error: Error): void;
}

/** What a worker of our own looks like; tests pass another. */
export interface WorkerLike {
  postMessage(message: ToWorker): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

function spawnWorker(): WorkerLike {
  return new Worker(new URL('../worker/main.ts', import.meta.url), { type: 'module', name: 'inlay-engine' });
}

export interface LocalEngineOptions {
  /** The page's own address: the embedded model and the wasm files lie beside it. */
  baseUrl?: string;
  /** Where to run; `auto` takes WebGPU on a real graphics device, else WASM. */
  provider?: ProviderChoice;
  /** Where models by id come from; Hugging Face's Hub where absent. */
  hubUrl?: string;
  /** What is said of a worker that is gone; a person at a page and a server's client do different things about it. */
  words?: EngineWords;
  /** How long a worker may take to answer a cancel, in milliseconds. */
  cancelMs?: number;
  /** Make the workers; tests pass others. */
  spawn?: () => WorkerLike;
  spawnLibrary?: () => LibraryWorkerLike;
}

export interface EngineWords {
  /** It could not start, or ended by itself. */
  ended(reason: string): string;
  /** `dispose` ended it. */
  shutDown: string;
}

const pageWords: EngineWords = {
  ended: (reason) =>
    `The engine stopped (${reason}); press Generate again, and reload the page if it happens twice`,
  shutDown: 'The engine was shut down; reload the page',
};

/** The engine of this page. Its worker starts at once, so that its status is known early. */
export function createLocalEngine(options: LocalEngineOptions = {}): LocalEngine {
  const {
    baseUrl = new URL('.', location.href).href,
    provider = 'auto',
    hubUrl,
    words = pageWords,
    cancelMs = CANCEL_MS,
    spawn = spawnWorker,
    spawnLibrary = spawnLibraryWorker,
  } = options;
  const runs = new Map<number, Run>();
  /** Until when the run at work, which is cancelled, has to answer. */
  let deadline: { id: number; timer: ReturnType<typeof setTimeout> } | undefined;
  const listeners = new Set<(status: EngineStatus) => void>();
  let status: EngineStatus | undefined;
  /** Why there is no status; told to those who wait for one. */
  let unavailable: Error | undefined;
  const waiting = new Set<{ resolve(status: EngineStatus): void; reject(error: Error): void }>();
  const answers = new Map<number, { resolve(): void; reject(error: Error): void }>();
  let hub: HubAccess = { url: hubUrl };
  let worker: WorkerLike | undefined;
  let nextId = 1;
  let disposed = false;

  function start(): WorkerLike {
    const started = spawn();
    worker = started;
    started.onmessage = ({ data }) => {
      const message = readFromWorker(data);
      if (message === undefined) logIgnored('engine', data);
      else if (message.type === 'alive') {
        whenEnded(message.lock, () => started === worker && fail(lost('it ended without a word')));
      } else receive(message);
    };
    started.onerror = (event) => fail(lost(event.message || 'no reason given'));
    started.postMessage({ type: 'init', baseUrl, provider, hubUrl: hub.url });
    if (hub.token !== undefined) started.postMessage({ type: 'hub', hub });
    return started;
  }

  function lost(reason: string): DeviceLostError {
    return new DeviceLostError(words.ended(reason));
  }

  /** The worker is gone: with it the run that was at work, unless nobody waits for that; those that waited go on in a new one. */
  function fail(error: Error): void {
    stop();
    for (const { reject } of waiting) reject(error);
    waiting.clear();
    const [first] = runs;
    if (first !== undefined) {
      const [id, { call, reject }] = first;
      runs.delete(id);
      reject(call.signal.aborted ? aborted() : error);
    }
    goOn();
  }

  /** Sends those that waited in a worker that is gone to a new one. */
  function goOn(): void {
    for (const [id, { call }] of runs) if (call.signal.aborted) runs.delete(id);
    if (runs.size === 0) return;
    const next = start();
    for (const [id, { request, options }] of runs)
      next.postMessage({ type: 'inpaint', id, request, options });
  }

  /** Gives the run at work its time to answer a cancel. */
  function watch(): void {
    const [first] = runs;
    const [id, run] = first ?? [];
    const isCancelled = run?.call.signal.aborted === true;
    if (isCancelled && deadline?.id === id) return;
    clearTimeout(deadline?.timer);
    deadline = undefined;
    if (id === undefined || run === undefined || !isCancelled) return;
    const giveUp = () => {
      stop();
      runs.delete(id);
      run.reject(aborted());
      goOn();
      // The next run finds it ready.
      if (worker === undefined) start();
    };
    deadline = { id, timer: setTimeout(giveUp, cancelMs) };
  }

  function cancel(id: number): void {
    const run = runs.get(id);
    if (run === undefined) return;
    worker?.postMessage({ type: 'cancel', id });
    const [atWork] = runs.keys();
    // What waits has nothing to stop, and the worker may be in the middle of a long step of another run.
    if (id !== atWork) run.reject(aborted());
    watch();
  }

  function stop(): void {
    worker?.terminate();
    worker = undefined;
    clearTimeout(deadline?.timer);
    deadline = undefined;
    // What is gone holds no model and refuses none.
    for (const { resolve } of answers.values()) resolve();
    answers.clear();
  }

  function statusSoon(): Promise<EngineStatus> {
    if (status !== undefined) return Promise.resolve(status);
    if (unavailable !== undefined) return Promise.reject(unavailable);
    return new Promise((resolve, reject) => waiting.add({ resolve, reject }));
  }

  function ask(message: (id: number) => ToWorker): Promise<void> {
    const id = nextId++;
    return new Promise((resolve, reject) => {
      answers.set(id, { resolve, reject });
      (worker ?? start()).postMessage(message(id));
    });
  }

  const models = createLocalModels({
    baseUrl,
    hubUrl,
    spawn: spawnLibrary,
    precision: async () => (await statusSoon()).precision,
    release: () => (worker === undefined ? Promise.resolve() : ask((id) => ({ type: 'release', id }))),
    judge: (name, texts) => ask((id) => ({ type: 'judge', id, name, texts })),
    onHub(next) {
      hub = next;
      worker?.postMessage({ type: 'hub', hub });
    },
  });

  function receive(message: Exclude<FromWorker, Alive>): void {
    switch (message.type) {
      case 'status':
        status = message.status;
        for (const { resolve } of waiting) resolve(message.status);
        waiting.clear();
        for (const listener of listeners) listener(message.status);
        return;
      case 'unavailable':
        unavailable = decodeError(message.error);
        for (const { reject } of waiting) reject(unavailable);
        waiting.clear();
        return;
      case 'answered':
        answer(message);
        return;
      case 'progress': {
        const call = runs.get(message.id)?.call;
        if (call === undefined || call.signal.aborted) closePreview(message.progress);
        else call.onProgress(message.progress);
        return;
      }
      case 'result':
        take(message.id)?.resolve(toResult(message.picture));
        return;
      case 'error': {
        const error = decodeError(message.error);
        answer(message);
        take(message.id)?.reject(error);
        if (message.dead) {
          stop();
          goOn();
        }
        return;
      }
      default:
        throw new TypeError(`unknown message ${message satisfies never}`);
    }
  }

  function answer({ id, error }: { id: number; error?: EncodedError }): void {
    const asked = answers.get(id);
    answers.delete(id);
    if (error === undefined) asked?.resolve();
    else asked?.reject(decodeError(error));
  }

  function take(id: number): Run | undefined {
    const run = runs.get(id);
    runs.delete(id);
    watch();
    return run;
  }

  start();
  return {
    models,
    inpaint(request: InpaintRequest, options: LocalOptions, call: Call): Promise<InpaintResult> {
      if (disposed) return Promise.reject(new DeviceError(words.shutDown));
      if (call.signal.aborted) return Promise.reject(aborted());
      // The starter comes with the page: nothing of it is stored.
      if (request.model_name !== STARTER) keepDownloads();
      const id = nextId++;
      return new Promise((resolve, reject) => {
        // Before the run is listed: a new worker is sent what is listed.
        const sent = worker ?? start();
        runs.set(id, { request, options, call, resolve, reject });
        call.signal.addEventListener('abort', () => cancel(id), { once: true });
        sent.postMessage({ type: 'inpaint', id, request, options });
      });
    },
    onStatus(listener) {
      listeners.add(listener);
      if (status !== undefined) listener(status);
      return () => listeners.delete(listener);
    },
    async dispose() {
      disposed = true;
      models.dispose();
      stop();
      for (const { reject } of [...runs.values(), ...waiting]) reject(aborted());
      runs.clear();
      waiting.clear();
    },
  };
}

function aborted(): Error {
  return decodeError({ name: 'AbortError', message: '' });
}

function toResult({ png, width, height, seed, timings }: FinishedPicture): InpaintResult {
  return {
    image: {
      url: URL.createObjectURL(png),
      content_type: png.type,
      file_name: `inlay-${seed}.png`,
      file_size: png.size,
      width,
      height,
    },
    seed,
    timings,
  };
}

function closePreview(progress: Progress): void {
  if (progress.stage === 'denoise') progress.preview?.close();
}
