/** 100 random operations of every kind, including runs and other canvas sizes, and the way back through all of them. */

import { afterEach, expect, it } from 'vitest';
import { selectColour } from '../../../test/support/openedEditor';
import { answer, fakeEngine, opened, paint, travel } from '../../../test/support/session';
import type { Editor } from '../../editor/store';
import type { Point } from '../../image/geometry';
import { createMask } from '../../image/raster';

const OPERATIONS = 100;
/** As many sizes as undo crosses (MAX_EARLIER in editor/store.ts, the present one counted). */
const EXTENSIONS = 3;
const RUNS = 3;

/** The numerical recipes' generator: the same operations each time. @returns whole numbers below `below` */
function generator(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

afterEach(() => {
  answer.alpha = 255;
});

function maskOf(editor: Editor): Buffer {
  return Buffer.from(editor.document?.mask.data ?? []);
}

it('100 random operations, then undo to the first mask and redo to the last, byte for byte', async () => {
  // For the mask from transparency.
  answer.alpha = 200;
  const session = await opened(fakeEngine().engine);
  const { editor } = session;
  paint(session);
  const first = maskOf(editor);
  const random = generator(11);
  const size = () => editor.store.getState().picture ?? { width: 0, height: 0 };
  const point = (): Point => ({ x: random(size().width), y: random(size().height) });
  const mode = () => (['add', 'subtract', 'replace'] as const)[random(3)] ?? 'add';
  const stroke = (erase: boolean) => {
    editor.setOptions({ brushSize: 20 + random(120), hardness: random(11) / 10 });
    for (let i = 0; i < 3; i++) editor.stroke(point(), { erase });
    editor.endStroke();
  };
  let extended = 0;
  let ran = 0;
  const operations: Record<string, () => unknown> = {
    brush: () => stroke(false),
    eraser: () => stroke(true),
    lasso: () => editor.fillShape({ kind: 'outline', points: [point(), point(), point(), point()] }, mode()),
    rectangle: () => editor.fillShape({ kind: 'rectangle', from: point(), to: point() }, mode()),
    ellipse: () => editor.fillShape({ kind: 'ellipse', from: point(), to: point() }, mode()),
    wand: () => {
      editor.setOptions({ tolerance: random(120), contiguous: random(2) === 0 });
      return selectColour(editor, point(), mode());
    },
    invert: () => editor.invert(),
    fill: () => editor.fill(),
    clear: () => editor.clear(),
    grow: () => editor.edge('grow'),
    shrink: () => editor.edge('shrink'),
    feather: () => editor.edge('feather'),
    transparency: () => editor.fromTransparency(),
    import: () => {
      const mask = createMask(size());
      for (let i = 0; i < mask.data.length; i++) mask.data[i] = (i >> 7) % 3 === 0 ? random(256) : 0;
      return editor.replaceMask(mask);
    },
    extend: () => {
      if (extended === EXTENSIONS) return;
      extended += 1;
      return session.extend({ top: random(30), right: 1 + random(40), bottom: 0, left: random(30) });
    },
    run: async () => {
      if (ran === RUNS || editor.store.getState().maskBounds.width === 0) return;
      ran += 1;
      await session.generate();
      expect(session.run.getState()).toMatchObject({ runError: null, stageError: null });
      await session.continueFrom(session.versions.getState().items.at(-1)?.id ?? -1);
    },
  };
  const names = Object.keys(operations);
  const used = new Set<string>();
  const states = [{ document: editor.document, bytes: first }];
  for (let i = 0; i < OPERATIONS; i++) {
    const name = names[i < names.length ? i : random(names.length)] ?? 'invert';
    used.add(name);
    await operations[name]?.();
    const bytes = maskOf(editor);
    const before = states.at(-1);
    if (before?.document !== editor.document || !before?.bytes.equals(bytes))
      states.push({ document: editor.document, bytes });
  }
  expect([...used].sort()).toEqual([...names].sort());
  expect({ extended, ran }).toEqual({ extended: EXTENSIONS, ran: RUNS });
  // A change that changed nothing is not a step.
  expect(states.length).toBeGreaterThan(60);

  let steps = 0;
  for (const { document, bytes } of states.toReversed().slice(1)) {
    // A step may have changed the mask but not its bytes: the state is then the same before and after it.
    do {
      await travel(editor, 'undo');
      steps += 1;
    } while (
      steps < 2 * OPERATIONS &&
      editor.store.getState().canUndo &&
      !(editor.document === document && maskOf(editor).equals(bytes))
    );
  }
  expect(editor.document).toBe(states[0]?.document);
  expect(maskOf(editor).equals(first)).toBe(true);
  // A run and continuing from its result are two steps of one operation.
  expect(steps).toBeLessThanOrEqual(OPERATIONS + RUNS);
  expect(session.versions.getState().baseId).toBe(0);
  await travel(editor, 'redo', steps);
  expect(maskOf(editor).equals(states.at(-1)?.bytes ?? Buffer.alloc(0))).toBe(true);
  expect(editor.store.getState().canRedo).toBe(false);
});
