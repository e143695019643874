/** Runs wait here: one at a time, first come first served, never more than a given number. */
import { randomUUID } from 'node:crypto';
import { Problem, problemOf } from './problem';

export interface LogLine {
  message: string;
  level: 'INFO';
  source: 'USER';
  timestamp: string;
}

type Outcome<Result> = { result: Result } | { problem: Problem };

/** A run as its callers see it. */
export interface Job<Result> {
  readonly id: string;
  readonly state: 'queued' | 'running' | 'done';
  readonly logs: readonly LogLine[];
  /** Set once it is done. */
  readonly outcome?: Outcome<Result>;
  /** How long it ran, in seconds; set once it is done, 0 where it never ran. */
  readonly seconds?: number;
}

export interface RunCall {
  signal: AbortSignal;
  log(message: string): void;
}

export interface QueueOptions<Input, Result> {
  run(input: Input, call: RunCall, id: string): Promise<Result>;
  /** Runs that may wait besides the one that runs. */
  limit: number;
  /** How long a finished run is remembered, in milliseconds. */
  keepMs: number;
  onFinished?(job: Job<Result>, outcome: string): void;
}

/** A place in the queue, taken before the request is read: what cannot be queued is not worth reading. */
export interface Place<Input, Result> {
  /** @param startWithinMs gives up with 504 where it has not begun by then */
  submit(input: Input, startWithinMs?: number): Job<Result>;
  /** Gives the place back; without effect after `submit`. */
  release(): void;
}

interface Entry<Input, Result> extends Job<Result> {
  state: 'queued' | 'running' | 'done';
  logs: LogLine[];
  outcome?: Outcome<Result>;
  seconds?: number;
  input: Input | undefined;
  controller: AbortController;
  listeners: Set<() => void>;
  startTimer?: NodeJS.Timeout;
}

export type Cancellation = 'CANCELLATION_REQUESTED' | 'ALREADY_COMPLETED' | 'NOT_FOUND';

/** Finished runs that are remembered at most, however short the time. */
const MAX_REMEMBERED = 1000;
const MAX_LOG_LINES = 1000;
const FIRST_GUESS_SECONDS = 5;

/** A queue of runs that are remembered for a while after their end, for clients that ask later. */
export class RunQueue<Input, Result> {
  readonly #options: QueueOptions<Input, Result>;
  readonly #jobs = new Map<string, Entry<Input, Result>>();
  readonly #waiting: Entry<Input, Result>[] = [];
  #running: Entry<Input, Result> | undefined;
  #places = 0;
  #meanSeconds = FIRST_GUESS_SECONDS;
  #closed = false;

  constructor(options: QueueOptions<Input, Result>) {
    this.#options = options;
  }

