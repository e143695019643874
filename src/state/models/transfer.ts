/** The speed of a download and the time left. */
import { averageSpeed, type Samples } from './speed';

export interface Transfer {
  loadedBytes: number;
  totalBytes: number;
  /** Null until it was watched for long enough. */
  bytesPerSecond: number | null;
  secondsLeft: number | null;
  /** Bytes over time, oldest first. */
  samples: Samples;
}

/** The window that the speed is averaged over: calm, yet quick to notice a slower line. */
const WINDOW_MS = 10_000;
const FIRST_WORD_MS = 1000;
/** More samples add nothing. */
const SAMPLE_MS = 250;

/** @param nowMs a clock that only runs forward, in milliseconds */
export function advanceTransfer(
  before: Transfer | null,
  loadedBytes: number,
  totalBytes: number,
  nowMs: number,
): Transfer {
  const last = before?.samples.at(-1);
  // A damaged file is downloaded again: earlier samples belong to another count.
  const earlier = before === null || (last && loadedBytes < last.count) ? [] : before.samples;
  const isDue = last === undefined || earlier.length === 0 || nowMs - last.ms >= SAMPLE_MS;
  const samples = isDue ? [...recent(earlier, nowMs), { ms: nowMs, count: loadedBytes }] : earlier;
  const bytesPerSecond = speed(samples, loadedBytes, nowMs);
  const left = Math.max(0, totalBytes - loadedBytes);
  const secondsLeft = bytesPerSecond === null || bytesPerSecond === 0 ? null : left / bytesPerSecond;
  return { loadedBytes, totalBytes, bytesPerSecond, secondsLeft, samples };
}

/** The last sample before the window stays: the window begins between it and the next. */
function recent(samples: Samples, nowMs: number): Samples {
  const first = samples.findIndex(({ ms }) => nowMs - ms <= WINDOW_MS);
  return first === -1 ? samples.slice(-1) : samples.slice(Math.max(0, first - 1));
}

function speed(samples: Samples, loadedBytes: number, nowMs: number): number | null {
  const first = samples[0];
  if (first === undefined || nowMs - first.ms < FIRST_WORD_MS) return null;
  return averageSpeed([first, { ms: nowMs, count: loadedBytes }]);
}

/** `6.9 GB`, `12 MB`: decimal, as the Hub and disks are labelled. */
export function bytesInWords(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 1)} GB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** @param freeBytes undefined if the browser doesn't say */
export function freeInWords(freeBytes: number | undefined): string {
  return freeBytes === undefined ? 'free space unknown' : `${bytesInWords(freeBytes)} free for this page`;
}

/** `1.20 of 6.90 GB` */
export function partInWords(loadedBytes: number, totalBytes: number): string {
  const total = bytesInWords(totalBytes);
  const [, unit = 'MB'] = total.split(' ');
  const scale = unit === 'GB' ? 1e9 : 1e6;
  const digits = total.split(' ')[0]?.split('.')[1]?.length ?? 0;
  return `${(loadedBytes / scale).toFixed(digits)} of ${total}`;
}

/** `24 MB/s` */
export function speedInWords(bytesPerSecond: number): string {
  const megabytes = bytesPerSecond / 1e6;
  return `${megabytes.toFixed(megabytes < 10 ? 1 : 0)} MB/s`;
}
