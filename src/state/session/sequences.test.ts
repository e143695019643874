/** What a user may do in sequence, faster or in another order than expected. */
import { expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually';
import { fakeEngine, HEIGHT, imaging, opened, paint, travel, WIDTH } from '../../../test/support/session';
import { createEditor, type PictureWork } from '../../editor/store';
import { directWork } from '../../editor/workers/maskOperations';
import { createSession } from './session';

const file = () => new Blob(['x'], { type: 'image/png' });
const bytes = (session: Awaited<ReturnType<typeof opened>>) =>
  Buffer.from(session.editor.document?.mask.data ?? []);

it('the canvas drawn out, taken back, then a run: of the old size; redo still leads out', async () => {
  const session = await opened(fakeEngine().engine);
  paint(session);
  const mask = bytes(session);
  await session.extend({ top: 0, right: 40, bottom: 0, left: 16 });
  session.editor.undo();
  await session.generate();
  const { items, baseId } = session.versions.getState();
  expect(baseId).toBe(0);
  expect(items.map(({ id, parentId, width }) => [id, parentId, width])).toEqual([
    [0, null, WIDTH],
    [1, 0, WIDTH + 56],
    [2, 0, WIDTH],
  ]);
  session.editor.redo();
  expect(session.editor.store.getState().picture).toMatchObject({ width: WIDTH + 56, height: HEIGHT });
  session.editor.undo();
  expect(bytes(session).equals(mask)).toBe(true);
});

it('on from an old version, then undo and redo: the mask follows, the version stays', async () => {
  const session = await opened(fakeEngine().engine);
  const empty = bytes(session);
  paint(session);
  await session.generate();
  await session.continueFrom(1);
  session.editor.invert();
  const inverted = bytes(session);
  await session.generate();
  await session.continueFrom(0);
  const { editor } = session;
  await travel(editor, 'undo');
  expect(session.versions.getState()).toMatchObject({ baseId: 1, shownId: 2 });
  await travel(editor, 'undo', 5);
  expect(bytes(session).equals(empty)).toBe(true);
  expect(session.versions.getState()).toMatchObject({ baseId: 0, shownId: null, items: { length: 3 } });
  await travel(editor, 'redo', 4);
  expect(bytes(session).equals(inverted)).toBe(true);
  expect(session.versions.getState()).toMatchObject({ baseId: 1, shownId: null });
  await travel(editor, 'redo', 2);
  expect(session.versions.getState()).toMatchObject({ baseId: 0, shownId: null });
  // Painting after undo ends redo, and only redo.
  await travel(editor, 'undo');
  session.editor.stroke({ x: 40, y: 40 }, { erase: true });
  session.editor.endStroke();
  expect(session.editor.store.getState().canRedo).toBe(false);
  await session.generate();
  expect(session.versions.getState().items.at(-1)).toMatchObject({ id: 3, parentId: 1 });
});

it('a second press during a run does nothing, one during its stopping neither; then runs go on', async () => {
  let release = () => {};
  const { engine, asked } = fakeEngine(
    () =>
      new Promise((resolve) => {
        release = resolve;
      }),
  );
  const session = await opened(engine);
  paint(session);
  const first = session.generate();
  await eventually(() => expect(asked).toHaveLength(1));
  await session.generate();
  session.cancel();
  session.cancel();
  await session.generate();
  expect(asked).toHaveLength(1);
  release();
  await first;
  expect(session.run.getState()).toMatchObject({ running: false, progress: null, runError: null });
  const next = session.generate();
  await eventually(() => expect(asked).toHaveLength(2));
  release();
  await next;
  expect(session.versions.getState().items.map(({ id }) => id)).toEqual([0, 1]);
});

for (const stage of ['prepare', 'engine', 'paste'] as const) {
  it(`cancelled while it waits for “${stage}”: nothing is added or lost, and the next run goes through`, async () => {
    let wait: Promise<void> | null = null;
    let release = () => {};
    const gate = async (now: typeof stage) => {
      if (now === stage) await wait;
    };
    const slow: PictureWork = {
      ...imaging,
      async prepare(request) {
        await gate('prepare');
        return imaging.prepare(request);
      },
      async paste(request) {
        await gate('paste');
        return imaging.paste(request);
      },
    };
    const { engine } = fakeEngine(() => gate('engine'));
    const session = createSession({ editor: createEditor(), engine, imaging: slow });
    await session.openFile(file(), 'photo.png');
    paint(session);
    const mask = bytes(session);
    wait = new Promise((resolve) => {
      release = resolve;
    });
    const run = session.generate();
    // As far as it gets.
    await new Promise((resolve) => setTimeout(resolve));
    expect(session.run.getState().running).toBe(true);
    session.cancel();
    wait = null;
    release();
    await run;
    expect(session.run.getState()).toMatchObject({ running: false, runError: null, stageError: null });
    expect(session.versions.getState().items).toHaveLength(1);
    expect(bytes(session).equals(mask)).toBe(true);
    await session.generate();
    expect(session.versions.getState().items).toHaveLength(2);
  });
}

it('the canvas drawn out while the mask is being computed waits for it', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const editor = createEditor({
    ...directWork,
    edge: async (...asked) => {
      await gate;
      return directWork.edge(...asked);
    },
  });
  const session = createSession({ editor, engine: fakeEngine().engine, imaging });
  await session.openFile(file(), 'photo.png');
  paint(session);
  const { maskBounds: before } = editor.store.getState();
  const growing = editor.edge('grow');
  const extending = session.extend({ top: 0, right: 0, bottom: 0, left: 32 });
  release();
  await Promise.all([growing, extending]);
  expect(editor.store.getState().picture?.width).toBe(WIDTH + 32);
  const grown = editor.store.getState().edgeRadius;
  // The painted area is 32 further right; left of it is new canvas, masked with 16 of the image.
  const row = before.y + before.height + grown - 1;
  const data = editor.document?.mask.data ?? [];
  const line = [...data.slice(row * (WIDTH + 32), (row + 1) * (WIDTH + 32))];
  expect(line.slice(48).some((value) => value > 0)).toBe(true);
});

