import { expect, it, vi } from 'vitest';
import { fakeEngine, opened, paint, travel } from '../../../test/support/session';
import { createSaving, type SavingParts } from './saving';

async function page(parts: Partial<SavingParts> = {}) {
  const session = await opened(fakeEngine().engine);
  const given: { file: Blob; name: string }[] = [];
  const written: Blob[] = [];
  const saving = createSaving({
    session,
    encode: async (file, type) => (type === 'image/png' ? file : new Blob([type], { type })),
    give: (file, name) => void given.push({ file, name }),
    write: async (png) => void written.push(await png),
    ...parts,
  });
  const file = (id: number) => session.versions.getState().items[id]?.file;
  return { session, saving, given, written, file };
}

it('gives what lies on the canvas: the original, a result, what is painted on, and after undo what was before', async () => {
  const { session, saving, given, written, file } = await page();
  paint(session);
  await saving.download();
  await session.generate();
  await saving.download();
  await saving.copy();
  await session.continueFrom(1);
  await saving.download('image/jpeg');
  session.show(0);
  await saving.download();
  session.show(null);
  await session.extend({ top: 0, right: 8, bottom: 0, left: 0 });
  await saving.download('image/webp');
  await travel(session.editor, 'undo', 3);
  await saving.download();
  expect(given.map(({ name }) => name)).toEqual([
    'photo.png',
    'photo-inlay-1.png',
    'photo-inlay-1.jpg',
    'photo.png',
    'photo-inlay-2.webp',
    'photo-inlay-1.png',
  ]);
  expect(given[0]?.file).toBe(file(0));
  expect(given[1]?.file).toBe(file(1));
  expect(written).toEqual([file(1)]);
  expect(saving.store.getState()).toMatchObject({ copies: 1, busy: null });
});

it('says what went wrong, once, and no longer when the same has gone well', async () => {
  const write = vi.fn().mockRejectedValueOnce(new Error('the browser did not allow it.'));
  const { session, saving } = await page({ write });
  await saving.copy();
  expect(session.run.getState().stageError).toBe('The image was not copied: the browser did not allow it.');
  expect(saving.store.getState()).toMatchObject({ copies: 0, busy: null });
  await saving.copy();
  expect(session.run.getState().stageError).toBeNull();
  // Another part's error stays.
  session.showStageError('“notes.txt” is not a picture');
  await saving.copy();
  expect(session.run.getState().stageError).toBe('“notes.txt” is not a picture');
});

it('tells what a kind of file cannot hold, and does nothing where no picture is open', async () => {
  const { session, saving, given } = await page({
    encode: async (file, _type, onNote) => {
      onNote('JPEG has no transparency: transparent parts are now white.');
      return file;
    },
  });
  await saving.download('image/jpeg');
  expect(session.run.getState().stageNote).toContain('transparency');
  session.close();
  await saving.download();
  await saving.copy();
  expect(given).toHaveLength(1);
});
