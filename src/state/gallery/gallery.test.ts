import sharp from 'sharp';
import { beforeEach, expect, it, vi } from 'vitest';
import { eventually } from '../../../test/support/eventually';
import { TEXTS_OFFSET, textChunks } from '../../image/files/pngText';
import { GalleryError, type GalleryItem, type GalleryStore } from '../../storage/gallery';
import { createVersions, noVersions, type Version } from '../pictures/versions';
import { createRecipeOffer, restore } from '../session/recipeOffer';
import { createSessionState } from '../session/sessionState';
import { foundIn, resultTexts, settingsFrom } from '../settings/recipes';
import { checkSettings, initialSettings, type Settings } from '../settings/settings';
import { createGallery, galleryFileName, searchItems } from './gallery';

const own = new File(['w'], 'mine.safetensors');
const chosen: Settings = {
  ...initialSettings,
  model_name: 'owner/model',
  prompt: 'a red fox',
  negative_prompt: 'blurry 狐',
  num_inference_steps: '12',
  guidance_scale: '6.5',
  loras: [{ id: 1, source: 'a/b', weight: '0.5' }],
  scheduler: 'LCM',
  strength: '0.6',
  mask_content: 'blur',
  crop_padding: '40',
  feather: '9',
  colour_match: false,
  variations: '3',
};
const plan = { frame: { x: 0, y: 0, width: 9, height: 9 }, size: { width: 512, height: 640 } };

function textsOf(changed: Partial<Settings> = {}, seed = 77) {
  const { checked } = checkSettings({ ...chosen, ...changed });
  if (!checked) throw new Error('the settings of a test are right');
  return resultTexts('local', checked, plan, seed, { width: 4, height: 3 }, new Date(0));
}

async function fileOf(texts: ReturnType<typeof textsOf> = []): Promise<Blob> {
  const png = await sharp({ create: { width: 4, height: 3, channels: 3, background: '#123456' } })
    .png()
    .toBuffer();
  const bytes = new Uint8Array(png);
  return new Blob([bytes.slice(0, TEXTS_OFFSET), textChunks(texts), bytes.slice(TEXTS_OFFSET)]);
}

const version = (id: number, file: Blob, seed: number | null): Version => ({
  ...{ id, parentId: id === 0 ? null : 0, prompt: '', seed, modelName: null, seconds: null, batch: null },
  ...{
    origin: { x: 0, y: 0 },
    url: `blob:${id}`,
    thumbnailUrl: `blob:small-${id}`,
    file,
    width: 4,
    height: 3,
  },
});

/** A store in memory that is full while `failure` says so. */
class FakeStore implements GalleryStore {
  failure: Error | null = null;
  entries: { item: GalleryItem; picture: Blob }[] = [];
  async add(recipe: GalleryItem['recipe'], picture: Blob, thumbnail: Blob) {
    if (this.failure) throw this.failure;
    const id = this.entries.length + 1;
    this.entries.push({ item: { id, recipe, thumbnail, bytes: picture.size }, picture });
    return id;
  }
  list = async () => this.entries.map(({ item }) => item).reverse();
  async picture(id: number) {
    const entry = this.entries.find(({ item }) => item.id === id);
    if (!entry) throw new GalleryError('deleted');
    return entry.picture;
  }
  async remove(id: number) {
    this.entries = this.entries.filter(({ item }) => item.id !== id);
  }
  async restore(item: GalleryItem, picture: Blob) {
    this.entries = [...this.entries, { item, picture }].sort((a, b) => a.item.id - b.item.id);
  }
  async clear() {
    this.entries = [];
  }
  storage = async () => ({ usedBytes: this.entries.reduce((sum, { item }) => sum + item.bytes, 0) });
}

let kept: FakeStore;
beforeEach(() => {
  kept = new FakeStore();
});
function setUp(maxRemovedBytes?: number) {
  const versions = createVersions();
  const gallery = createGallery(kept, versions.store, async (url) => new Blob([url]), maxRemovedBytes);
  const put = (...items: Version[]) => {
    const { items: before, ...shown } = versions.store.getState();
    versions.replace([...before, ...items], shown);
  };
  return { versions, gallery, put, state: gallery.store.getState };
}

it('keeps every result with its settings as it appears, and nothing else', async () => {
  const { put, gallery, state, versions } = setUp();
  put(version(0, await fileOf(textsOf()), null));
  put(version(1, await fileOf(textsOf({}, 5)), 5));
  versions.show({ baseId: 0, shownId: 1 });
  put(version(2, await fileOf(), null), version(3, await fileOf(textsOf({ prompt: 'a hut' }, 6)), 6));
  await eventually(() => expect(kept.entries).toHaveLength(2));
  await gallery.load();
  expect(state().items?.map(({ recipe }) => recipe.request.seed)).toEqual([6, 5]);
  expect(await state().items?.[1]?.thumbnail.text()).toBe('blob:small-1');
  expect(state().storage?.usedBytes).toBeGreaterThan(0);
  // While it is open a new result joins it.
  put(version(4, await fileOf(textsOf({}, 7)), 7));
  await eventually(() => expect(state().items).toHaveLength(3));
});

