/**
 * Walks through strokes, runs, versions, canvas sizes and images, one after the other: undo leads back through all of it
 * and redo forward again, with image, mask, frame and versions as they were.
 */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { eventually } from '../../../test/support/eventually';
import { selectColour } from '../../../test/support/openedEditor';
import { fakeEngine, imaging, opened, paint, travel } from '../../../test/support/session';
import { png, seen, steps, stroke } from '../../../test/support/walks';

beforeEach(() => {
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Signals when it has begun to wait, and waits to be released. */
function gate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), passed };
}

it('a finished run is a step: undo shows what was there before, the strip keeps it, redo shows it again', async () => {
  const session = await opened(fakeEngine().engine);
  paint(session);
  const before = seen(session);
  await session.generate();
  const after = seen(session);
  expect(after).toEqual({ ...before, shownId: 1 });
  await travel(session.editor, 'undo');
  expect(seen(session)).toEqual(before);
  expect(session.versions.getState().items).toHaveLength(2);
  await travel(session.editor, 'redo');
  expect(seen(session)).toEqual(after);
});

it('"Continue" and choosing versions are steps, each of its own', async () => {
  const session = await opened(fakeEngine().engine);
  paint(session);
  const states: ReturnType<typeof seen>[] = [];
  const now = () => states.push(seen(session));
  await session.generate();
  now();
  await session.generate();
  now();
  session.show(1);
  now();
  session.show(1);
  session.show(null);
  now();
  await session.continueFrom(2);
  now();
  expect(steps(session)).toMatchObject({ canUndo: true, canRedo: false });
  expect(states.map(({ baseId, shownId }) => [baseId, shownId])).toEqual([
    [0, 1],
    [0, 2],
    [0, 1],
    [0, null],
    [2, null],
  ]);
  // The result's grey is where the mask was.
  expect(states[4]?.pixels).not.toBe(states[3]?.pixels);
  for (const state of states.toReversed().slice(1)) {
    await travel(session.editor, 'undo');
    expect(seen(session)).toEqual(state);
  }
  for (const state of states.slice(1)) {
    await travel(session.editor, 'redo');
    expect(seen(session)).toEqual(state);
  }
});

it('a look at another version takes nothing away from what can be done again', async () => {
  const session = await opened(fakeEngine().engine);
  paint(session);
  await session.generate();
  session.show(null);
  stroke(session, { x: 50, y: 50 });
  const painted = seen(session);
  await travel(session.editor, 'undo');
  session.show(1);
  await travel(session.editor, 'redo');
  expect(seen(session)).toEqual({ ...painted, shownId: 1 });
  await travel(session.editor, 'undo', 2);
  expect(seen(session).shownId).toBeNull();
  // A stroke does.
  stroke(session, { x: 200, y: 50 });
  expect(steps(session).canRedo).toBe(false);
});

it('painting on a result is one step with going on from it, also while its picture is still being read', async () => {
  const session = await opened(fakeEngine().engine);
  paint(session);
  await session.generate();
  const result = seen(session);
  const before = session.editor.lastStep();
  stroke(session, { x: 50, y: 50 });
  const going = session.continueFrom(1, before);
  // The next stroke is made before the image has arrived.
  stroke(session, { x: 400, y: 50 });
  await going;
  const both = seen(session);
  expect(both).toMatchObject({ baseId: 1, shownId: null });
  await travel(session.editor, 'undo');
  expect(seen(session)).toMatchObject({ baseId: 1, shownId: null });
  await travel(session.editor, 'undo');
  expect(seen(session)).toEqual(result);
  await travel(session.editor, 'redo', 2);
  expect(seen(session)).toEqual(both);
  // Right after the stroke: undo waits for the image, and takes back both.
  await travel(session.editor, 'undo', 2);
  stroke(session, { x: 50, y: 50 });
  void session.continueFrom(1, before);
  await travel(session.editor, 'undo');
  expect(seen(session)).toEqual(result);
  // A stroke over what is already masked changes nothing: continuing from the result is a separate step.
  session.editor.fill();
  const full = seen(session);
  const filled = session.editor.lastStep();
  stroke(session, { x: 50, y: 50 });
  await session.continueFrom(1, filled);
  await travel(session.editor, 'undo');
  expect(seen(session)).toEqual(full);
});

it('a colour picked from a result is one step with going on from it', async () => {
  const session = await opened(fakeEngine().engine);
  const { editor } = session;
  paint(session);
  await session.generate();
  editor.clear();
  const result = seen(session);
  editor.setBeforePick(() => session.continueFrom(1));
  editor.setOptions({ tolerance: 0 });
  await selectColour(editor, { x: 300, y: 200 }, 'add');
  editor.setBeforePick(null);
  expect(seen(session)).toMatchObject({ baseId: 1, shownId: null });
  expect(steps(session).maskBounds.width).toBeGreaterThan(0);
  await travel(editor, 'undo');
  expect(seen(session)).toEqual(result);
});

