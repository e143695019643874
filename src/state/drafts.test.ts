import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDraftStore } from '../storage/draft';
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

async function page(id: string) {
  const session = await opened(fakeEngine().engine);
  const kept = createDraftStore();
  const drafts = createDrafts(session, kept, files, id);
  const mask = () => Buffer.from(session.editor.document?.mask.data ?? []);
  return { session, kept, drafts, mask, offered: () => drafts.store.getState().offered };
}

it('what was painted is offered the next time, brought back whole as a step, and then forgotten', async () => {
  const first = await page('one');
  await first.drafts.load();
  expect(first.offered()).toBeNull();
  paint(first.session);
  const frame = { x: 200, y: 100, width: 300, height: 200 };
  first.session.editor.moveFrame(frame);
  first.session.editor.endFrame();
  await vi.waitFor(async () => expect(await first.kept.list()).toHaveLength(1));

  const second = await page('two');
  await second.drafts.load();
  expect(second.offered()).toMatchObject({ id: 'one', name: 'photo.png' });
  await second.drafts.accept();
  expect(second.mask().equals(first.mask())).toBe(true);
  expect(second.session.editor.store.getState()).toMatchObject({
    picture: { name: 'photo.png', width: WIDTH, height: HEIGHT },
    frame,
    canUndo: true,
  });
  expect(second.offered()).toBeNull();
  // Kept again under its new time; undone, there is nothing of a person's own to keep.
  await vi.waitFor(async () => expect((await first.kept.list()).map(({ id }) => id)).toEqual(['two']));
  second.session.editor.undo();
  expect(second.session.editor.store.getState().frame).toBeNull();
  second.session.editor.undo();
  await vi.waitFor(async () => expect(await first.kept.list()).toEqual([]));
});

it('offers the newest of a few, deletes what is not wanted, and says what is gone', async () => {
  const kept = createDraftStore();
  const draft = (id: string, savedAt: number) => ({
    id,
    name: `${id}.png`,
    mask: new Blob(['']),
    frame: null,
    savedAt,
  });
  for (const [i, id] of ['a', 'b', 'c', 'd', 'e'].entries()) await kept.keep(draft(id, i), new Blob(['x']));
  const { drafts, offered, session } = await page('now');
  await drafts.load();
  expect(offered()?.id).toBe('e');
  expect((await kept.list()).map(({ id }) => id)).toEqual(['e', 'd', 'c']);
  expect(await kept.picture('a')).toBeUndefined();
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
