/** The engine on this machine: the pipeline in a worker of its own, behind the interface of every engine. */
import type { Call, EngineStatus, LocalEngine, Progress, ProviderChoice } from './engine';
import { DeviceError, DeviceLostError, decodeError } from './errors';
import { createLocalModels, keepDownloads, type LibraryWorkerLike, spawnLibraryWorker } from './localModels';
import type { HubAccess } from './models';
import type { FinishedPicture, FromWorker, ToWorker } from './protocol';
import { type InpaintRequest, type InpaintResult, type LocalOptions, STARTER } from './schema';

interface Pending {
  call: Call;
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
    spawn = spawnWorker,
    spawnLibrary = spawnLibraryWorker,
  } = options;
  const pending = new Map<number, Pending>();
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
    started.onmessage = ({ data }) => receive(data);
    started.onerror = (event) => fail(new DeviceLostError(words.ended(event.message || 'no reason given')));
    started.postMessage({ type: 'init', baseUrl, provider, hubUrl: hub.url });
    if (hub.token !== undefined) started.postMessage({ type: 'hub', hub });
    return started;
  }

  function fail(error: Error): void {
    stop();
    for (const { reject } of [...pending.values(), ...waiting]) reject(error);
    pending.clear();
    waiting.clear();
  }

  function stop(): void {
    worker?.terminate();
    worker = undefined;
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

  function receive(message: FromWorker): void {
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
      case 'answered': {
        const answer = answers.get(message.id);
        answers.delete(message.id);
        if (message.error === undefined) answer?.resolve();
        else answer?.reject(decodeError(message.error));
        return;
      }
      case 'progress': {
        const entry = pending.get(message.id);
        if (entry === undefined || entry.call.signal.aborted) closePreview(message.progress);
        else entry.call.onProgress(message.progress);
        return;
      }
      case 'result': {
        const entry = take(message.id);
        entry?.resolve(toResult(message.picture));
        return;
      }
      case 'error': {
        take(message.id)?.reject(decodeError(message.error));
        // With the worker went those that waited in it for their turn.
        if (message.dead) fail(new DeviceLostError(words.ended('the run before this one ended it')));
        return;
      }
      default:
        throw new TypeError(`unknown message ${message satisfies never}`);
    }
  }

  function take(id: number): Pending | undefined {
    const entry = pending.get(id);
    pending.delete(id);
    return entry;
  }

  start();
  return {
    models,
    inpaint(request: InpaintRequest, options: LocalOptions, call: Call): Promise<InpaintResult> {
      if (disposed) return Promise.reject(new DeviceError(words.shutDown));
      if (call.signal.aborted) return Promise.reject(decodeError({ name: 'AbortError', message: '' }));
      // The starter comes with the page: nothing of it is stored.
      if (request.model_name !== STARTER) keepDownloads();
      const id = nextId++;
      return new Promise((resolve, reject) => {
        pending.set(id, { call, resolve, reject });
        call.signal.addEventListener('abort', () => worker?.postMessage({ type: 'cancel', id }), {
          once: true,
        });
        (worker ?? start()).postMessage({ type: 'inpaint', id, request, options });
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
      fail(decodeError({ name: 'AbortError', message: '' }));
    },
  };
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
