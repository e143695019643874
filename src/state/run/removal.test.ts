/** "Remove" and what follows it at the spot, around a fake engine. */
import { beforeEach, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually';
import { answer, fakeEngine, masks, opened, paint, sent, travel } from '../../../test/support/session';
import { seen, stroke } from '../../../test/support/walks';
import { InputError } from '../../contract/errors';
import { fillDetails } from '../../contract/fill';
import { FILL } from '../../contract/schema';
import { createHosted, type Hosted } from '../hosted/hosted';
import { alternativesOf, pendingResult } from '../pictures/versions';
import { initialSettings } from '../settings/settings';
import { growthFor, MOST_UNASKED_PIXELS, removalSettings, taskOfResult, variesFromSeed } from './removal';

type PageSession = Awaited<ReturnType<typeof opened>>;

beforeEach(() => {
  masks.length = 0;
  sent.length = 0;
});

const maskOf = (session: PageSession) => session.editor.document?.mask.data.slice() ?? new Uint8Array();
/** Vitest's own comparison of large arrays takes seconds. */
const same = (a: Uint8Array | undefined, b: Uint8Array | undefined) =>
  a !== undefined && b !== undefined && Buffer.from(a).equals(Buffer.from(b));
const white = (mask: Uint8Array) => mask.reduce((count, value) => count + (value === 255 ? 1 : 0), 0);

async function removed(engine = fakeEngine().engine): Promise<PageSession> {
  const session = await opened(engine);
  paint(session);
  await session.remove();
  return session;
}

it('runs the embedded fill with an empty prompt, whatever is chosen for prompts', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  paint(session);
  session.change({
    ...{ model_name: 'owner/model', prompt: 'a cat', negative_prompt: 'blurry', seed: '5' },
    // Wrong, and no concern of a removal.
    ...{ num_inference_steps: '400', strength: '7' },
  });
  await session.remove();
  expect(session.run.getState()).toMatchObject({ fieldErrors: {}, runError: null, lastSeed: 5 });
  expect(asked[0]?.request).toMatchObject({ model_name: FILL, prompt: '', negative_prompt: '', seed: 5 });
  const [, result] = session.versions.getState().items;
  expect(result).toMatchObject({ prompt: '', modelName: FILL, parentId: 0, batch: 1 });
  // What was typed stays.
  expect(session.settings.getState()).toMatchObject({ model_name: 'owner/model', prompt: 'a cat' });
});

it('says what is wrong with a field that a removal does read', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  paint(session);
  session.change({ seed: '-1' });
  await session.remove();
  expect(session.run.getState().fieldErrors.seed).toContain('Seed');
  expect(asked).toEqual([]);
});