it('a stroke in hand goes on while "Continue" reads its picture, and stays one step', async () => {
  const session = await opened(fakeEngine().engine);
  const { editor } = session;
  paint(session);
  await session.generate();
  const result = seen(session);
  const going = session.continueFrom(1);
  editor.stroke({ x: 40, y: 40 });
  await going;
  const continued = { ...seen(session), mask: result.mask };
  editor.stroke({ x: 90, y: 40 });
  editor.endStroke();
  await travel(editor, 'undo');
  expect(seen(session)).toEqual(continued);
  await travel(editor, 'undo');
  expect(seen(session)).toEqual(result);
});

it('undo while a run goes on: the run ends as a step, and what was undone can be done again', async () => {
  const { open, passed } = gate();
  const { engine, asked } = fakeEngine(() => passed);
  const session = await opened(engine);
  paint(session);
  stroke(session, { x: 50, y: 50 });
  const whole = seen(session);
  const run = session.generate();
  await eventually(() => expect(asked).toHaveLength(1));
  await travel(session.editor, 'undo');
  const before = seen(session);
  open();
  await run;
  expect(seen(session)).toEqual({ ...before, shownId: 1 });
  await travel(session.editor, 'undo');
  expect(seen(session)).toEqual(before);
  await travel(session.editor, 'redo', 2);
  expect(seen(session)).toEqual({ ...whole, shownId: 1 });
});

it('what was looked at steps back for the forming picture, and a cancelled run is no step', async () => {
  const { open, passed } = gate();
  let runs = 0;
  const { engine, asked } = fakeEngine(async () => {
    runs += 1;
    if (runs === 2) await passed;
  });
  const session = await opened(engine);
  paint(session);
  await session.generate();
  const before = seen(session);
  const run = session.generate();
  await eventually(() => expect(asked).toHaveLength(2));
  expect(session.versions.getState()).toMatchObject({ forming: true });
  session.cancel();
  open();
  await run;
  expect(session.versions.getState()).toMatchObject({ forming: false, items: { length: 2 } });
  expect(seen(session)).toEqual(before);
  await travel(session.editor, 'undo');
  expect(seen(session).shownId).toBeNull();
});

it('chosen during a run, a version stays; the result waits in the strip', async () => {
  const { open, passed } = gate();
  let runs = 0;
  const { engine, asked } = fakeEngine(async () => {
    runs += 1;
    if (runs === 3) await passed;
  });
  const session = await opened(engine);
  paint(session);
  await session.generate();
  await session.generate();
  const run = session.generate();
  await eventually(() => expect(asked).toHaveLength(3));
  session.show(1);
  open();
  await run;
  expect(session.versions.getState()).toMatchObject({ shownId: 1, items: { length: 4 } });
  await travel(session.editor, 'undo');
  expect(session.versions.getState()).toMatchObject({ shownId: 2 });
});

it('a picture with results and no stroke is returned to with its versions', async () => {
  const mask = new Blob(['mask'], { type: 'image/png' });
  const answers: Record<string, Response> = {
    '/samples/sample.json': Response.json({ image: 'a.jpg', mask: 'm.png', prompt: 'a mushroom' }),
    '/samples/a.jpg': new Response(png()),
    '/samples/m.png': new Response(mask),
  };
  vi.stubGlobal('fetch', async (url: URL) => answers[url.pathname] ?? Response.error());
  const session = await opened(fakeEngine().engine);
  expect(await session.openSample(new URL('http://here/samples/sample.json'))).toBe(true);
  expect(steps(session)).toMatchObject({ canUndo: false });
  await session.generate();
  const sample = seen(session);
  const { items } = session.versions.getState();
  await session.openFile(png(), 'other.png');
  expect(session.versions.getState()).toMatchObject({ items: { length: 1 }, shownId: null });
  await travel(session.editor, 'undo');
  expect(seen(session)).toEqual(sample);
  expect(session.versions.getState().items).toEqual(items);
  expect(vi.mocked(URL.revokeObjectURL).mock.calls.flat()).not.toContain(items[1]?.url);
  await travel(session.editor, 'redo');
  expect(seen(session).picture?.name).toBe('other.png');
});

it('put away, a picture is brought back by undo, also over another one', async () => {
  const session = await opened(fakeEngine().engine);
  paint(session);
  await session.generate();
  const before = seen(session);
  const { items } = session.versions.getState();
  session.close();
  expect(steps(session)).toMatchObject({ picture: null, canUndo: true, maskBounds: { width: 0 } });
  expect(session.versions.getState()).toMatchObject({ items: [], shownId: null });
  await travel(session.editor, 'undo');
  expect(seen(session)).toEqual(before);
  expect(session.versions.getState().items).toEqual(items);
  session.close();
  await session.openFile(png(), 'other.png');
  await travel(session.editor, 'undo');
  expect(seen(session)).toEqual(before);
});

it('a version that cannot be read is told, and nothing has changed', async () => {
  const session = await opened(fakeEngine().engine);
  const problems: string[] = [];
  session.editor.onProblem((problem) => problems.push(problem));
  paint(session);
  await session.generate();
  await session.continueFrom(1);
  const before = seen(session);
  const reading = vi.spyOn(imaging, 'open').mockRejectedValueOnce(new Error('memory is full'));
  await travel(session.editor, 'undo');
  expect(problems).toEqual(['memory is full']);
  expect(seen(session)).toEqual(before);
  reading.mockRestore();
  await travel(session.editor, 'undo');
  expect(seen(session)).toMatchObject({ baseId: 0, shownId: 1 });
});
