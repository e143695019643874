/** Progress on standard error: one line that rewrites itself on a terminal, else a line now and then. */
import type { PipelineProgress } from '../pipeline/inpaint';

export type RunProgress =
  | PipelineProgress
  | { stage: 'download' | 'merge'; file: string; loadedBytes: number; totalBytes: number }
  | { stage: 'compile'; component: string };

interface Stream {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** A log file gets at most one line in so many milliseconds, besides one a stage. */
const LOG_INTERVAL_MS = 5000;

/** @param stream standard error; a terminal gets one line, anything else a line now and then */
export function createProgressLine(stream: Stream, now: () => number = Date.now) {
  let shown = '';
  let stage = '';
  let lastLog = 0;
  let denoiseStart = 0;

  function textOf(progress: RunProgress): string {
    switch (progress.stage) {
      case 'download':
      case 'merge': {
        const { stage, file, loadedBytes, totalBytes } = progress;
        return `${stage === 'merge' ? 'Merging LoRAs into' : 'Reading'} ${file}: ${megabytes(loadedBytes)}${totalBytes > 0 ? ` of ${megabytes(totalBytes)}` : ''} MB`;
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
    show(progress: RunProgress): void {
      const text = textOf(progress);
      if (stream.isTTY) {
        stream.write(`\r${text.padEnd(shown.length)}`);
        shown = text;
        return;
      }
      if (progress.stage === stage && now() - lastLog < LOG_INTERVAL_MS) return;
      stage = progress.stage;
      lastLog = now();
      stream.write(`${text}\n`);
    },
    /** Leaves the line, so that what follows starts on a new one. */
    end(): void {
      if (shown !== '') stream.write('\n');
      shown = '';
    },
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