it('without a mask it asks for one, and a run at work is not disturbed', async () => {
  const { engine, asked } = fakeEngine(
    ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  const session = await opened(engine);
  await session.remove();
  expect(session.run.getState().stageError).toContain('Paint over');
  paint(session);
  const running = session.generate();
  await eventually(() => expect(asked).toHaveLength(1));
  await session.remove();
  await session.again();
  expect(session.run.getState()).toMatchObject({ running: true, task: 'inpaint' });
  session.cancel();
  await running;
  expect(asked).toHaveLength(1);
  expect(session.run.getState().task).toBeNull();
});

it('stays on this device while the hosted switch is on', async () => {
  const environment = {
    ...{ storage: undefined, proxyUrl: 'api/fal', isOnline: () => true, onConnection: () => {} },
    fetch: async () => new Response('{}', { status: 404 }),
  };
  const remote = fakeEngine();
  const hosted: Hosted = createHosted(environment, () => remote.engine);
  const local = fakeEngine();
  const session = await opened(local.engine, hosted);
  hosted.setOn(true);
  hosted.setKey('a key of twenty letters', false);
  paint(session);
  session.change({ model_name: 'owner/model', prompt: 'a cat' });
  await session.remove();
  await session.generate();
  expect(local.asked.map(({ request }) => request.model_name)).toEqual([FILL]);
  expect(remote.asked.map(({ request }) => request.model_name)).toEqual(['owner/model']);
});

it('a cancelled or failed removal leaves image, mask and versions as they were', async () => {
  let outcome: 'cancel' | 'fail' = 'cancel';
  const { engine } = fakeEngine(async ({ signal }) => {
    if (outcome === 'fail') throw new InputError('mask_url', 'mask_url: everything is masked');
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  const session = await opened(engine);
  paint(session);
  const before = seen(session);
  const running = session.remove();
  await eventually(() => expect(session.run.getState().task).toBe('remove'));
  session.cancel();
  await running;
  expect(seen(session)).toEqual(before);
  expect(session.run.getState()).toMatchObject({ running: false, stageError: null, runError: null });
  outcome = 'fail';
  await session.remove();
  expect(seen(session)).toEqual(before);
  expect(session.run.getState().stageError).toBe('Everything is masked.');
});

it('again: another seed from the same image and mask, one each press', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  paint(session);
  session.change({ seed: '5', variations: '2' });
  await session.remove();
  const mask = maskOf(session);
  await session.again();
  expect(asked.map(({ request }) => [request.model_name, request.seed])).toEqual([
    [FILL, 5],
    [FILL, 6],
    [FILL, undefined],
  ]);
  expect(same(maskOf(session), mask)).toBe(true);
  expect(same(masks[1]?.data, masks[0]?.data)).toBe(true);
  expect(Buffer.from(sent[1]?.data ?? []).equals(Buffer.from(sent[0]?.data ?? []))).toBe(true);
  const versions = session.versions.getState();
  expect(versions).toMatchObject({ baseId: 0, shownId: 3 });
  const pending = pendingResult(versions);
  expect(pending?.id).toBe(3);
  expect(pending && alternativesOf(versions, pending).map(({ id }) => id)).toEqual([1, 2, 3]);
});

it('again after "Generate" generates, with the settings of now', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  paint(session);
  session.change({ prompt: 'a cat', seed: '5' });
  await session.generate();
  session.change({ prompt: 'a red cat' });
  await session.again();
  expect(asked.map(({ request }) => [request.prompt, request.seed])).toEqual([
    ['a cat', 5],
    ['a red cat', undefined],
  ]);
});

it('a little more around: a larger mask, the same image; cancelled, the mask is as before', async () => {
  let hangs = false;
  const { engine } = fakeEngine(async ({ signal }) => {
    if (hangs)
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  const session = await removed(engine);
  const small = maskOf(session);
  await session.moreAround();
  const large = maskOf(session);
  expect(white(large)).toBeGreaterThan(white(small));
  small.forEach((value, i) => {
    if (value === 255 && large[i] !== 255) throw new Error('a grown mask holds the one before');
  });
  expect(session.versions.getState()).toMatchObject({ baseId: 0, shownId: 2 });
  hangs = true;
  const running = session.moreAround();
  await eventually(() => expect(session.run.getState().running).toBe(true));
  session.cancel();
  await running;
  await session.editor.settled();
  expect(same(maskOf(session), large)).toBe(true);
  expect(session.versions.getState()).toMatchObject({ baseId: 0, shownId: 2 });
  // The mask that nothing came of is not what "Redo" leads to.
  expect(session.editor.store.getState().canRedo).toBe(false);
  // Back to the first result, then to its mask.
  await travel(session.editor, 'undo');
  expect(session.versions.getState().shownId).toBe(1);
  await travel(session.editor, 'undo');
  expect(same(maskOf(session), small)).toBe(true);
});

it('a mask grows by a few pixels, more for a large thing', () => {
  expect(growthFor({ width: 20, height: 20 })).toBe(3);
  expect(growthFor({ width: 240, height: 240 })).toBe(10);
});

it('accepting puts the result on the canvas and clears the mask, in one step of undo', async () => {
  const session = await removed();
  const before = seen(session);
  await session.accept(1);
  expect(session.versions.getState()).toMatchObject({ baseId: 1, shownId: null });
  expect(session.editor.store.getState().maskBounds.width).toBe(0);
  expect(pendingResult(session.versions.getState())).toBeUndefined();
  await travel(session.editor, 'undo');
  expect(seen(session)).toEqual(before);
  await travel(session.editor, 'redo');
  expect(session.versions.getState()).toMatchObject({ baseId: 1, shownId: null });
  expect(session.editor.store.getState().maskBounds.width).toBe(0);
});

it('accepts a result whose mask is gone already', async () => {
  const session = await removed();
  session.editor.clear();
  await session.accept(1);
  expect(session.versions.getState()).toMatchObject({ baseId: 1, shownId: null });
});

it('a stroke on a removal is a mask of its own: the next one keeps what the first has made', async () => {
  const session = await removed();
  const first = maskOf(session);
  session.editor.setOptions({ startsAnew: true });
  const before = session.editor.lastStep();
  // Over the edge of what was removed.
  stroke(session, { x: 320, y: 200 });
  const alone = maskOf(session);
  expect(white(alone)).toBeLessThan(white(first));
  await session.continueFrom(1, before);
  session.editor.setOptions({ startsAnew: false });
  await session.remove();
  expect(session.versions.getState()).toMatchObject({ baseId: 1, shownId: 2 });
  const bytes = async (id: number) => {
    const file = session.versions.getState().items[id]?.file;
    return new Uint8Array((await file?.arrayBuffer()) ?? []);
  };
  const [one, two] = [await bytes(1), await bytes(2)];
  alone.forEach((value, i) => {
    if (value === 0 && one[i * 4] !== two[i * 4]) throw new Error('changed outside the stroke');
  });
  // One undo for the result, one for the stroke with the change of base: the first result over its own mask again.
  await travel(session.editor, 'undo', 2);
  expect(same(maskOf(session), first)).toBe(true);
  expect(session.versions.getState()).toMatchObject({ baseId: 0, shownId: 1 });
});

it('a second finger takes back a stroke that starts anew, with the mask that it replaced', async () => {
  const session = await removed();
  const first = maskOf(session);
  session.editor.setOptions({ startsAnew: true });
  session.editor.stroke({ x: 100, y: 100 });
  expect(white(maskOf(session))).toBeLessThan(white(first));
  session.editor.abandonStroke();
  expect(same(maskOf(session), first)).toBe(true);
  // The eraser goes on from what is there; a shape that is added does not.
  stroke(session, { x: 300, y: 200 }, true);
  expect(white(maskOf(session))).toBeGreaterThan(0);
  const shape = { kind: 'rectangle', from: { x: 10, y: 10 }, to: { x: 20, y: 20 } } as const;
  session.editor.fillShape(shape, 'add');
  expect(white(maskOf(session))).toBe(100);
});

it('an outpainted canvas is filled by a removal: the new band is its mask', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  await session.extend({ left: 0, top: 0, right: 40, bottom: 0 });
  await session.remove();
  expect(asked[0]?.request.model_name).toBe(FILL);
  const { items, shownId } = session.versions.getState();
  expect(items.find(({ id }) => id === shownId)).toMatchObject({ width: 640, height: 400, modelName: FILL });
});

it('drawing out the canvas fills what is new, and generating there begins from what is shown', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  session.change({
    model_name: 'owner/model',
    prompt: 'a boat',
    seed: '5',
    variations: '3',
    strength: '0.7',
  });
  await session.outpaint({ left: 0, top: 0, right: 40, bottom: 0 });
  expect(asked.map(({ request }) => [request.model_name, request.seed])).toEqual([[FILL, undefined]]);
  // The result waits as one of "Remove": the border's colours are on the canvas, and the new part is masked.
  expect(session.versions.getState()).toMatchObject({ baseId: 1, shownId: 2 });
  const mask = maskOf(session);
  expect(white(mask)).toBe((40 + 16) * 400);
  await session.generate();
  expect(session.versions.getState().baseId).toBe(2);
  expect(same(maskOf(session), mask)).toBe(true);
  expect(asked[1]?.request).toMatchObject({ model_name: 'owner/model', prompt: 'a boat' });
  // The engine's answers are of one grey: it is beneath the mask now, up to the border.
  const { data, width } = sent[1] ?? { data: [], width: 1 };
  expect(data[(10 * width + width - 1) * 4]).toBe(answer.grey);
  // Each of these is a step: the second result, what lies beneath, the first result.
  await travel(session.editor, 'undo', 2);
  expect(session.versions.getState()).toMatchObject({ baseId: 1, shownId: 2 });
});

it('what was masked before the canvas was drawn out stays masked, and as it is', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  paint(session);
  const before = maskOf(session);
  await session.outpaint({ left: 0, top: 0, right: 40, bottom: 0 });
  expect(asked).toHaveLength(1);
  // Filled beneath the mask, at once: the bar's presses would be about both.
  expect(session.versions.getState()).toMatchObject({ baseId: 2, shownId: null });
  expect(white(maskOf(session))).toBe(white(before) + (40 + 16) * 400);
  expect(white(masks[0]?.data ?? new Uint8Array())).toBe((40 + 16) * 400);
  await travel(session.editor, 'undo');
  expect(session.versions.getState()).toMatchObject({ baseId: 1, shownId: null });
  await travel(session.editor, 'redo');
  expect(session.versions.getState()).toMatchObject({ baseId: 2, shownId: null });
  await session.remove();
  expect(white(masks[1]?.data ?? new Uint8Array())).toBe(white(maskOf(session)));
});