it('a full disk is told, loses nothing, and another try keeps what waits', async () => {
  const { put, gallery, state, versions } = setUp();
  kept.failure = new GalleryError('The gallery is full');
  put(version(1, await fileOf(textsOf()), 1), version(2, await fileOf(textsOf()), 2));
  await eventually(() =>
    expect(state().unkept).toEqual({ reason: 'The gallery is full', count: 2, dismissed: false }),
  );
  expect(versions.store.getState().items).toHaveLength(2);
  // The note goes, what waits stays; a try that fails tells it again.
  gallery.dismiss();
  expect(state().unkept).toMatchObject({ count: 2, dismissed: true });
  await gallery.retry();
  expect(state().unkept).toMatchObject({ count: 2, dismissed: false });
  gallery.dismiss();
  kept.failure = null;
  await gallery.retry();
  expect(state().unkept).toBeNull();
  expect(kept.entries).toHaveLength(2);
});

it('a result whose thumbnail is gone is kept with its picture in that place', async () => {
  const versions = createVersions();
  createGallery(kept, versions.store, () => Promise.reject(new TypeError('the address is dead')));
  const file = await fileOf(textsOf());
  versions.replace([version(1, file, 1)], noVersions);
  await eventually(() => expect(kept.entries).toHaveLength(1));
  expect(kept.entries[0]?.item.thumbnail).toBe(file);
});

it('a result without its settings is told', async () => {
  const { put, state } = setUp();
  put(version(1, await fileOf(), 1));
  await eventually(() => expect(state().unkept?.count).toBe(1));
});

it('deletes one and all, reads pictures, and says what went wrong', async () => {
  const { put, gallery, state } = setUp();
  for (const seed of [1, 2, 3]) put(version(seed, await fileOf(textsOf({}, seed)), seed));
  await eventually(() => expect(kept.entries).toHaveLength(3));
  await gallery.load();
  const [newest] = state().items ?? [];
  if (!newest) throw new Error('three were kept');
  expect(await foundIn((await gallery.picture(newest)) ?? new Blob())).toMatchObject({
    recipe: { request: { seed: 3 } },
  });
  await gallery.remove(newest);
  expect(state().items?.map(({ recipe }) => recipe.request.seed)).toEqual([2, 1]);
  expect(await gallery.picture(newest)).toBeNull();
  expect(state().problem).toBe('deleted');
  expect(state().removed).toEqual([newest]);
  // Undo brings it back to its position, with its image.
  await gallery.undoRemove();
  expect(state()).toMatchObject({ removed: [], problem: null });
  expect(state().items?.map(({ recipe }) => recipe.request.seed)).toEqual([3, 2, 1]);
  expect(await foundIn((await gallery.picture(newest)) ?? new Blob())).toMatchObject({
    recipe: { request: { seed: 3 } },
  });
  await gallery.remove(newest);
  await gallery.clear();
  expect(state()).toMatchObject({ items: [], problem: null, removed: [], storage: { usedBytes: 0 } });
  await gallery.undoRemove();
  expect(state().items).toEqual([]);
});

it('brings back what was deleted in turn, as far as memory for it goes', async () => {
  const files = await Promise.all([1, 2, 3, 4].map((seed) => fileOf(textsOf({}, seed))));
  const [{ size } = { size: 0 }] = files;
  // All four are of one size: two of them fit.
  const { put, gallery, state } = setUp(2.5 * size);
  for (const [i, file] of files.entries()) put(version(i + 1, file, i + 1));
  await eventually(() => expect(kept.entries).toHaveLength(4));
  await gallery.load();
  const seeds = () => state().items?.map(({ recipe }) => recipe.request.seed);
  const [fourth, third, second, first] = state().items ?? [];
  if (!fourth || !third || !second || !first) throw new Error('four were kept');
  for (const item of [third, first, fourth]) await gallery.remove(item);
  expect(seeds()).toEqual([2]);
  // The third went first, and is let go of first.
  expect(state().removed).toEqual([first, fourth]);
  await gallery.undoRemove();
  expect(seeds()).toEqual([4, 2]);
  await gallery.undoRemove();
  expect(seeds()).toEqual([4, 2, 1]);
  expect(await foundIn((await gallery.picture(first)) ?? new Blob())).toMatchObject({
    recipe: { request: { seed: 1 } },
  });
  await gallery.undoRemove();
  expect(seeds()).toEqual([4, 2, 1]);
  expect(state().removed).toEqual([]);
});

