import { expect, it } from 'vitest';
import { memorySurface } from '../../../test/support/memorySurface';
import { count, drag, HEIGHT, openedEditor, same, WIDTH } from '../../../test/support/openedEditor';
import { featherMask, growMask, shrinkMask } from '../../image/edges';
import { maskBounds } from '../../image/mask/mask';
import { createMask, createPixels } from '../../image/raster';
import { fillShape } from '../kernels/shape';
import { createEditor, type ToolId } from '../store';
import { directWork } from '../workers/maskOperations';

it('edges: the whole mask as the kernels grow, shrink and feather it', async () => {
  const page = openedEditor();
  const { editor, data } = page;
  editor.setTool('ellipse');
  const shape = { kind: 'ellipse', from: { x: 5, y: 5 }, to: { x: 90, y: 80 } } as const;
  drag(page, [shape.from, shape.to]);
  let mask = createMask({ width: WIDTH, height: HEIGHT });
  fillShape(mask, shape, 255);
  editor.setOptions({ edgeRadius: 9 });
  for (const [edge, kernel] of [
    ['grow', growMask],
    ['feather', featherMask],
    ['shrink', shrinkMask],
    ['feather', featherMask],
  ] as const) {
    await editor.edge(edge);
    mask = kernel(mask, 9);
    expect(same(data(), mask.data)).toBe(true);
  }
  editor.clear();
  await editor.edge('grow');
  expect(count(data())).toBe(0);
});

it('transparency and other masks replace what was painted, as a step', async () => {
  const page = openedEditor();
  const { editor, state, data } = page;
  drag(page, [{ x: 20, y: 20 }]);
  const painted = data().slice();
  await editor.fromTransparency();
  expect(state().maskBounds).toEqual({ x: 190, y: 0, width: 10, height: HEIGHT });
  const other = createMask({ width: WIDTH, height: HEIGHT });
  other.data.fill(120, 500, 900);
  await editor.replaceMask({ ...other, data: other.data.slice() });
  expect(same(data(), other.data)).toBe(true);
  editor.undo();
  editor.undo();
  expect(same(data(), painted)).toBe(true);
  await expect(editor.replaceMask(createMask({ width: 3, height: 3 }))).rejects.toThrow('3 × 3');
  expect(same(data(), painted)).toBe(true);
  expect(state().working).toBeNull();
});

it('what cannot be computed is told, and changes nothing', async () => {
  const editor = createEditor({
    ...directWork,
    edge: async () => {
      throw new Error('Out of memory.');
    },
  });
  const problems: string[] = [];
  const stop = editor.onProblem((problem) => problems.push(problem));
  const opaque = createPixels({ width: 30, height: 30 });
  opaque.data.fill(255);
  editor.open(memorySurface(opaque), 'a.png');
  editor.stroke({ x: 15, y: 15 });
  editor.endStroke();
  const before = editor.document?.mask.data.slice() ?? new Uint8Array();
  await editor.edge('grow');
  await editor.fromTransparency();
  expect(problems).toEqual(['Out of memory.', expect.stringContaining('no transparent parts')]);
  expect(same(editor.document?.mask.data ?? new Uint8Array(), before)).toBe(true);
  expect(editor.store.getState().working).toBeNull();
  stop();
  await editor.edge('grow');
  expect(problems).toHaveLength(2);
});

it('100 random operations, then 100 undos give the first mask back, and 100 redos the last', async () => {
  const page = openedEditor();
  const { editor, state, data } = page;
  let seed = 17;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const point = () => ({ x: random(WIDTH + 20) - 10, y: random(HEIGHT + 20) - 10 });
  const tools: ToolId[] = ['brush', 'eraser', 'lasso', 'rectangle', 'ellipse', 'polygon', 'wand'];
  const states = [data().slice()];
  const used = new Set<string>();
  for (let tries = 0; states.length <= 100 && tries < 1000; tries++) {
    const before = data().slice();
    const tool = tools[random(tools.length)] ?? 'brush';
    const act = random(12);
    if (act < 7) {
      editor.setTool(tool);
      editor.setOptions({
        brushSize: 4 + random(40),
        hardness: random(2) ? 1 : random(10) / 10,
        mode: (['add', 'subtract', 'replace'] as const)[random(3)] ?? 'add',
        tolerance: random(200),
        contiguous: random(2) === 0,
      });
      if (tool === 'polygon') {
        for (let i = 0; i < 4; i++) drag(page, [point()]);
        editor.gesture.finish();
        editor.setDraft(null);
      } else drag(page, [point(), point(), point()], { pressure: random(10) / 10 });
      await editor.settled();
      used.add(tool);
    } else {
      const edge = (['grow', 'shrink', 'feather'] as const)[act - 7];
      editor.setOptions({ edgeRadius: 1 + random(6) });
      if (edge) await editor.edge(edge);
      else if (act === 10) editor.invert();
      else if (random(3) === 0) await editor.fromTransparency();
      else if (random(2) === 0) editor.clear();
      else editor.fill();
      used.add(edge ?? String(act));
    }
    const changed = !same(before, data());
    if (changed) states.push(data().slice());
    const { maskBounds: shown } = state();
    expect(shown).toEqual(maskBounds({ width: WIDTH, height: HEIGHT, data: Uint8Array.from(data()) }));
  }
  expect(states).toHaveLength(101);
  expect(used.size).toBe(12);
  for (let i = 99; i >= 0; i--) {
    editor.undo();
    expect(same(data(), states[i] ?? new Uint8Array())).toBe(true);
  }
  expect(state().canUndo).toBe(false);
  for (let i = 0; i < 100; i++) editor.redo();
  expect(state().canRedo).toBe(false);
  expect(same(data(), states[100] ?? new Uint8Array())).toBe(true);
});
