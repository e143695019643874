import { expect, it, vi } from 'vitest';

it('writes the bytes of files where the browser refuses files, and from then on at once', async () => {
  const { keptBlobSchema, writeBlobs } = await import('./blobs');
  const picture = new Blob(['abc'], { type: 'image/png' });
  const kept: unknown[] = [];
  const write = vi.fn(async (form: (blob: Blob) => unknown) => {
    const value = form(picture);
    if (value instanceof Blob)
      throw new DOMException('Error preparing Blob/File data to be stored in object store', 'UnknownError');
    kept.push(value);
    return 7;
  });
  expect(await writeBlobs([picture], write)).toBe(7);
  expect(write).toHaveBeenCalledTimes(2);
  expect(await writeBlobs([picture], write)).toBe(7);
  expect(write).toHaveBeenCalledTimes(3);
  const blob = keptBlobSchema.parse(kept[1]);
  expect(blob.type).toBe('image/png');
  expect(await blob.text()).toBe('abc');
  expect(keptBlobSchema.parse(picture)).toBe(picture);
});

it('passes other failures on, and leaves files as they are where they are taken', async () => {
  vi.resetModules();
  const { writeBlobs } = await import('./blobs');
  const full = new DOMException('full', 'QuotaExceededError');
  await expect(writeBlobs([], () => Promise.reject(full))).rejects.toBe(full);
  const picture = new Blob(['abc']);
  expect(await writeBlobs([picture], async (form) => form(picture))).toBe(picture);
});
