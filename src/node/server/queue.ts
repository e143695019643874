/** The queue of runs: one runs at a time, first come, first served; how many wait is limited, in all and for each client. */
import { randomUUID } from 'node:crypto';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { Remembered } from './boundedMap';
import { foreseenProblem, Problem, problemOf } from './http/problem';

export interface LogLine {
  message: string;
  level: 'INFO';
  source: 'USER';
  timestamp: string;
}

type Outcome<Result> = { result: Result } | { problem: Problem };

/** A run, for its callers. */
export interface Job<Result> {
  readonly id: string;
  readonly state: 'queued' | 'running' | 'done';
  readonly logs: readonly LogLine[];
  /** Set once it is done. */
  readonly outcome?: Outcome<Result>;
  /** How long it ran, in seconds; set once it is done, 0 if it never ran. */
  readonly seconds?: number;
}

export interface RunCall {
  signal: AbortSignal;
  log(message: string): void;
}

export interface QueueOptions<Input, Result> {
  run(input: Input, call: RunCall, id: string): Promise<Result>;
  /** How many runs may wait, besides the one that runs. */
  limit: number;
  /** How many runs of one client may wait or run at a time. */
  clientLimit: number;
  /** How long a finished run is remembered, in milliseconds. */
  keepMs: number;
  onFinished?(job: Job<Result>, outcome: string): void;
  /** Called with an unforeseen error; the client only learns that the run failed. */
  onUnforeseen?(error: unknown, id: string): void;
}

export interface Submission {
  /** Whose run it is. */
  client: string;
  /** Gives up with 504 if it has not begun by then. */
  startWithinMs?: number | undefined;
  /** Called once the input is no longer needed. */
  onEnd?(): void;
}

/** What a run needs only while it waits or runs. */
interface Live<Input> extends Submission {
  input: Input;
  controller: AbortController;
  startTimer?: NodeJS.Timeout;
}

interface Entry<Input, Result> extends Job<Result> {
  state: 'queued' | 'running' | 'done';
  logs: LogLine[];
  outcome?: Outcome<Result>;
  seconds?: number;
  listeners: Set<() => void>;
  live: Live<Input> | undefined;
}

export type Cancellation = 'CANCELLATION_REQUESTED' | 'ALREADY_COMPLETED' | 'NOT_FOUND';

/** The most finished runs that are remembered, however recent. */
const MAX_REMEMBERED = 1000;
const MAX_LOG_LINES = 1000;
const FIRST_GUESS_SECONDS = 5;

/** A queue of runs that are remembered for a while after their end, for clients that ask later. */
export class RunQueue<Input, Result> {
  readonly #options: QueueOptions<Input, Result>;
  /** Waiting and running. */
  readonly #live = new Map<string, Entry<Input, Result>>();
  readonly #finished: Remembered<Entry<Input, Result>>;
  readonly #waiting: Entry<Input, Result>[] = [];
  /** How many runs of each client wait or run. */
  readonly #ofClient = new Map<string, number>();
  #running: Entry<Input, Result> | undefined;
  #meanSeconds = FIRST_GUESS_SECONDS;
  #closed = false;

  constructor(options: QueueOptions<Input, Result>) {
    this.#options = options;
    this.#finished = new Remembered({ most: MAX_REMEMBERED, ms: options.keepMs });
  }

