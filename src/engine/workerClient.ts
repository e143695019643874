/** The page's side of a worker: starts it when it is needed, checks its messages, and notices when it ends. */
import { type Alive, logIgnored } from '../contract/protocol';

/** The part of a Worker that is used. A server's process and tests' fakes have the same. */
export interface WorkerLike<To, From> {
  postMessage(message: To): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<From>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

export interface WorkerClientOptions<To, From> {
  /** For the log, e.g. `engine`. */
  name: string;
  spawn(): WorkerLike<To, From>;
  /** The first messages to a new worker. */
  greeting(): readonly To[];
  /** Checks a message. @returns undefined if it is to be ignored */
  read(data: unknown): From | undefined;
  receive(message: Exclude<From, Alive>): void;
  /** The worker could not start, or ended by itself; there is none now. */
  onEnd(reason: string): void;
}

export interface WorkerClient<To> {
  isRunning(): boolean;
  /** Does nothing if the worker runs already. */
  start(): void;
  /** Sends a message, to a new worker if there is none. */
  post(message: To): void;
  /** Sends a message unless there is no worker. */
  postIfRunning(message: To): void;
  /** Ends the worker if there is one. */
  stop(): void;
}

/** Nothing is started before the first `start` or `post`. */
export function createWorkerClient<To, From extends { type: string }>(
  options: WorkerClientOptions<To, From>,
): WorkerClient<To> {
  let worker: WorkerLike<To, From> | undefined;

  function running(): WorkerLike<To, From> {
    if (worker !== undefined) return worker;
    const started = options.spawn();
    worker = started;
    const end = (reason: string) => {
      if (started !== worker) return;
      stop();
      options.onEnd(reason);
    };
    started.onmessage = ({ data }) => {
      const message = options.read(data);
      if (message === undefined) logIgnored(options.name, data);
      else if (isAlive(message)) whenFree(message.lock, () => end('it ended unexpectedly'));
      else options.receive(message as Exclude<From, Alive>);
    };
    started.onerror = (event) => end(event.message || 'it could not start');
    for (const message of options.greeting()) started.postMessage(message);
    return started;
  }

  function stop(): void {
    worker?.terminate();
    worker = undefined;
  }

  return {
    isRunning: () => worker !== undefined,
    start: () => void running(),
    post: (message) => running().postMessage(message),
    postIfRunning: (message) => worker?.postMessage(message),
    stop,
  };
}

function isAlive(message: { type: string }): message is Alive {
  return message.type === 'alive';
}

/** Browsers do not report that a worker ended, but they release the lock that it held (contract/workerLock). */
function whenFree(lock: string, ended: () => void): void {
  navigator.locks?.request(lock, ended).catch(() => {});
}
