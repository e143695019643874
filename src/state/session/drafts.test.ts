import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { blank, browser, page } from '../../../test/support/drafts';
import { eventually } from '../../../test/support/eventually';
import { HEIGHT, paint, WIDTH } from '../../../test/support/session';
import { createDraftStore } from '../../storage/draft';
import { settingsOfDraft } from './draftSettings';

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(() => {
  vi.unstubAllGlobals();
});

it('a reload brings back picture, mask, frame, versions, what is shown, prompts and settings, without asking', async () => {
  const { tab, close } = browser();
  const mine = tab();
  const first = await page({ id: 'one', tab: mine });
  expect(first.visit).toBe('first');
  paint(first.session);
  first.session.change({ prompt: 'a red fox', negative_prompt: 'blurry', num_inference_steps: '9' });
  const frame = { x: 200, y: 100, width: 300, height: 200 };
  first.session.editor.moveFrame(frame);
  first.session.editor.endFrame();
  await first.session.generate();
  await eventually(async () => expect((await first.kept.list())[0]).toMatchObject({ shownId: 1, frame }));

  close('one');
  const second = await page({ id: 'two', tab: tab(mine.memory.own) });
  expect(second.visit).toBe('restored');
  expect(second.state()).toMatchObject({ starting: false, offered: null, restored: 'photo.png' });
  expect(second.mask().equals(first.mask())).toBe(true);
  expect(second.session.settings.getState()).toMatchObject({
    ...{ prompt: 'a red fox', negative_prompt: 'blurry', num_inference_steps: '9', guidance_scale: '1' },
  });
  expect(second.session.suited.byHand()).toEqual(['num_inference_steps']);
  expect(second.session.versions.getState()).toMatchObject({ baseId: 0, shownId: 1, items: { length: 2 } });
  expect(second.session.editor.store.getState()).toMatchObject({
    picture: { name: 'photo.png', width: WIDTH, height: HEIGHT },
    ...{ frame, canUndo: false },
  });
  // The note disappears with the first stroke, and the draft continues as the same one.
  second.session.editor.invert();
  expect(second.state().restored).toBeNull();
  await eventually(async () => {
    const [draft] = await second.kept.list();
    expect(draft?.savedAt).toBeGreaterThan(0);
    expect(await second.list()).toEqual(['one']);
  });
  // Undo returns to it from another image.
  await second.session.openFile(new Blob(['y'], { type: 'image/png' }), 'other.png');
  second.session.editor.undo();
  expect(second.session.editor.store.getState().picture?.name).toBe('photo.png');
});

it('a picture that nothing was painted on is back too; the sample is for the first visit', async () => {
  const { tab, close } = browser();
  const mine = tab();
  const first = await page({ id: 'one', tab: mine });
  await eventually(async () => expect(await first.list()).toEqual(['one']));
  close('one');
  const second = await page({ id: 'two', tab: tab('one') });
  expect(second.visit).toBe('restored');
  expect(second.session.editor.store.getState()).toMatchObject({ maskBounds: { width: 0 } });
  close('one');
  await second.kept.remove('one');
  expect(await blank({ id: 'three', tab: tab('one') }).drafts.start()).toBe('empty');
});

it('what another tab works on is offered as a copy, and stays that tab’s', async () => {
  const { tab } = browser();
  const first = await page({ id: 'one', tab: tab() });
  paint(first.session);
  await eventually(async () => expect((await first.kept.list())[0]?.mask).toBeInstanceOf(Blob));
  // A duplicated tab remembers the same draft.
  const second = blank({ id: 'two', tab: tab('one') });
  expect(await second.drafts.start()).toBe('empty');
  expect(second.state().offered).toEqual({ id: 'one', name: 'photo.png', why: 'held' });
  expect(second.session.editor.document).toBeNull();
  await second.drafts.accept();
  expect(second.mask().equals(first.mask())).toBe(true);
  expect(second.state().offered).toBeNull();
  await eventually(async () => expect(await second.list()).toHaveLength(2));
  second.session.editor.clear();
  first.session.editor.invert();
  await eventually(async () => expect(new Set(await first.list()).has('one')).toBe(true));
});