it('a cancelled filling leaves the canvas extended; a very large one waits to be asked for', async () => {
  const hanging = fakeEngine(
    ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  const session = await opened(hanging.engine);
  const extending = session.outpaint({ left: 0, top: 0, right: 40, bottom: 0 });
  await eventually(() => expect(session.run.getState().task).toBe('remove'));
  session.cancel();
  await extending;
  expect(session.versions.getState()).toMatchObject({ baseId: 1, shownId: null });
  expect(session.editor.document?.picture.width).toBe(640);
  expect(session.run.getState()).toMatchObject({ running: false, runError: null });
  expect(400 * 7540).toBeGreaterThan(MOST_UNASKED_PIXELS);
  await session.outpaint({ left: 7540, top: 0, right: 0, bottom: 0 });
  expect(session.editor.document?.picture.width).toBe(640 + 7540);
  expect(hanging.asked).toHaveLength(1);
});

it('a removal takes of the settings only what says something about the area', () => {
  const typed = { ...initialSettings, crop_padding: '32', feather: '9', strength: '0.3', prompt: 'x' };
  expect(removalSettings(typed)).toEqual({
    ...initialSettings,
    model_name: FILL,
    prompt: '',
    crop_padding: '32',
  });
});

it('a model that gives the same result every time is not asked for others', async () => {
  const { engine, asked } = fakeEngine();
  const session = await opened(engine);
  paint(session);
  session.change({ model_name: 'Carve/LaMa-ONNX', variations: '3' });
  await session.remove();
  await session.again();
  expect(asked.map(({ request }) => request.model_name)).toEqual(['Carve/LaMa-ONNX']);
  // A larger mask gives another one.
  await session.moreAround();
  expect(asked).toHaveLength(2);
  expect(variesFromSeed('owner/eraser')).toBe(true);
  const details = { ...fillDetails, name: 'owner/eraser', family: 'lama' } as const;
  expect(variesFromSeed('owner/eraser', { 'owner/eraser': { state: 'found', details } })).toBe(false);
});

it('a chosen model that removes runs in the fill’s place, once its configuration says so', () => {
  const details = { ...fillDetails, name: 'owner/eraser', family: 'fill' } as const;
  const lookups = { 'owner/eraser': { state: 'found', details } } as const;
  const typed = { ...initialSettings, model_name: 'owner/eraser' };
  expect(removalSettings(typed, lookups).model_name).toBe('owner/eraser');
  expect(removalSettings(typed).model_name).toBe(FILL);
  expect(taskOfResult({ modelName: 'owner/eraser' }, lookups)).toBe('remove');
  expect(taskOfResult({ modelName: null }, lookups)).toBe('inpaint');
});
