import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDraftStore } from '../storage/draft';
import { eventually } from '../testing/eventually';
import { createDrafts, type MaskFiles } from './drafts';
import { fakeEngine, HEIGHT, opened, paint, WIDTH } from './session.testing';

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** Masks as their bytes. */
const files: MaskFiles = {
  write: async ({ data }) => new Blob([data]),
  read: async (file, _name, size) => ({ ...size, data: new Uint8Array(await file.arrayBuffer()) }),
};

/** The gallery as drafts see it, in which results lie under numbers. */
function galleryOf(shelf: Map<number, Blob>) {
  const ids = new Map<Blob, number>();
  return {
    ids,
    idOf: async (file: Blob) => ids.get(file) ?? null,
    async entry(id: number) {
      const file = shelf.get(id);
      return file ? { file: new Blob([file], { type: file.type }), thumbnail: new Blob(['small']) } : null;
    },
    know: (file: Blob, id: number) => void ids.set(file, id),
  };
}

/** @param shelf what the gallery holds, of all times that the page is open */
async function page(id: string, shelf = new Map<number, Blob>()) {
  const session = await opened(fakeEngine().engine);
  const kept = createDraftStore();
  const gallery = galleryOf(shelf);
  const drafts = createDrafts(session, gallery, kept, files, id, 20);
  const mask = () => Buffer.from(session.editor.document?.mask.data ?? []);
  return { session, kept, gallery, drafts, mask, offered: () => drafts.store.getState().offered };
}

it('what was painted is offered the next time, brought back whole as a step, and then forgotten', async () => {
  const first = await page('one');
  await first.drafts.load();
  expect(first.offered()).toBeNull();
  paint(first.session);
  first.session.change({ prompt: 'a red fox', negative_prompt: 'blurry' });
  const frame = { x: 200, y: 100, width: 300, height: 200 };
  first.session.editor.moveFrame(frame);
  first.session.editor.endFrame();
  await eventually(async () => expect(await first.kept.list()).toHaveLength(1));

  const second = await page('two');
  await second.drafts.load();
  expect(second.offered()).toMatchObject({ id: 'one', name: 'photo.png' });
  await second.drafts.accept();
  expect(second.mask().equals(first.mask())).toBe(true);
  expect(second.session.settings.getState()).toMatchObject({
    prompt: 'a red fox',
    negative_prompt: 'blurry',
  });
  expect(second.session.editor.store.getState()).toMatchObject({
    picture: { name: 'photo.png', width: WIDTH, height: HEIGHT },
    frame,
    canUndo: false,
  });
  expect(second.offered()).toBeNull();
  // Its own steps are those of this time.
  second.session.editor.invert();
  await eventually(async () => expect((await first.kept.list()).map(({ id }) => id)).toEqual(['two']));
});

it('versions come back with it: results from the gallery, all others with the draft, which grows by what is new', async () => {
  const shelf = new Map<number, Blob>();
  const { session, kept, gallery } = await page('one', shelf);
  const list = () => session.versions.getState().items;
  const inGallery = (version: number, id: number) => {
    const { file } = list()[version] ?? {};
    if (!file) throw new Error('there is such a version');
    shelf.set(id, file);
    gallery.know(file, id);
  };
  const written = vi.spyOn(kept, 'keep');
  const writtenSoon = async (baseId: number, count: number, ...ids: number[]) => {
    await eventually(async () => {
      const [draft] = await kept.list();
      expect([draft?.baseId, draft?.versions.length]).toEqual([baseId, count]);
    });
    expect(written.mock.calls.flatMap(([, pictures]) => [...pictures.keys()])).toEqual(ids);
    written.mockClear();
  };
  paint(session);
  await writtenSoon(0, 1, 0);
  await session.generate();
  inGallery(1, 8);
  await session.generate();
  inGallery(2, 9);
  await writtenSoon(0, 3);
  await session.continueFrom(1);
  await writtenSoon(1, 3, 1);
  // A drawn-out canvas lies in no gallery. What is no longer painted on does.
  await session.extend({ top: 0, right: 40, bottom: 0, left: 16 });
  await writtenSoon(3, 4, 3);
  const [draft] = await kept.list();
  expect(draft?.versions.map(({ id, isKept }) => [id, isKept])).toEqual([
    [0, true],
    [1, false],
    [2, false],
    [3, true],
  ]);
  expect(await kept.picture('one', 1)).toBeUndefined();

  // Deleted from the gallery, deleted here.
  shelf.delete(9);
  const second = await page('two', shelf);
  await second.drafts.load();
  await second.drafts.accept();
  const back = second.session.versions.getState();
  const facts = ({ id, parentId, prompt, seed, batch, origin, width }: (typeof back.items)[number]) => ({
    ...{ id, parentId, prompt, seed, batch, origin, width },
  });
  expect(back.items.map(facts)).toEqual(
    list()
      .filter(({ id }) => id !== 2)
      .map(facts),
  );
  expect(back.baseId).toBe(3);
  // The gallery is not given again what it has.
  const result = back.items[1];
  expect(result && second.gallery.ids.get(result.file)).toBe(8);
  await second.session.continueFrom(1);
  expect(second.session.editor.store.getState().picture).toMatchObject({ width: WIDTH, height: HEIGHT });
  await second.session.generate();
  expect(second.session.versions.getState().items.at(-1)).toMatchObject({ id: 4, parentId: 1 });
});

it('offers the newest of a few, deletes what is not wanted, and says what is gone', async () => {
  const kept = createDraftStore();
  const draft = (id: string, savedAt: number) => ({
    id,
    name: `${id}.png`,
    mask: new Blob(['']),
    frame: null,
    versions: [],
    baseId: 0,
    prompt: '',
    negativePrompt: '',
    savedAt,
  });
  for (const [i, id] of ['a', 'b', 'c', 'd', 'e'].entries()) await kept.keep(draft(id, i), new Map());
  const { drafts, offered, session } = await page('now');
  await drafts.load();
  expect(offered()?.id).toBe('e');
  expect((await kept.list()).map(({ id }) => id)).toEqual(['e', 'd', 'c']);
  await drafts.dismiss();
  expect(offered()).toBeNull();
  expect((await kept.list()).map(({ id }) => id)).toEqual(['d', 'c']);
  await drafts.load();
  await kept.remove('d');
  await drafts.accept();
  expect(session.job.getState().stageError).toBe('“d.png” could not be brought back: it is no longer there');
});

it('a browser that keeps nothing leaves painting as it is', async () => {
  vi.stubGlobal('indexedDB', {
    open() {
      throw new DOMException('no', 'SecurityError');
    },
  });
  const { session, drafts, offered } = await page('one');
  await drafts.load();
  paint(session);
  expect(offered()).toBeNull();
  expect(session.job.getState()).toMatchObject({ stageError: null, runError: null });
});
