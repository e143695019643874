/** A worker that answers tasks, and the page's side of one. */
import { holdLifeLock } from '../../contract/workerLock';

export type Answer =
  | { id: number; result: unknown }
  | { id: number; error: { name: string; message: string } };

/** A worker's first message: it holds the lock of this name for as long as it lives. */
export interface Life {
  lock: string;
}

/** In the worker: runs each task that arrives. @param transferables what an answer may transfer instead of copying */
export function serveTasks<Task>(
  run: (task: Task) => Promise<unknown>,
  transferables: (result: unknown) => Transferable[],
): void {
  holdLifeLock((lock) => self.postMessage({ lock } satisfies Life));
  self.addEventListener('message', async ({ data }: MessageEvent<{ id: number; task: Task }>) => {
    const { id, task } = data;
    try {
      const result = await run(task);
      self.postMessage({ id, result } satisfies Answer, { transfer: transferables(result) });
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
      self.postMessage({ id, error: { name, message } } satisfies Answer);
    }
  });
}

export interface TaskClient<Task> {
  /** Whether the worker is running, with what it kept from earlier tasks. */
  readonly running: boolean;
  /** @returns what the worker returns for the task */
  ask<Result>(task: Task, transfer?: Transferable[]): Promise<Result>;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/**
 * A worker that starts when it is needed and ends when it is idle, which frees its memory.
 * @param lost the message for waiting tasks if the worker dies
 */
export function createTaskClient<Task>(create: () => Worker, idleMs: number, lost: string): TaskClient<Task> {
  let worker: Worker | null = null;
  let lastId = 0;
  let idleTimer: ReturnType<typeof setTimeout> | undefined;
  const waiting = new Map<number, Waiting>();

  const stop = () => {
    worker?.terminate();
    worker = null;
  };
  const settle = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) idleTimer = setTimeout(stop, idleMs);
    return found;
  };
  const start = (): Worker => {
    const started = create();
    // Out of memory, script not found, or it ended silently: waiting tasks are rejected, and the next one starts a new worker.
    const gone = () => {
      // If it was stopped meanwhile, the waiting tasks are those of the next worker.
      if (worker !== started) return;
      clearTimeout(idleTimer);
      stop();
      for (const id of [...waiting.keys()]) {
        waiting.get(id)?.reject(new Error(lost));
        waiting.delete(id);
      }
    };
    started.addEventListener('message', ({ data }: MessageEvent<Answer | Life>) => {
      if ('lock' in data) {
        navigator.locks?.request(data.lock, gone).catch(() => {});
        return;
      }
      const found = settle(data.id);
      if ('error' in data)
        found?.reject(Object.assign(new Error(data.error.message), { name: data.error.name }));
      else found?.resolve(data.result);
    });
    started.addEventListener('error', gone);
    return started;
  };
  return {
    get running() {
      return worker !== null;
    },
    ask<Result>(task: Task, transfer: Transferable[] = []) {
      clearTimeout(idleTimer);
      worker ??= start();
      lastId += 1;
      const id = lastId;
      return new Promise<Result>((resolve, reject) => {
        waiting.set(id, { resolve: (result) => resolve(result as Result), reject });
        worker?.postMessage({ id, task }, transfer);
      });
    },
  };
}