it('what ended the page while it was brought back is offered, not brought back again', async () => {
  const { tab, close, crashedAt } = browser();
  const first = await page({ id: 'one', tab: tab() });
  paint(first.session);
  await eventually(async () => expect(await first.list()).toEqual(['one']));
  close('one');
  crashedAt('one');
  const second = blank({ id: 'two', tab: tab('one') });
  expect(await second.drafts.start()).toBe('empty');
  expect(second.state().offered).toMatchObject({ id: 'one', why: 'failed' });
  await second.drafts.dismiss();
  expect(second.state().offered).toBeNull();
  expect(await second.list()).toEqual([]);
});

it('to start anew puts all away: it is offered, also after a reload, and undo brings it back', async () => {
  const { tab, close } = browser();
  const mine = tab();
  const first = await page({ id: 'one', tab: mine });
  paint(first.session);
  first.session.change({ prompt: 'a red fox' });
  const mask = first.mask();
  await first.drafts.startAnew();
  expect(first.state().offered).toMatchObject({ id: 'one', why: 'aside' });
  expect(first.session.settings.getState().prompt).toBe('');
  expect(first.session.editor.document).toBeNull();
  first.session.editor.undo();
  expect(first.mask().equals(mask)).toBe(true);
  first.session.close();
  for (const id of await first.list()) if (id !== 'one') await first.kept.remove(id);
  close('one');
  const second = blank({ id: 'two', tab: tab(mine.memory.own) });
  expect(await second.drafts.start()).toBe('empty');
  expect(second.state().offered).toMatchObject({ why: 'aside' });
  await second.drafts.accept();
  expect(second.mask().equals(mask)).toBe(true);
  expect(second.session.settings.getState().prompt).toBe('a red fox');
});

it('opening a sample puts work away, which stays within reach in this visit and the next; what is untouched is replaced', async () => {
  const { tab, close } = browser();
  const mine = tab();
  const first = await page({ id: 'one', tab: mine });
  const openSample = () => first.session.openFile(new Blob(['s'], { type: 'image/png' }), 'sample.png');
  // Nothing was done to the image: there is nothing to put away.
  await first.drafts.startWith(openSample);
  expect(first.state().offered).toBeNull();
  paint(first.session);
  const mask = first.mask();
  await eventually(async () => expect(await first.list()).toEqual(['one']));
  await first.drafts.startWith(openSample);
  expect(first.state().offered).toEqual({ id: 'one', name: 'sample.png', why: 'aside', isNew: true });
  expect(first.mask().every((value) => value === 0)).toBe(true);
  await eventually(async () => expect(await first.list()).toHaveLength(2));

  for (const id of await first.list()) close(id);
  const second = blank({ id: 'three', tab: tab() });
  expect(await second.drafts.start()).toBe('restored');
  expect(second.mask().every((value) => value === 0)).toBe(true);
  expect(second.state().offered).toEqual({ id: 'one', name: 'sample.png', why: 'aside' });
  await second.drafts.accept();
  expect(second.mask().equals(mask)).toBe(true);

  // What was restored is work, even if nothing was done since.
  await second.drafts.startWith(async () => {});
  expect(second.state().offered).toMatchObject({ id: 'one', isNew: true });
});

it('a session that is restored while a sample is still being opened stays: the sample does not open over it', async () => {
  const { session, drafts, mask, list, state } = await page({ id: 'one', tab: browser().tab() });
  paint(session);
  const painted = mask();
  await eventually(async () => expect(await list()).toEqual(['one']));
  const opening = drafts.startWith(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    await session.openFile(new Blob(['s'], { type: 'image/png' }), 'sample.png');
  });
  await eventually(async () => expect(state().offered).not.toBeNull());
  await Promise.all([drafts.accept(), opening]);
  expect(mask().equals(painted)).toBe(true);
});

it('a result is kept as soon as its run is over, without the pause after other changes', async () => {
  const { session, kept } = await page({ id: 'one', tab: browser().tab(), quietMs: 3_600_000 });
  paint(session);
  await session.generate();
  await eventually(async () => expect((await kept.list())[0]?.versions).toHaveLength(2));
});

