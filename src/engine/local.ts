/** The local engine: the pipeline in its own worker, behind the interface of every engine. */
import type { Call, EngineStatus, LocalEngine, Progress, ProviderChoice } from '../contract/engine';
import { abortError, DeviceError, DeviceLostError, decodeError, type EncodedError } from '../contract/errors';
import { CANCEL_MS } from '../contract/limits';
import type { HubAccess } from '../contract/modelLibrary';
import {
  type Alive,
  type FinishedPicture,
  type FromWorker,
  readFromWorker,
  type ToWorker,
} from '../contract/protocol';
import {
  FILL,
  type InpaintRequest,
  type InpaintResult,
  type LocalOptions,
  STARTER,
} from '../contract/schema';
import { createLocalModels, keepDownloads, type LibraryWorker, spawnLibraryWorker } from './localModels';
import { createWorkerClient, type WorkerLike } from './workerClient';

/** What runs the engine: the page's worker, or a server's process. */
export type EngineWorker = WorkerLike<ToWorker, FromWorker>;

interface Pending<Value> {
  /** Neither has an effect once the caller has its answer. */
  resolve(value: Value): void;
  reject(error: Error): void;
}

/** Runs are kept in the order of sending: the worker runs the first, the others wait there. */
interface Run extends Pending<InpaintResult> {
  request: InpaintRequest;
  options: LocalOptions;
  call: Call;
}

function spawnWorker(): EngineWorker {
  return new Worker(new URL('../worker/main.ts', import.meta.url), { type: 'module', name: 'inlay-engine' });
}

export interface LocalEngineOptions {
  /** The page's own URL: the starter model and the WASM files are stored relative to it. */
  baseUrl?: string;
  provider?: ProviderChoice;
  /** Where models named by id come from; absent: Hugging Face. */
  hubUrl?: string;
  /** Messages about a worker that is gone: the user of a page and a client of a server need different advice. */
  words?: EngineWords;
  /** How long a worker may take to answer a cancel, in milliseconds. */
  cancelMs?: number;
  /** Start the workers. */
  spawn?: () => EngineWorker;
  spawnLibrary?: () => LibraryWorker;
}

export interface EngineWords {
  /** It could not start, or ended by itself. */
  ended(reason: string): string;
  /** `dispose` ended it. */
  shutDown: string;
}

const pageWords: EngineWords = {
  ended: (reason) =>
    `The engine stopped (${reason}). Press Generate again; if it happens twice, reload the page.`,
  shutDown: 'The engine was shut down. Reload the page.',
};