it('choices of the frame are steps among strokes: undo takes back the last thing done, also across another canvas', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  const { editor } = session;
  const frame = () => editor.store.getState().frame;
  const drag = (...widths: number[]) => {
    for (const width of widths) editor.moveFrame({ x: 200, y: 100, width, height: 150 });
    editor.endFrame();
  };
  paint(session);
  const painted = bytes(session);
  drag(260, 300);
  drag(300);
  editor.invert();
  drag(360);
  editor.moveFrame(null);
  editor.endFrame();
  await session.extend({ top: 0, right: 40, bottom: 0, left: 16 });
  // The new canvas has its own frame: its mask's.
  expect(frame()).toBeNull();
  editor.undo();
  expect(editor.store.getState().picture).toMatchObject({ width: WIDTH });
  expect(frame()).toBeNull();
  editor.undo();
  expect(frame()).toMatchObject({ width: 360 });
  editor.undo();
  expect(frame()).toMatchObject({ width: 300 });
  expect(bytes(session).equals(painted)).toBe(false);
  editor.undo();
  expect(bytes(session).equals(painted)).toBe(true);
  expect(frame()).toMatchObject({ width: 300 });
  session.change({ model_name: 'owner/model' });
  await session.generate();
  expect(asked[0]?.options).toMatchObject({ width: 512, height: 256 });
  // The run is a step; one drag is one step; a drag that ends where it began is not.
  await travel(editor, 'undo', 2);
  expect(frame()).toBeNull();
  expect(bytes(session).equals(painted)).toBe(true);
  await travel(editor, 'redo', 6);
  expect(frame()).toBeNull();
  expect(editor.store.getState().picture).toMatchObject({ width: WIDTH + 56 });
  await travel(editor, 'undo', 2);
  expect(frame()).toMatchObject({ width: 360 });
  // Another image begins with its own mask's frame; undo brings this one back with its frame.
  await session.openFile(file(), 'other.png');
  expect(frame()).toBeNull();
  session.showStageError('“third.png” was not opened');
  editor.undo();
  expect(frame()).toMatchObject({ width: 360 });
  // It was said of the other one.
  expect(session.run.getState().stageError).toBeNull();
});
