import { expect, it } from 'vitest';
import { createProgressLine } from './progress';

/** A log's lines for a file that comes in `pieces`, one every `everyMs`. */
function logOf(pieces: number, everyMs: number): string[] {
  const lines: string[] = [];
  let clock = 0;
  const progress = createProgressLine({ write: (text: string) => lines.push(text.trimEnd()) }, () => clock);
  for (let i = 0; i <= pieces; i++) {
    const loadedBytes = (i * 100e6) / pieces;
    progress.show({ stage: 'download', file: 'unet', loadedBytes, totalBytes: 100e6 });
    clock += everyMs;
  }
  return lines;
}

it('a log gets a line for each tenth of a download', () => {
  const lines = logOf(1000, 50);
  expect(lines[0]).toBe('Reading unet, 100.0 MB');
  expect(lines[1]).toBe('Reading unet: 10.0 of 100.0 MB');
  expect(lines).toHaveLength(11);
});

it('a slow one a line each ten seconds, a quick one its first alone', () => {
  // 20 minutes for 5 of 100 MB would be silence without it.
  expect(logOf(100, 10_000)).toHaveLength(101);
  expect(logOf(1000, 0.5)).toHaveLength(1);
});

it('on a terminal one line rewrites itself, and a note leaves it whole', () => {
  let screen = '';
  const progress = createProgressLine({ isTTY: true, write: (text: string) => (screen += text) });
  progress.show({ stage: 'compile', component: 'unet' });
  progress.note('Set for this model: 6 steps, guidance 1');
  progress.show({ stage: 'encode' });
  progress.end();
  expect(screen).toBe(
    `\rPreparing unet\r${' '.repeat(14)}\rSet for this model: 6 steps, guidance 1\n\rEncoding image and prompt\n`,
  );
});
