import { expect, it } from 'vitest';
import type { ToDigest } from './digest';
import { type DigestWorker, openDigestInWorker } from './digestClient';

/** Opens, and then answers nothing. */
class SilentWorker implements DigestWorker {
  onmessage: DigestWorker['onmessage'] = null;
  onerror: DigestWorker['onerror'] = null;

  postMessage({ type, id }: ToDigest): void {
    if (type === 'open') this.onmessage?.({ data: { id } } as MessageEvent);
  }
  terminate(): void {}
}

it('throws what the worker failed with, also where much still waits for it', async () => {
  const worker = new SilentWorker();
  const digest = await openDigestInWorker(undefined, () => worker);
  const update = () => digest.update(new Uint8Array(20 * 2 ** 20));
  await update();
  // 40 MiB wait now: more than may, so that this one does not return.
  const stuck = update();
  worker.onerror?.({ message: 'out of memory' } as ErrorEvent);
  await expect(stuck).rejects.toThrow('out of memory');
  await expect(update()).rejects.toThrow('out of memory');
  await expect(digest.hex()).rejects.toThrow('out of memory');
});
