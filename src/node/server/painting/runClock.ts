/** Limits how long a run takes. Downloads do not count: their time is limited where they are read. */
import type { Progress } from '../../../contract/engine';

/** A download reports at least this often; a longer silence counts as the run's time. */
const DOWNLOAD_SILENCE_MS = 60_000;

export interface RunClock {
  /** Aborts once the time is over. */
  readonly signal: AbortSignal;
  /** Call with each stage that the run reports. */
  note(stage: Progress['stage']): void;
  stop(): void;
}

/** It runs from now on, until `stop`. @param limitMs milliseconds, downloads not counted */
export function createRunClock(limitMs: number): RunClock {
  const controller = new AbortController();
  let deadline = performance.now() + limitMs;
  /** When the current download last reported. */
  let lastDownload: number | undefined;
  let timer: NodeJS.Timeout;

  function wait(): void {
    timer = setTimeout(
      () => (performance.now() < deadline ? wait() : controller.abort()),
      // A timer takes 2³¹ − 1 milliseconds at most, and may fire a little early.
      Math.min(2 ** 31 - 1, Math.max(1, deadline - performance.now())),
    );
  }
  wait();

  return {
    signal: controller.signal,
    note(stage) {
      const now = performance.now();
      if (stage !== 'download') {
        lastDownload = undefined;
        return;
      }
      if (lastDownload !== undefined) deadline += Math.min(DOWNLOAD_SILENCE_MS, now - lastDownload);
      lastDownload = now;
    },
    stop: () => clearTimeout(timer),
  };
}
