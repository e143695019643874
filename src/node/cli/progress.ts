/** Progress on standard error: on a terminal one line that is rewritten, otherwise a line for each tenth of a stage. */
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

/** Off a terminal: the least time between two lines of a stage, and the time after which one is due in any case. */
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
        return 'Encoding image and prompt';
      case 'denoise': {
        if (progress.step === 0) denoiseStart = now();
        const left =
          progress.step > 0 ? ((now() - denoiseStart) / progress.step) * (progress.steps - progress.step) : 0;
        const rest = progress.step > 0 ? `, ${Math.round(left / 1000)} s left` : '';
        return `Generating: step ${progress.step} of ${progress.steps}${rest}`;
      }
      case 'decode':
        return 'Decoding the image';
      case 'remove':
        return `Removing: ${Math.round(progress.fraction * 100)}%`;
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
    /** Writes a separate line. */
    note(text: string): void {
      if (shown !== '') stream.write(`\r${' '.repeat(shown.length)}\r`);
      shown = '';
      stream.write(`${text}\n`);
    },
    /** Ends the line, so that further output starts on a new one. */
    end(): void {
      if (shown !== '') stream.write('\n');
      shown = '';
    },
  };
}

/** Lines with the same subject belong together: a stage, or one file of a stage. */
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

/** How much of it is done, from 0 to 1; 0 if unknown. */
function shareOf(progress: RunProgress): number {
  if (progress.stage === 'denoise') return progress.steps > 0 ? progress.step / progress.steps : 0;
  if (progress.stage === 'remove') return progress.fraction;
  if (progress.stage !== 'download' && progress.stage !== 'merge') return 0;
  return progress.totalBytes > 0 ? progress.loadedBytes / progress.totalBytes : 0;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