it('versions come back with it: results from the gallery, all others with the draft, which grows by what is new', async () => {
  const shelf = new Map<number, Blob>();
  const { tab, close } = browser();
  const mine = tab();
  const { session, kept, gallery } = await page({ id: 'one', shelf, tab: mine });
  // Results are in the gallery before the draft asks.
  const leaveGallery = session.versions.subscribe(({ items }) => {
    for (const version of items.filter(({ seed }) => seed !== null)) {
      const id = 7 + version.id;
      if (shelf.has(id)) continue;
      shelf.set(id, version.file);
      gallery.know(version.file, id);
    }
  });
  const written = vi.spyOn(kept, 'keep');
  const writtenSoon = async (baseId: number, count: number, ...ids: number[]) => {
    await eventually(async () => {
      const [draft] = await kept.list();
      expect([draft?.baseId, draft?.versions.length]).toEqual([baseId, count]);
    });
    expect(written.mock.calls.flatMap(([, pictures]) => [...pictures.keys()])).toEqual(ids);
    written.mockClear();
  };
  await writtenSoon(0, 1, 0);
  paint(session);
  await eventually(async () => expect((await kept.list())[0]?.mask).toBeInstanceOf(Blob));
  written.mockClear();
  await session.generate();
  await session.generate();
  await writtenSoon(0, 3);
  await session.continueFrom(1);
  await writtenSoon(1, 3, 1);
  // An extended canvas is not in the gallery. A version that is no longer painted on is.
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
  leaveGallery();
  shelf.delete(9);
  close('one');
  const second = await page({ id: 'two', shelf, tab: tab(mine.memory.own) });
  const back = second.session.versions.getState();
  const facts = ({ id, parentId, prompt, seed, batch, origin, width }: (typeof back.items)[number]) => ({
    ...{ id, parentId, prompt, seed, batch, origin, width },
  });
  expect(back.items.map(facts)).toEqual(
    session.versions
      .getState()
      .items.filter(({ id }) => id !== 2)
      .map(facts),
  );
  expect(back.baseId).toBe(3);
  // The gallery is not given again what it already has.
  const result = back.items[1];
  expect(result && second.gallery.ids.get(result.file)).toBe(8);
  await second.session.continueFrom(1);
  expect(second.session.editor.store.getState().picture).toMatchObject({ width: WIDTH, height: HEIGHT });
  await second.session.generate();
  expect(second.session.versions.getState().items.at(-1)).toMatchObject({ id: 4, parentId: 1 });
});

it('keeps the newest of a few and those that tabs hold, and says what is gone', async () => {
  const kept = createDraftStore();
  const facts = { mask: null, frame: null, versions: [], baseId: 0, shownId: null, prompt: '' };
  const more = { negativePrompt: '', settings: {}, byHand: [], isAside: false };
  for (const [savedAt, id] of ['a', 'b', 'c', 'd', 'e'].entries())
    await kept.keep({ ...facts, ...more, id, name: `${id}.png`, savedAt }, new Map());
  const { tab, locks } = browser();
  locks.add('a');
  const { drafts, state, session, list } = blank({ id: 'now', tab: tab() });
  expect(await drafts.start()).toBe('empty');
  expect(await list()).toEqual(['e', 'd', 'c', 'a']);
  expect(state().offered).toEqual({ id: 'e', name: 'e.png', why: 'failed' });
  expect(session.run.getState().stageError).toBe(
    '“e.png” could not be restored: its image is no longer there',
  );
});

it('a draft of a former version of the page is read, and settings that no longer fit are left', async () => {
  const kept = createDraftStore();
  const facts = { id: 'old', name: 'old.png', mask: new Blob([]), frame: null, versions: [], baseId: 0 };
  const draft = { ...facts, prompt: 'a fox', negativePrompt: '', savedAt: 1 };
  // @ts-expect-error as it was kept then
  await kept.keep(draft, new Map());
  expect(await kept.list()).toMatchObject([{ id: 'old', shownId: null, settings: {}, isAside: false }]);
  const now = blank({ id: 'now' }).session.settings.getState();
  const torn = { variations: 3, colour_match: false, loras: [{ source: 1 }], seed: '7', other: 'x' };
  expect(settingsOfDraft(torn, now)).toEqual({ colour_match: false, seed: '7' });
});

it('a browser that keeps nothing leaves painting as it is', async () => {
  vi.stubGlobal('indexedDB', {
    open() {
      throw new DOMException('no', 'SecurityError');
    },
  });
  const { session, state, visit } = await page({ id: 'one' });
  expect(visit).toBe('first');
  paint(session);
  expect(state().offered).toBeNull();
  expect(session.run.getState()).toMatchObject({ stageError: null, runError: null });
});