it('searches by the words of the prompt', async () => {
  const { put, gallery, state } = setUp();
  const prompts = ['A red FOX in snow', 'a blue door', 'snowy roof, Red'];
  for (const [i, prompt] of prompts.entries()) put(version(i + 1, await fileOf(textsOf({ prompt })), 1));
  await eventually(() => expect(kept.entries).toHaveLength(3));
  await gallery.load();
  const found = (search: string) =>
    searchItems(state().items ?? [], search).map(({ recipe }) => recipe.request.prompt);
  expect(found('  ')).toHaveLength(3);
  expect(found('fox RED')).toEqual(['A red FOX in snow']);
  expect(found('snow')).toEqual(['snowy roof, Red', 'A red FOX in snow']);
  expect(found('狐')).toHaveLength(3);
  expect(found('owner/model door')).toEqual(['a blue door']);
  expect(found('cow')).toEqual([]);
  expect(searchItems(state().items ?? [], 'door').map(galleryFileName)).toEqual(['a-blue-door-77.png']);
});

it('restores all settings, and the seed that was drawn', async () => {
  const found = await foundIn(await fileOf(textsOf({ seed: '' }, 123)));
  expect(found).not.toBeNull();
  if (!found) return;
  const { loras, ...back } = settingsFrom(found);
  const { loras: _, ...wanted } = chosen;
  // One image per seed.
  expect(back).toEqual({ ...wanted, seed: '123', variations: '1' });
  expect(loras).toMatchObject([{ source: 'a/b', weight: '0.5' }]);
  // The second time nothing has changed.
  const again = resultTexts(
    'local',
    checkSettings({ ...chosen, ...settingsFrom(found) }).checked ?? expect.fail('the settings are right'),
    plan,
    123,
    { width: 4, height: 3 },
    new Date(0),
  );
  expect(again).toEqual(textsOf({}, 123));
});

it('of a removal only what says something about it: the model and prompt for painting stay', async () => {
  const found = await foundIn(
    await fileOf(textsOf({ model_name: 'fill', prompt: '', crop_padding: '8' }, 5)),
  );
  expect(found && settingsFrom(found)).toEqual({ seed: '5', crop_padding: '8' });
});

it('restores embeddings with their words, but for files of the person’s own', async () => {
  const embeddings = [
    { id: 1, source: 'a/toy', token: '<mine>' },
    { id: 2, source: own, token: '' },
    { id: 3, source: 'a/hat', token: '' },
  ];
  const found = await foundIn(await fileOf(textsOf({ embeddings })));
  const change = vi.fn();
  const showStageError = vi.fn();
  if (found) restore({ change, showStageError }, found);
  const back = [
    expect.objectContaining({ source: 'a/toy', token: '<mine>' }),
    expect.objectContaining({ source: 'a/hat', token: '' }),
  ];
  expect(change).toHaveBeenCalledWith(expect.objectContaining({ embeddings: back }));
  expect(showStageError).toHaveBeenCalledWith(expect.stringContaining('embedding mine.safetensors'));
});

it('says which files it cannot open again', async () => {
  const found = await foundIn(await fileOf(textsOf({ loras: [{ id: 1, source: own, weight: '' }] })));
  const change = vi.fn();
  const showStageError = vi.fn();
  if (found) restore({ change, showStageError }, found);
  expect(change).toHaveBeenCalledWith(expect.objectContaining({ prompt: 'a red fox', loras: [] }));
  expect(showStageError).toHaveBeenCalledWith(expect.stringContaining('mine.safetensors'));
});

it('offers the settings of a picture that is opened, until the next one', async () => {
  const versions = createVersions();
  const change = vi.fn();
  const offer = createRecipeOffer({
    state: createSessionState(),
    versions: versions.store,
    change,
    showStageError: vi.fn(),
  });
  const shown = () => offer.store.getState().found;
  versions.replace([version(0, await fileOf(textsOf()), null)], noVersions);
  await eventually(() => expect(shown()).not.toBeNull());
  versions.replace([version(0, await fileOf(), null)], noVersions);
  expect(shown()).toBeNull();
  const parameters = [{ keyword: 'parameters', text: 'a hut\nSteps: 20, Seed: 9' }];
  versions.replace([version(0, await fileOf(parameters), null)], noVersions);
  await eventually(() => expect(shown()).not.toBeNull());
  expect(change).not.toHaveBeenCalled();
  offer.accept();
  expect(change).toHaveBeenCalledWith({
    ...{ prompt: 'a hut', negative_prompt: '', num_inference_steps: '20', seed: '9' },
  });
  expect(shown()).toBeNull();
  // A result that is added is not an opened image.
  const file = await fileOf(textsOf());
  versions.append(version(1, file, 1));
  await foundIn(file);
  expect(shown()).toBeNull();
});