  get length(): number {
    return this.#waiting.length;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** @throws Problem 429 with `Retry-After` where the queue is full, 503 where the server is stopping */
  reserve(): Place<Input, Result> {
    if (this.#closed) throw new Problem(503, 'The server is stopping', { type: 'runner_scheduling_failure' });
    const taken = this.#waiting.length + this.#places + (this.#running === undefined ? 0 : 1);
    if (taken > this.#options.limit) throw this.#full();
    this.#places++;
    let held = true;
    const release = () => {
      if (held) this.#places--;
      held = false;
    };
    return {
      release,
      submit: (input, startWithinMs) => {
        release();
        return this.#submit(input, startWithinMs);
      },
    };
  }

  get(id: string): Job<Result> | undefined {
    return this.#jobs.get(id);
  }

  /** How many runs come before a queued one; 0: it is the next. */
  position(id: string): number {
    return Math.max(
      0,
      this.#waiting.findIndex((entry) => entry.id === id),
    );
  }

  cancel(id: string): Cancellation {
    const entry = this.#jobs.get(id);
    if (entry === undefined) return 'NOT_FOUND';
    if (entry.state === 'done') return 'ALREADY_COMPLETED';
    entry.controller.abort();
    if (entry.state === 'queued') this.#leave(entry, problemOf(entry.controller.signal.reason));
    return 'CANCELLATION_REQUESTED';
  }

  /** Calls back after each change of the run's state, position or log. @returns the unsubscriber */
  watch(id: string, listener: () => void): () => void {
    const listeners = this.#jobs.get(id)?.listeners;
    listeners?.add(listener);
    return () => listeners?.delete(listener);
  }

  /** @returns the run's result @throws Problem */
  async result(job: Job<Result>): Promise<Result> {
    while (job.outcome === undefined) {
      await new Promise<void>((resolve) => {
        const stop = this.watch(job.id, () => {
          stop();
          resolve();
        });
      });
    }
    if ('problem' in job.outcome) throw job.outcome.problem;
    return job.outcome.result;
  }

  /** Cancels everything and takes nothing more. */
  close(): void {
    this.#closed = true;
    for (const id of [...this.#jobs.keys()]) this.cancel(id);
  }

  #submit(input: Input, startWithinMs: number | undefined): Job<Result> {
    const entry: Entry<Input, Result> = {
      id: randomUUID(),
      state: 'queued',
      logs: [],
      input,
      controller: new AbortController(),
      listeners: new Set(),
    };
    this.#jobs.set(entry.id, entry);
    this.#waiting.push(entry);
    if (startWithinMs !== undefined) {
      entry.startTimer = setTimeout(() => {
        const headers = { 'X-Fal-Request-Timeout-Type': 'user' };
        this.#leave(entry, new Problem(504, 'Request timed out', { type: 'request_timeout', headers }));
      }, startWithinMs);
    }
    this.#next();
    return entry;
  }

  #next(): void {
    if (this.#running !== undefined) return;
    const entry = this.#waiting.shift();
    if (entry === undefined) return;
    this.#running = entry;
    clearTimeout(entry.startTimer);
    entry.state = 'running';
    for (const each of [entry, ...this.#waiting]) notify(each);
    void this.#run(entry);
  }

  async #run(entry: Entry<Input, Result>): Promise<void> {
    const started = performance.now();
    const { signal } = entry.controller;
    const log = (message: string) => {
      if (entry.state !== 'running' || entry.logs.length >= MAX_LOG_LINES) return;
      const timestamp = new Date().toISOString();
      entry.logs.push({ message, level: 'INFO', source: 'USER', timestamp });
      notify(entry);
    };
    let outcome: Outcome<Result>;
    try {
      if (entry.input === undefined) throw new TypeError('a queued run has its input');
      outcome = { result: await this.#options.run(entry.input, { signal, log }, entry.id) };
    } catch (error) {
      outcome = { problem: problemOf(error) };
    }
    const seconds = (performance.now() - started) / 1000;
    if ('result' in outcome) this.#meanSeconds += 0.3 * (seconds - this.#meanSeconds);
    this.#running = undefined;
    this.#finish(entry, outcome, seconds);
    this.#next();
  }

  /** Out of the queue without having run. */
  #leave(entry: Entry<Input, Result>, problem: Problem): void {
    const index = this.#waiting.indexOf(entry);
    if (index === -1) return;
    this.#waiting.splice(index, 1);
    this.#finish(entry, { problem }, 0);
    for (const each of this.#waiting) notify(each);
  }

  #finish(entry: Entry<Input, Result>, outcome: Outcome<Result>, seconds: number): void {
    clearTimeout(entry.startTimer);
    entry.state = 'done';
    entry.outcome = outcome;
    entry.seconds = seconds;
    entry.input = undefined;
    setTimeout(() => this.#jobs.delete(entry.id), this.#options.keepMs).unref();
    if (this.#jobs.size > MAX_REMEMBERED + this.#options.limit + 1) this.#forgetOldest();
    this.#options.onFinished?.(entry, outcomeName(outcome));
    notify(entry);
  }

  #forgetOldest(): void {
    for (const [id, { state }] of this.#jobs) {
      if (state !== 'done') continue;
      this.#jobs.delete(id);
      return;
    }
  }

  #full(): Problem {
    const seconds = Math.ceil(this.#meanSeconds * Math.max(1, this.#waiting.length));
    const headers = { 'Retry-After': String(Math.min(600, Math.max(1, seconds))) };
    return new Problem(429, 'The queue is full; try again later', { type: 'queue_full', headers });
  }
}

function outcomeName<Result>(outcome: Outcome<Result>): string {
  return 'result' in outcome ? 'succeeded' : outcome.problem.status === 499 ? 'cancelled' : 'failed';
}

function notify({ listeners }: { listeners: Set<() => void> }): void {
  for (const listener of [...listeners]) listener();
}
