import { afterEach, expect, test, vi } from 'vitest';
import { digestOf } from './digest';
import { lendHasher } from './hashers';
import { openDigestHere } from './streamDigest';

afterEach(() => {
  vi.restoreAllMocks();
});

// `printf abc | sha256sum`
const SHA256_OF_ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const abc = () => new TextEncoder().encode('abc');

async function sha256OfAbc(): Promise<string> {
  const digest = await openDigestHere();
  await digest.update(abc());
  const hex = await digest.hex();
  digest.close();
  return hex;
}

test('a hundred digests, one after another, take one WebAssembly memory of each kind', async () => {
  const instantiate = vi.spyOn(WebAssembly, 'instantiate');
  const first = await digestOf(new Blob([abc()]));
  for (let i = 0; i < 50; i++) {
    expect(await digestOf(new Blob([abc()]))).toBe(first);
    expect(await sha256OfAbc()).toBe(SHA256_OF_ABC);
  }
  expect(instantiate.mock.calls.length).toBeLessThanOrEqual(2);
});

test('two at a time are two, and one that was given back twice is still lent to one alone', async () => {
  const a = await lendHasher('sha256');
  a.giveBack();
  a.giveBack();
  const [b, c] = [await lendHasher('sha256'), await lendHasher('sha256')];
  expect(b.hash).not.toBe(c.hash);
  b.hash.update('x');
  c.hash.update(abc());
  expect(c.hash.digest('hex')).toBe(SHA256_OF_ABC);
});

test('one that was left in the middle begins anew', async () => {
  const left = await lendHasher('sha256');
  left.hash.update('something else');
  left.giveBack();
  expect(await sha256OfAbc()).toBe(SHA256_OF_ABC);
});
