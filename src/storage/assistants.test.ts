/** On a store on the disk; e2e/modelPanel.spec.ts has it in the browser. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type TemporaryStore, temporaryStore } from '../../test/support/hub/hubServer';
import { createLibrary } from '../model/library';
import { folderFiles } from '../node/folder';
import { type AssistantAbout, assistantFiles } from './assistants';

const about: AssistantAbout = {
  id: 'someone/clip seg',
  title: 'CLIPSeg',
  does: 'Select by name',
  location: 'https://hub.example/someone/clip-seg',
  licence: 'apache-2.0',
};
const CONFIG = 'https://hub.example/someone/clip-seg/resolve/main/config.json';
const WEIGHTS = 'https://hub.example/someone/clip-seg/resolve/main/onnx/model.onnx';
const { signal } = new AbortController();

let temporary: TemporaryStore;
beforeEach(async () => {
  temporary = await temporaryStore();
});
afterEach(() => temporary.remove());

const files = () => assistantFiles(temporary.store, about);
const library = () =>
  createLibrary({ store: temporary.store, starter: folderFiles('public/models/starter/') });
const bytesOf = async (key: string) => {
  const blob = await files().read(key);
  return blob && [...new Uint8Array(await blob.arrayBuffer())];
};

/** In pieces, as from a server. */
function streamOf(...pieces: number[][]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new Uint8Array(piece));
      controller.close();
    },
  });
}

it('keeps files by any key, and replaces one by a shorter one', async () => {
  expect(await bytesOf(CONFIG)).toBeUndefined();
  await Promise.all([
    files().write(CONFIG, new Blob(['{}']), { signal }),
    files().write(WEIGHTS, streamOf([1, 2, 3], [4, 5]), { signal, size: 5 }),
  ]);
  expect(await bytesOf(WEIGHTS)).toEqual([1, 2, 3, 4, 5]);
  expect(await (await files().read(CONFIG))?.text()).toBe('{}');
  await files().write(WEIGHTS, streamOf([9]), { signal });
  expect(await bytesOf(WEIGHTS)).toEqual([9]);
  expect(await (await files().read(CONFIG))?.text()).toBe('{}');
});

it('counts nothing of a file that is cut off, too long, failed or cancelled', async () => {
  await files().write(CONFIG, new Blob(['{}']), { signal });
  await expect(files().write(WEIGHTS, streamOf([1, 2]), { signal, size: 5 })).rejects.toThrow('2 of 5 bytes');
  await expect(files().write(WEIGHTS, streamOf([1, 2, 3, 4, 5, 6]), { signal, size: 5 })).rejects.toThrow(
    'more than the 5 bytes',
  );
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new TypeError('network error'));
    },
  });
  await expect(files().write(WEIGHTS, broken, { signal })).rejects.toThrow('network error');
  const cancelling = new AbortController();
  const silent = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array([1]));
      setTimeout(() => cancelling.abort(), 5);
    },
  });
  const cancelled = files().write(WEIGHTS, silent, { signal: cancelling.signal });
  await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
  expect(await bytesOf(WEIGHTS)).toBeUndefined();
  expect(await (await files().read(CONFIG))?.text()).toBe('{}');
});

it('is listed by the library beside models, not among them, and deleted by it', async () => {
  await files().write(WEIGHTS, streamOf([1, 2, 3]), { signal });
  expect(await library().list()).toEqual([]);
  const [listed, ...others] = await library().assistants();
  expect(others).toEqual([]);
  expect(listed).toEqual({
    folder: 'assistant-someone_clip_seg',
    name: 'someone/clip seg',
    title: 'CLIPSeg',
    does: 'Select by name',
    location: about.location,
    licence: 'apache-2.0',
    storedBytes: 3,
    isBusy: false,
  });
  await library().remove(listed?.folder ?? '');
  expect(await library().assistants()).toEqual([]);
  expect(await bytesOf(WEIGHTS)).toBeUndefined();
  expect(await temporary.store.models()).toEqual([]);
});

it('does not take a record that it cannot read for a file, and lists it for deletion', async () => {
  await files().write(WEIGHTS, streamOf([1, 2, 3]), { signal });
  await temporary.store.model('assistant-someone_clip_seg').writeText('asset.json', '{"version":99}');
  expect(await bytesOf(WEIGHTS)).toBeUndefined();
  expect(await library().assistants()).toMatchObject([
    { folder: 'assistant-someone_clip_seg', storedBytes: 0 },
  ]);
});