  get length(): number {
    return this.#waiting.length;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Called before a body is read. Reading takes no place in the queue: a slow client would hold it as long as it likes.
   * @throws Problem 429 with `Retry-After` if the queue or the client's share of it is full, 503 if the server is stopping
   */
  checkRoom(client: string): void {
    if (this.#closed) throw stopping('did not accept the request');
    const { limit, clientLimit } = this.#options;
    if (this.#live.size > limit) throw this.#full('The queue is full; try again later');
    if ((this.#ofClient.get(client) ?? 0) >= clientLimit) {
      throw this.#full(
        `${clientLimit} of your requests are waiting or running, which is one client's share; try again later`,
      );
    }
  }

  /** @throws as `checkRoom` does */
  submit(input: Input, submission: Submission): Job<Result> {
    const { client, startWithinMs } = submission;
    this.checkRoom(client);
    const live: Live<Input> = { ...submission, input, controller: new AbortController() };
    const entry: Entry<Input, Result> = {
      id: randomUUID(),
      state: 'queued',
      logs: [],
      listeners: new Set(),
      live,
    };
    this.#live.set(entry.id, entry);
    this.#ofClient.set(client, (this.#ofClient.get(client) ?? 0) + 1);
    this.#waiting.push(entry);
    if (startWithinMs !== undefined) {
      live.startTimer = setTimeout(() => {
        const headers = { 'X-Fal-Request-Timeout-Type': 'user' };
        this.#leave(entry, new Problem(504, 'Request timed out', { type: 'request_timeout', headers }));
      }, startWithinMs);
    }
    this.#next();
    return entry;
  }

  get(id: string): Job<Result> | undefined {
    return this.#find(id);
  }

  /** How many runs come before a queued one; 0: it is next. */
  position(id: string): number {
    return Math.max(
      0,
      this.#waiting.findIndex((entry) => entry.id === id),
    );
  }

  cancel(id: string): Cancellation {
    const entry = this.#find(id);
    if (entry === undefined) return 'NOT_FOUND';
    if (entry.live === undefined) return 'ALREADY_COMPLETED';
    const { controller } = entry.live;
    controller.abort();
    if (entry.state === 'queued') this.#leave(entry, problemOf(controller.signal.reason));
    return 'CANCELLATION_REQUESTED';
  }

  /** Calls `listener` after each change of the run's state, position or log. @returns a function that unsubscribes */
  watch(id: string, listener: () => void): () => void {
    const listeners = this.#find(id)?.listeners;
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

  /**
   * Takes no more runs. Waiting ones end at once; the current one is cancelled if it has not finished after `graceMs`.
   * @returns once nothing runs, at the latest after `graceMs`
   */
  async close(graceMs = 0): Promise<void> {
    this.#closed = true;
    for (const entry of [...this.#waiting]) this.#leave(entry, stopping('dropped the waiting requests'));
    const running = this.#running;
    if (running === undefined) return;
    const end = this.result(running).catch(() => {});
    if (graceMs > 0) {
      const grace = new AbortController();
      await Promise.race([
        end,
        setTimeoutPromise(graceMs, undefined, { signal: grace.signal }).catch(() => {}),
      ]);
      grace.abort();
    }
    running.live?.controller.abort(stopping('cut the run short'));
  }

  #find(id: string): Entry<Input, Result> | undefined {
    return this.#live.get(id) ?? this.#finished.get(id);
  }

  #next(): void {
    if (this.#running !== undefined) return;
    const entry = this.#waiting.shift();
    if (entry === undefined) return;
    this.#running = entry;
    clearTimeout(entry.live?.startTimer);
    entry.state = 'running';
    for (const each of [entry, ...this.#waiting]) notify(each);
    if (entry.live !== undefined) void this.#run(entry, entry.live);
  }

  async #run(entry: Entry<Input, Result>, { input, controller: { signal } }: Live<Input>): Promise<void> {
    const started = performance.now();
    const log = (message: string) => {
      if (entry.state !== 'running' || entry.logs.length >= MAX_LOG_LINES) return;
      const timestamp = new Date().toISOString();
      entry.logs.push({ message, level: 'INFO', source: 'USER', timestamp });
      notify(entry);
    };
    let outcome: Outcome<Result>;
    try {
      outcome = { result: await this.#options.run(input, { signal, log }, entry.id) };
    } catch (error) {
      // If it was aborted, the reason counts and not the error that the abort caused.
      const cause = signal.aborted ? signal.reason : error;
      if (foreseenProblem(cause) === undefined) this.#options.onUnforeseen?.(cause, entry.id);
      outcome = { problem: problemOf(cause) };
    }
    const seconds = (performance.now() - started) / 1000;
    if ('result' in outcome) this.#meanSeconds += 0.3 * (seconds - this.#meanSeconds);
    this.#running = undefined;
    this.#finish(entry, outcome, seconds);
    this.#next();
  }

  /** Takes a run out of the queue before it has run. */
  #leave(entry: Entry<Input, Result>, problem: Problem): void {
    const index = this.#waiting.indexOf(entry);
    if (index === -1) return;
    this.#waiting.splice(index, 1);
    this.#finish(entry, { problem }, 0);
    for (const each of this.#waiting) notify(each);
  }

  #finish(entry: Entry<Input, Result>, outcome: Outcome<Result>, seconds: number): void {
    const { live } = entry;
    entry.state = 'done';
    entry.outcome = outcome;
    entry.seconds = seconds;
    entry.live = undefined;
    this.#live.delete(entry.id);
    this.#finished.set(entry.id, entry);
    if (live !== undefined) this.#letGo(live);
    this.#options.onFinished?.(entry, outcomeName(outcome));
    notify(entry);
  }

  #letGo({ client, startTimer, onEnd }: Live<Input>): void {
    clearTimeout(startTimer);
    const left = (this.#ofClient.get(client) ?? 1) - 1;
    if (left === 0) this.#ofClient.delete(client);
    else this.#ofClient.set(client, left);
    onEnd?.();
  }

  #full(message: string): Problem {
    const seconds = Math.ceil(this.#meanSeconds * Math.max(1, this.#waiting.length));
    const headers = { 'Retry-After': String(Math.min(600, Math.max(1, seconds))) };
    return new Problem(429, message, { type: 'queue_full', headers });
  }
}

/** @param what the server did to the request */
function stopping(what: string): Problem {
  const message = `The server is stopping and ${what}. Send the request again once it is back`;
  return new Problem(503, message, { type: 'runner_scheduling_failure', headers: { 'Retry-After': '10' } });
}

function outcomeName<Result>(outcome: Outcome<Result>): string {
  return 'result' in outcome ? 'succeeded' : outcome.problem.status === 499 ? 'cancelled' : 'failed';
}

function notify({ listeners }: { listeners: Set<() => void> }): void {
  for (const listener of [...listeners]) listener();
}
