import { expect, it, vi } from 'vitest';
import { count, drag, openedEditor } from '../../../test/support/openedEditor';
import type { MaskPart, NamingRequest, SelectionRequest } from '../../contract/assist';

const square = (x: number, y: number, side: number): MaskPart => ({
  ...{ x, y, width: side, height: side },
  data: new Uint8Array(side * side).fill(255),
});

function setUp() {
  const page = openedEditor();
  const asked: SelectionRequest[] = [];
  const named: NamingRequest[] = [];
  const answers: (MaskPart | null | Error)[] = [];
  let unanswered = 0;
  page.editor.setObjectSource({
    async select(_image, request) {
      asked.push(request);
      unanswered++;
      await Promise.resolve().finally(() => unanswered--);
      const answer = answers.shift() ?? null;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    async find(_image, request) {
      named.push(request);
      return answers.shift() as MaskPart | null;
    },
    outline: async () => 'M0 0L9 9Z',
  });
  page.editor.setTool('selectObject');
  page.editor.setOptions({ objectGrow: 2 });
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  /** Until what was pressed is asked, answered and joined with the mask. */
  const idle = async () => {
    await turn();
    await vi.waitFor(() =>
      expect({ unanswered, working: page.state().working }).toEqual({ unanswered: 0, working: null }),
    );
    await page.editor.settled();
    await turn();
  };
  return { ...page, asked, named, answers, idle };
}

it('a press adds the thing there, as one step; the view, the point and the growth are asked for', async () => {
  const { editor, data, state, asked, answers, idle, ...page } = setUp();
  answers.push(square(10, 10, 20));
  drag({ ...page, editor, data, state }, [{ x: 15, y: 15 }]);
  // Presses are answered one after another.
  await Promise.resolve();
  expect(state().objectMarks).toEqual([{ x: 15, y: 15, include: true }]);
  await idle();
  expect(asked).toEqual([
    {
      points: [{ x: 15, y: 15, include: true }],
      box: undefined,
      view: expect.objectContaining({ width: expect.any(Number) }),
      refines: false,
      again: 0,
      grow: 2,
    },
  ]);
  expect(state()).toMatchObject({
    objectMarks: [],
    maskBounds: { x: 10, y: 10, width: 20, height: 20 },
  });
  editor.undo();
  expect(state()).toMatchObject({ canUndo: false, maskBounds: { width: 0 } });
});

it('joins as the wand does: add, subtract and replace', async () => {
  const page = setUp();
  const { editor, data, answers, idle } = page;
  answers.push(square(10, 10, 20), square(20, 10, 20), square(10, 10, 5), square(50, 50, 4));
  drag(page, [{ x: 15, y: 15 }]);
  await idle();
  drag(page, [{ x: 35, y: 15 }]);
  await idle();
  expect(count(data())).toBe(600);
  editor.setOptions({ mode: 'subtract' });
  drag(page, [{ x: 12, y: 12 }]);
  await idle();
  expect(count(data())).toBe(575);
  editor.setOptions({ mode: 'replace' });
  drag(page, [{ x: 52, y: 52 }]);
  await idle();
  expect(count(data())).toBe(16);
});

it('a press on the same place takes the next thing there, within the same step; one elsewhere begins anew', async () => {
  const page = setUp();
  const { editor, data, state, asked, answers, idle } = page;
  answers.push(square(10, 10, 20), square(10, 10, 40), square(10, 10, 5), square(50, 50, 4), square(0, 0, 9));
  for (const at of [
    { x: 15, y: 15 },
    { x: 18, y: 13 },
    { x: 15, y: 15 },
  ]) {
    drag(page, [at]);
    await idle();
  }
  const points = [{ x: 15, y: 15, include: true }];
  expect(asked.slice(0, 3)).toMatchObject([
    { points, again: 0, refines: false },
    { points, again: 1, refines: true },
    { points, again: 2, refines: true },
  ]);
  expect(count(data())).toBe(25);
  editor.undo();
  expect(state()).toMatchObject({ canUndo: false, maskBounds: { width: 0 } });

  // After undoing, the place is a new one; so it is with another way of joining, another growth, or closer up.
  drag(page, [{ x: 15, y: 15 }]);
  await idle();
  editor.setOptions({ mode: 'subtract' });
  drag(page, [{ x: 15, y: 15 }]);
  await idle();
  editor.setOptions({ objectGrow: 5 });
  answers.push(square(10, 10, 5), square(10, 10, 5));
  drag(page, [{ x: 15, y: 15 }]);
  await idle();
  editor.zoomTo(2, { x: 15, y: 15 });
  drag(page, [{ x: 15, y: 15 }]);
  await idle();
  expect(asked.slice(3)).toMatchObject(Array(4).fill({ again: 0, refines: false }));
});

it('Alt, or the second mode, corrects the thing before within the same step', async () => {
  const page = setUp();
  const { editor, data, state, asked, answers, idle } = page;
  answers.push(square(10, 10, 20), square(10, 10, 10));
  drag(page, [{ x: 15, y: 15 }]);
  await idle();
  drag(page, [{ x: 28, y: 28 }], { alt: true });
  await idle();
  expect(asked[1]).toMatchObject({
    points: [
      { x: 15, y: 15, include: true },
      { x: 28, y: 28, include: false },
    ],
    refines: true,
  });
  expect(count(data())).toBe(100);
  editor.undo();
  expect(state()).toMatchObject({ canUndo: false, maskBounds: { width: 0 } });
  // Nothing to correct: what is pressed leaves the mask.
  editor.fill();
  editor.setOptions({ pressing: 'exclude' });
  answers.push(square(0, 0, 10));
  const before = count(data());
  drag(page, [{ x: 5, y: 5 }]);
  await idle();
  expect(asked[2]).toMatchObject({ points: [{ x: 5, y: 5, include: true }], refines: false });
  expect(before - count(data())).toBe(100);
});

it('a drag is a box, within the image; a tremble is a press, and outside there is nothing', async () => {
  const page = setUp();
  const { state, asked, answers, idle } = page;
  answers.push(square(10, 10, 20), square(10, 10, 20));
  drag(page, [
    { x: -10, y: 10 },
    { x: 20, y: 20 },
    { x: 40, y: 50 },
  ]);
  await idle();
  expect(asked[0]).toMatchObject({ points: [], box: { x: 0, y: 10, width: 40, height: 40 } });
  expect(state().draft).toBeNull();
  drag(page, [
    { x: 20, y: 20 },
    { x: 22, y: 21 },
  ]);
  await idle();
  expect(asked[1]).toMatchObject({ points: [{ x: 20, y: 20, include: true }], box: undefined });
  drag(page, [{ x: -5, y: 5 }]);
  await idle();
  expect(asked).toHaveLength(2);
});

it('what was cancelled is not told, what failed is; neither leaves a step, and the next press works', async () => {
  const page = setUp();
  const { editor, state, answers, idle } = page;
  const problems: string[] = [];
  editor.onProblem((problem) => problems.push(problem));
  answers.push(
    Object.assign(new Error('cancelled'), { name: 'AbortError' }),
    new Error('no answer'),
    null,
    square(1, 1, 3),
  );
  for (let press = 0; press < 3; press++) {
    drag(page, [{ x: 15, y: 15 }]);
    await idle();
    expect(state()).toMatchObject({ canUndo: false, objectMarks: [] });
  }
  expect(problems).toEqual(['no answer']);
  drag(page, [{ x: 2, y: 2 }]);
  await idle();
  expect(state().canUndo).toBe(true);
});

it('hints at what a press would take once the pointer rests, and forgets it when it moves on', async () => {
  vi.useFakeTimers();
  try {
    const { editor, state } = setUp();
    editor.gesture.move({ x: 10, y: 10 });
    await vi.advanceTimersByTimeAsync(60);
    editor.gesture.move({ x: 12, y: 10 });
    await vi.advanceTimersByTimeAsync(60);
    expect(state().objectHint).toBe('');
    await vi.advanceTimersByTimeAsync(100);
    expect(state().objectHint).toBe('M0 0L9 9Z');
    editor.gesture.move({ x: 14, y: 10 });
    expect(state().objectHint).toBe('');
    editor.gesture.move({ x: -4, y: 10 });
    await vi.advanceTimersByTimeAsync(500);
    expect(state().objectHint).toBe('');
  } finally {
    vi.useRealTimers();
  }
});

it('what has a name joins the mask as one step, and a name that nothing has changes nothing', async () => {
  const { editor, state, named, answers } = setUp();
  answers.push(square(10, 10, 20), null, square(10, 10, 4));
  expect(await editor.gesture.hand.objects.selectNamed('dog', { mode: 'add', grow: 2 })).toBe(true);
  expect(named).toEqual([{ text: 'dog', grow: 2 }]);
  expect(state().maskBounds).toEqual({ x: 10, y: 10, width: 20, height: 20 });
  expect(await editor.gesture.hand.objects.selectNamed('unicorn', { mode: 'add', grow: 2 })).toBe(false);
  expect(await editor.gesture.hand.objects.selectNamed('nose', { mode: 'replace', grow: 0 })).toBe(true);
  expect(state().maskBounds).toEqual({ x: 10, y: 10, width: 4, height: 4 });
  editor.undo();
  expect(state().maskBounds).toEqual({ x: 10, y: 10, width: 20, height: 20 });
  editor.undo();
  expect(state().canUndo).toBe(false);
});
