/** Progress on standard error: one line that rewrites itself on a terminal, else a line for each tenth of the way. */
import type { Progress } from '../../contract/engine';

/** What a run on this machine reports while it works; the other stages are a server's, or a wait. */
type RunProgress = Exclude<Progress, { stage: 'upload' | 'queue' | 'log' }>;

function isShown(progress: Progress): progress is RunProgress {
  return progress.stage !== 'upload' && progress.stage !== 'queue' && progress.stage !== 'log';
}

interface Stream {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** A log gets a line for each tenth of a stage, not more often than this, and one whenever so much time went by. */
const LEAST_LOG_MS = 1000;
const MOST_LOG_MS = 10_000;

/** @param stream standard error; a terminal gets one line, anything else a line now and then */
export function createProgressLine(stream: Stream, now: () => number = Date.now) {
  let shown = '';
  let subject = '';
  let lastLog = 0;
  let tenths = 0;
  let denoiseStart = 0;

  function textOf(progress: RunProgress): string {
    switch (progress.stage) {
      case 'download':
      case 'merge': {
        const { stage, file, loadedBytes, totalBytes } = progress;
        const what = `${stage === 'merge' ? 'Merging LoRAs into' : 'Reading'} ${file}`;
        if (totalBytes === 0) return `${what}: ${megabytes(loadedBytes)} MB`;
        if (loadedBytes === 0) return `${what}, ${megabytes(totalBytes)} MB`;
        return `${what}: ${megabytes(loadedBytes)} of ${megabytes(totalBytes)} MB`;
      }
      case 'compile':
        return `Preparing ${progress.component}`;
      case 'encode':
        return 'Encoding picture and prompt';
      case 'denoise': {
        if (progress.step === 0) denoiseStart = now();
        const left =
          progress.step > 0 ? ((now() - denoiseStart) / progress.step) * (progress.steps - progress.step) : 0;
        const rest = progress.step > 0 ? `, ${Math.round(left / 1000)} s left` : '';
        return `Painting: step ${progress.step} of ${progress.steps}${rest}`;
      }
      case 'decode':
        return 'Decoding the picture';
      default:
        throw new TypeError(`unknown stage ${progress satisfies never}`);
    }
  }

  return {
    show(progress: Progress): void {
      if (!isShown(progress)) return;
      const text = textOf(progress);
      if (stream.isTTY) {
        stream.write(`\r${text.padEnd(shown.length)}`);
        shown = text;
        return;
      }
      const reached = Math.floor(shareOf(progress) * 10);
      const waited = now() - lastLog;
      if (subjectOf(progress) === subject) {
        const isDue = reached > tenths && waited >= LEAST_LOG_MS;
        if (!isDue && waited < MOST_LOG_MS) return;
      } else subject = subjectOf(progress);
      tenths = reached;
      lastLog = now();
      stream.write(`${text}\n`);
    },
    /** Says something on a line of its own. */
    note(text: string): void {
      if (shown !== '') stream.write(`\r${' '.repeat(shown.length)}\r`);
      shown = '';
      stream.write(`${text}\n`);
    },
    /** Leaves the line, so that what follows starts on a new one. */
    end(): void {
      if (shown !== '') stream.write('\n');
      shown = '';
    },
  };
}

/** What the lines that belong together are about: a stage, and of a stage of files each one. */
function subjectOf(progress: RunProgress): string {
  switch (progress.stage) {
    case 'download':
    case 'merge':
      return `${progress.stage} ${progress.file}`;
    case 'compile':
      return `${progress.stage} ${progress.component}`;
    default:
      return progress.stage;
  }
}

/** How much of it is done, from 0 to 1; 0 where nobody knows. */
function shareOf(progress: RunProgress): number {
  if (progress.stage === 'denoise') return progress.steps > 0 ? progress.step / progress.steps : 0;
  if (progress.stage !== 'download' && progress.stage !== 'merge') return 0;
  return progress.totalBytes > 0 ? progress.loadedBytes / progress.totalBytes : 0;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