/** Its worker starts at once, so that its status is known early. */
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
  /** When the current run, which is cancelled, must have answered. */
  let deadline: { id: number; timer: ReturnType<typeof setTimeout> } | undefined;
  const listeners = new Set<(status: EngineStatus) => void>();
  let status: EngineStatus | undefined;
  /** Why there is no status. */
  let unavailable: Error | undefined;
  /** Callers that wait for the status. */
  const waiting = new Set<Pending<EngineStatus>>();
  /** Callers that wait for an `answered`, or a `measured`. */
  const answers = new Map<number, Pending<number | null>>();
  /** The piece that is being done beforehand. */
  let warming: ({ id: number } & Pending<boolean>) | undefined;
  let hub: HubAccess = { url: hubUrl };
  let nextId = 1;
  let disposed = false;

  const worker = createWorkerClient<ToWorker, FromWorker>({
    name: 'engine',
    spawn,
    greeting: () => [
      { type: 'init', baseUrl, provider, hubUrl: hub.url },
      ...(hub.token === undefined ? [] : [{ type: 'hub' as const, hub }]),
    ],
    read: readFromWorker,
    receive,
    onEnd: (reason) => fail(new DeviceLostError(words.ended(reason))),
  });

  /** Fails the current run of a worker that is gone (a cancelled one with an AbortError); waiting runs continue in a new one. */
  function fail(error: Error): void {
    stop();
    for (const { reject } of waiting) reject(error);
    waiting.clear();
    const [first] = runs;
    if (first !== undefined) {
      const [id, { call, reject }] = first;
      runs.delete(id);
      reject(call.signal.aborted ? abortError() : error);
    }
    resendRuns();
  }

  /** Sends the runs that waited in a worker that is gone to a new one. */
  function resendRuns(): void {
    for (const [id, { call }] of runs) if (call.signal.aborted) runs.delete(id);
    for (const [id, { request, options }] of runs) worker.post({ type: 'inpaint', id, request, options });
  }

  /** If the current run is cancelled, gives it `cancelMs` to answer before its worker is ended. */
  function limitCancel(): void {
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
      run.reject(abortError());
      resendRuns();
      // Ready for the next run.
      worker.start();
    };
    deadline = { id, timer: setTimeout(giveUp, cancelMs) };
  }

  function cancel(id: number): void {
    const run = runs.get(id);
    if (run === undefined) return;
    worker.postIfRunning({ type: 'cancel', id });
    const [current] = runs.keys();
    // A waiting run has nothing to stop, and the worker may be in a long step of another run.
    if (id !== current) run.reject(abortError());
    limitCancel();
  }

  function stop(): void {
    worker.stop();
    clearTimeout(deadline?.timer);
    deadline = undefined;
    // A worker that is gone holds no model and refuses none.
    for (const { resolve } of answers.values()) resolve(null);
    answers.clear();
    // What a worker that is gone has done is lost; the next run begins as it would have without.
    warming?.resolve(false);
    warming = undefined;
  }

  function statusSoon(): Promise<EngineStatus> {
    if (status !== undefined) return Promise.resolve(status);
    if (unavailable !== undefined) return Promise.reject(unavailable);
    return new Promise((resolve, reject) => waiting.add({ resolve, reject }));
  }

  function ask(message: (id: number) => ToWorker): Promise<number | null> {
    const id = nextId++;
    return new Promise((resolve, reject) => {
      answers.set(id, { resolve, reject });
      worker.post(message(id));
    });
  }

  async function release(): Promise<void> {
    if (worker.isRunning()) await ask((id) => ({ type: 'release', id }));
  }

  const models = createLocalModels({
    baseUrl,
    hubUrl,
    spawn: spawnLibrary,
    precision: async () => (await statusSoon()).precision,
    release,
    async judge(name, texts) {
      await ask((id) => ({ type: 'judge', id, name, texts }));
    },
    measureSpeed: () => ask((id) => ({ type: 'measure', id })),
    onHub(next) {
      hub = next;
      worker.postIfRunning({ type: 'hub', hub });
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
      case 'measured':
        answer({ id: message.id, value: message.speed });
        return;
      case 'warmed':
        if (warming?.id !== message.id) return;
        warming.resolve(message.more);
        warming = undefined;
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
        if (warming?.id === message.id) {
          warming.reject(error);
          warming = undefined;
        }
        if (message.dead) {
          stop();
          resendRuns();
        }
        return;
      }
      default:
        throw new TypeError(`unknown message ${message satisfies never}`);
    }
  }

  function answer({
    id,
    value = null,
    error,
  }: {
    id: number;
    value?: number | null;
    error?: EncodedError;
  }): void {
    const asked = answers.get(id);
    answers.delete(id);
    if (error === undefined) asked?.resolve(value);
    else asked?.reject(decodeError(error));
  }

  function take(id: number): Run | undefined {
    const run = runs.get(id);
    runs.delete(id);
    limitCancel();
    return run;
  }

  worker.start();
  return {
    models,
    inpaint(request: InpaintRequest, options: LocalOptions, call: Call): Promise<InpaintResult> {
      if (disposed) return Promise.reject(new DeviceError(words.shutDown));
      if (call.signal.aborted) return Promise.reject(abortError());
      // The embedded models are part of the page, so nothing is stored.
      if (request.model_name !== STARTER && request.model_name !== FILL) keepDownloads();
      const id = nextId++;
      return new Promise((resolve, reject) => {
        // A worker that can't start throws before the run is listed.
        worker.start();
        runs.set(id, { request, options, call, resolve, reject });
        call.signal.addEventListener('abort', () => cancel(id), { once: true });
        worker.post({ type: 'inpaint', id, request, options });
      });
    },
    warmUp() {
      if (disposed) return Promise.resolve(false);
      // Not beside a run or another piece.
      if (warming !== undefined || runs.size > 0) return Promise.resolve(true);
      const id = nextId++;
      return new Promise((resolve, reject) => {
        warming = { id, resolve, reject };
        worker.post({ type: 'warmUp', id });
      });
    },
    coolDown: release,
    onStatus(listener) {
      listeners.add(listener);
      if (status !== undefined) listener(status);
      return () => listeners.delete(listener);
    },
    async dispose() {
      disposed = true;
      models.dispose();
      stop();
      for (const { reject } of [...runs.values(), ...waiting]) reject(abortError());
      runs.clear();
      waiting.clear();
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
