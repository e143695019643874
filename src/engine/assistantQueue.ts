/**
 * The order of what the assistant is asked: one job at a time, answers to presses before reading ahead, reading ahead before
 * hints under the pointer. A run stops what takes seconds, which then starts again.
 */
import { abortError } from '../contract/errors';

export interface Job {
  /** Lower goes first: `press` 0, `ahead` 1, `hint` 2. */
  readonly priority: 0 | 1 | 2;
  readonly signal: AbortSignal;
  /** Does the work. Called again if it was interrupted. */
  start(): Promise<unknown>;
  /** Told when it has to wait for a run. */
  onWait(): void;
}

interface Waiting extends Job {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export interface AssistantQueue {
  add<Value>(job: Job & { start(): Promise<Value> }): Promise<Value>;
  /** While held nothing starts. */
  hold(isHeld: boolean): void;
  /** Puts the job at work back to the front of the line: its start has been stopped, and rejects or never ends. */
  interrupt(): void;
  readonly isHeld: boolean;
  /** Rejects everything. */
  clear(error: unknown): void;
}

export function createAssistantQueue(): AssistantQueue {
  let waiting: Waiting[] = [];
  let working: Waiting | undefined;
  let isHeld = false;

  function next(): void {
    if (working !== undefined || isHeld) return;
    waiting.sort((a, b) => a.priority - b.priority);
    const job = waiting.shift();
    if (job === undefined) return;
    working = job;
    const isMine = () => working === job;
    const settle = (end: () => void) => {
      // Interrupted: it is in the line again.
      if (!isMine()) return;
      working = undefined;
      end();
      next();
    };
    job.start().then(
      (value) => settle(() => job.resolve(value)),
      (error: unknown) => settle(() => job.reject(error)),
    );
  }

  return {
    add<Value>(job: Job & { start(): Promise<Value> }) {
      if (job.signal.aborted) return Promise.reject(abortError());
      return new Promise<Value>((resolve, reject) => {
        const entry: Waiting = { ...job, resolve: (value) => resolve(value as Value), reject };
        job.signal.addEventListener(
          'abort',
          () => {
            waiting = waiting.filter((other) => other !== entry);
            // Whatever is at work ends by itself; nobody waits for it any more.
            reject(abortError());
          },
          { once: true },
        );
        // A hint under the pointer is only worth the place where the pointer is now.
        if (job.priority === 2) {
          for (const old of waiting.filter(({ priority }) => priority === 2)) old.reject(abortError());
          waiting = waiting.filter(({ priority }) => priority !== 2);
        }
        waiting.push(entry);
        if (isHeld) job.onWait();
        next();
      });
    },
    hold(held) {
      isHeld = held;
      if (held) for (const job of waiting) job.onWait();
      else next();
    },
    interrupt() {
      const job = working;
      working = undefined;
      if (job === undefined) return;
      if (!job.signal.aborted) {
        waiting.unshift(job);
        if (isHeld) job.onWait();
      }
      next();
    },
    get isHeld() {
      return isHeld;
    },
    clear(error) {
      const all = [...(working ? [working] : []), ...waiting];
      working = undefined;
      waiting = [];
      for (const { reject } of all) reject(error);
    },
  };
}
