import { expect, it } from 'vitest';
import { decodeDataUri, isDataUri } from './dataUri';

const text = (address: string, maxBytes = 100) => {
  const bytes = decodeDataUri(address, maxBytes);
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('latin1') : bytes;
};

it('reads plain, percent-encoded and base64 data', () => {
  expect(text('data:,abc')).toBe('abc');
  expect(text('data:image/png,%41%4a%6Az%')).toBe('AJjz%');
  expect(text('data:,%zz%4')).toBe('%zz%4');
  expect(text('data:image/png;base64,QUJD')).toBe('ABC');
  expect(text('DATA:image/png;BASE64 ,QUJD%52%41==')).toBe('ABCD');
  expect(text('data:image/png')).toBeUndefined();
  expect(isDataUri('DATA:,a')).toBe(true);
  expect(isDataUri('database')).toBe(false);
});

it('takes no more than it may', () => {
  expect(text('data:,abcd', 4)).toBe('abcd');
  expect(text('data:,abcde', 4)).toBe('too large');
  expect(text(`data:,${'%41'.repeat(5)}`, 4)).toBe('too large');
  expect(text(`data:;base64,${'QUJD'.repeat(10_000)}`, 4)).toBe('too large');
});

it('decodes three million characters of percent signs in a fraction of a second', () => {
  const address = `data:image/png,${'%41'.repeat(1_000_000)}`;
  const start = performance.now();
  const bytes = decodeDataUri(address, 2_000_000);
  expect(performance.now() - start).toBeLessThan(500);
  expect(bytes).toHaveLength(1_000_000);
});
