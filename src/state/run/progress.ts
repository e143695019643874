/** Progress in words and numbers: what is happening, how far it is, and the time left. */
import type { Progress } from '../../contract/engine';
import type { Fetching } from '../models/modelLibrary';
import { averageSpeed, type Samples } from '../models/speed';
import { partInWords, speedInWords } from '../models/transfer';

export interface RunProgress {
  /** What is happening now. */
  title: string;
  /** A second line; may be empty. */
  detail: string;
  /** Of this stage, 0 to 1; null while it is unknown. */
  fraction: number | null;
  secondsLeft: number | null;
  /** When each of the last steps ended, for the time left. */
  stepEnds: Samples;
}

/** Steps over which the speed is averaged: enough for a steady figure, few enough to forget a slow first step. */
const WINDOW = 8;

const LOADING = 'Loading the model';

export const preparing: RunProgress = {
  title: 'Getting ready',
  detail: '',
  fraction: null,
  secondsLeft: null,
  stepEnds: [],
};

/** @param nowMs of a monotonic clock, in milliseconds */
export function advance(before: RunProgress, progress: Progress, nowMs: number): RunProgress {
  const waiting = { fraction: null, secondsLeft: null, stepEnds: [] };
  switch (progress.stage) {
    case 'download':
    case 'merge': {
      const { stage, file, loadedBytes, totalBytes } = progress;
      const known = totalBytes > 0;
      const bytes = known ? `${megabytes(loadedBytes)} of ${megabytes(totalBytes)}` : megabytes(loadedBytes);
      const isMerge = stage === 'merge';
      return {
        ...waiting,
        title: isMerge ? 'Merging the LoRAs' : LOADING,
        detail: `${isMerge ? '' : `${fileInWords(file)}: `}${bytes} MB`,
        fraction: known ? Math.min(1, loadedBytes / totalBytes) : null,
      };
    }
    case 'compile':
      // How long this takes is unknown; the bar stays where the file's loading left it.
      return {
        ...waiting,
        title: 'Preparing the model',
        fraction: before.title === LOADING ? before.fraction : null,
        detail: componentInWords(progress.component),
      };
    case 'upload':
      return { ...waiting, title: 'Sending image and mask', detail: '' };
    case 'log':
      return { ...before, detail: progress.message };
    case 'queue':
      return { ...waiting, title: 'Waiting', detail: `${progress.position} ahead` };
    case 'encode':
      return { ...waiting, title: 'Reading image and prompt', detail: '' };
    case 'denoise': {
      const { step, steps } = progress;
      const stepEnds = [...before.stepEnds, { count: step, ms: nowMs }].slice(-WINDOW - 1);
      const stepsPerSecond = averageSpeed(stepEnds);
      const secondsPerStep = stepsPerSecond !== null && stepsPerSecond > 0 ? 1 / stepsPerSecond : null;
      return {
        title: `Painting · step ${step} of ${steps}`,
        detail: secondsPerStep === null ? '' : `${figures(secondsPerStep)} s per step`,
        fraction: steps > 0 ? step / steps : 1,
        secondsLeft: secondsPerStep === null ? null : secondsPerStep * (steps - step),
        stepEnds,
      };
    }
    case 'decode':
      return { ...waiting, title: 'Finishing', detail: before.detail, fraction: 1 };
    case 'remove':
      return { ...waiting, title: 'Removing', detail: '', fraction: progress.fraction };
    default:
      throw new TypeError(`unknown stage ${progress satisfies never}`);
  }
}

/** A download as the run's progress. */
export function fetchProgress(fetching: Fetching): RunProgress {
  const transfer = 'transfer' in fetching ? fetching.transfer : null;
  if (transfer === null) {
    const forOtherTab = fetching.state === 'waiting' && fetching.forOtherTab;
    return { ...preparing, title: forOtherTab ? 'Downloading in another tab' : 'Looking up the model' };
  }
  const { loadedBytes, totalBytes, bytesPerSecond, secondsLeft } = transfer;
  const speed = bytesPerSecond === null ? '' : ` · ${speedInWords(bytesPerSecond)}`;
  return {
    ...preparing,
    title: 'Downloading the model',
    detail: `${partInWords(loadedBytes, totalBytes)}${speed}`,
    fraction: totalBytes > 0 ? Math.min(1, loadedBytes / totalBytes) : null,
    secondsLeft,
  };
}

/** `8 s`, `2 min 05 s` */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

function figures(seconds: number): string {
  return seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(0);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}

/** A model's networks by folder, as the detail line names them for those who know models from inside. */
const networks: Readonly<Record<string, string>> = {
  text_encoder: 'Text encoder',
  text_encoder_2: 'Second text encoder',
  unet: 'UNet',
  vae: 'VAE',
  vae_encoder: 'VAE encoder',
  vae_decoder: 'VAE decoder',
};

function componentInWords(component: string): string {
  const folder = component.replaceAll(' ', '_');
  return Object.hasOwn(networks, folder) ? (networks[folder] ?? component) : component;
}

/** A network's file by the network; any other, such as a LoRA or a single-file model, by its name. */
function fileInWords(path: string): string {
  const [name = path, folder = ''] = path.split('/').reverse();
  return Object.hasOwn(networks, folder) ? (networks[folder] ?? name) : name;
}
