import { expect, it } from 'vitest';
import {
  advanceTransfer,
  bytesInWords,
  freeInWords,
  partInWords,
  speedInWords,
  type Transfer,
} from './transfer';

/** A transfer with these bytes reported at these seconds, of 1000 MB in all. */
function after(...told: [seconds: number, megabytes: number][]): Transfer {
  let transfer: Transfer | null = null;
  for (const [seconds, megabytes] of told) {
    transfer = advanceTransfer(transfer, megabytes * 1e6, 1e9, seconds * 1000);
  }
  if (transfer === null) throw new Error('nothing was told');
  return transfer;
}

it('says nothing of speed before a second has passed', () => {
  expect(after([0, 100], [0.5, 120])).toMatchObject({ bytesPerSecond: null, secondsLeft: null });
});

it('measures what comes, not what was there when it went on', () => {
  // 100 MB were there; 40 MB in 2 s are 20 MB/s; 860 MB are left: 43 s.
  expect(after([0, 100], [2, 140])).toMatchObject({ bytesPerSecond: 20e6, secondsLeft: 43 });
});

it('forgets a fast beginning', () => {
  const told: [number, number][] = [[0, 0]];
  // 50 MB/s for 4 s, then 1 MB/s for 26 s.
  for (let second = 1; second <= 30; second++)
    told.push([second, Math.min(second, 4) * 50 + Math.max(0, second - 4)]);
  expect(after(...told).bytesPerSecond).toBeCloseTo(1e6, -4);
});

it('shows a line that stands still', () => {
  const transfer = after([0, 0], [2, 40], [20, 40]);
  expect(transfer.bytesPerSecond).toBe(0);
  expect(transfer.secondsLeft).toBeNull();
});

it('starts measuring anew when a damaged file is fetched again', () => {
  expect(after([0, 0], [5, 500], [6, 100]).bytesPerSecond).toBeNull();
  // From 100 MB at 6 s to 130 MB at 9 s.
  expect(after([0, 0], [5, 500], [6, 100], [9, 130]).bytesPerSecond).toBe(10e6);
});

it('keeps few samples, however often it is told', () => {
  const told = Array.from({ length: 2000 }, (_, i): [number, number] => [i * 0.01, i * 0.1]);
  expect(after(...told).samples.length).toBeLessThan(50);
});

it('writes sizes and speeds as disks and the Hub label them', () => {
  expect(bytesInWords(6_938_000_000)).toBe('6.94 GB');
  expect(bytesInWords(13_900_000_000)).toBe('13.9 GB');
  expect(bytesInWords(135_000_000)).toBe('135 MB');
  expect(bytesInWords(2_340_000)).toBe('2.3 MB');
  expect(partInWords(1_200_000_000, 6_938_000_000)).toBe('1.20 of 6.94 GB');
  expect(partInWords(500_000, 2_340_000)).toBe('0.5 of 2.3 MB');
  expect(speedInWords(24_400_000)).toBe('24 MB/s');
  expect(speedInWords(940_000)).toBe('0.9 MB/s');
});

it('says how much is free, or that it is unknown', () => {
  expect(freeInWords(10.7e9)).toBe('10.7 GB free for this page');
  expect(freeInWords(undefined)).toBe('free space unknown');
});
