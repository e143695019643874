/** Random sequences of strokes, runs, versions and canvases: undo leads back through each, redo to its end. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fakeEngine, HEIGHT, opened, travel, WIDTH } from '../../../test/support/session';
import { png, seen, steps, stroke } from '../../../test/support/walks';
import type { Session } from './session';

beforeEach(() => {
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** As many canvases as undo returns to. */
const CANVASES = 4;
const point = fc.record({ x: fc.nat(WIDTH - 40), y: fc.nat(HEIGHT - 20) });
type Operation = (session: Session) => unknown;
const pick = (session: Session, share: number) => {
  const { items } = session.versions.getState();
  return items[Math.floor(share * items.length)]?.id ?? 0;
};
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const named = (name: string, operation: Operation) => Object.assign(operation, { toString: () => name });
const small: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: point.map((at) => named('stroke', (session) => stroke(session, at))) },
  point.map((at) => named('erase', (session) => stroke(session, at, true))),
  fc.constant(named('invert', ({ editor }) => editor.invert())),
  fc.constant(named('clear', ({ editor }) => editor.clear())),
  point.map(({ x, y }) =>
    named('frame', ({ editor }) => {
      editor.moveFrame({
        x: Math.min(x, WIDTH - 256),
        y: Math.min(y, HEIGHT - 256),
        width: 256,
        height: 256,
      });
      editor.endFrame();
    }),
  ),
  { weight: 3, arbitrary: share.map((at) => named('show', (session) => session.show(pick(session, at)))) },
  fc.constant(named('close version', (session) => session.show(null))),
);
/** At most one of them makes another canvas. */
const large: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constant(
      named('run', async (session) => {
        session.editor.moveFrame(null);
        session.editor.endFrame();
        await session.generate();
      }),
    ),
  },
  fc.constant(named('remove', (session) => session.remove())),
  fc.constant(named('again', (session) => session.again())),
  fc.constant(named('more around', (session) => session.moreAround())),
  share.map((at) => named('accept', (session) => session.accept(pick(session, at)))),
  share.map((at) =>
    named('paint anew', async (session) => {
      const id = pick(session, at);
      if (session.versions.getState().shownId !== null) session.show(id);
      const before = session.editor.lastStep();
      session.editor.setOptions({ startsAnew: true });
      stroke(session, { x: 40, y: 30 });
      session.editor.setOptions({ startsAnew: false });
      await session.continueFrom(id, before);
    }),
  ),
  share.map((at) => named('continue', (session) => session.continueFrom(pick(session, at)))),
  share.map((at) =>
    named('paint on', async (session) => {
      const id = pick(session, at);
      if (session.versions.getState().shownId !== null) session.show(id);
      const before = session.editor.lastStep();
      stroke(session, { x: 20, y: 20 });
      await session.continueFrom(id, before);
    }),
  ),
  fc
    .record({ right: fc.nat(20), left: fc.nat(20) })
    .map(({ right, left }) =>
      named('extend', (session) => session.extend({ top: 0, right: right + 1, bottom: 0, left })),
    ),
  fc.constant(named('another picture', (session) => session.openFile(png(), 'other.png'))),
);
const walk = fc.array(
  fc.record({
    operations: fc.tuple(small, small, large).map((all) => all.filter(Boolean)),
    back: fc.nat(6),
  }),
  { minLength: 1, maxLength: CANVASES },
);

it('any walk: undo leads back through it and redo to its end; back and forth in between changes nothing', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(walk, async (parts) => {
      const session = await opened(fakeEngine().engine);
      const { editor } = session;
      const states = [seen(session)];
      for (const { operations, back } of parts) {
        for (const operation of operations) {
          await operation(session);
          await editor.settled();
          states.push(seen(session));
        }
        const here = seen(session);
        let gone = 0;
        for (; gone < back && steps(session).canUndo; gone++) await travel(editor, 'undo');
        await travel(editor, 'redo', gone);
        expect(seen(session)).toEqual(here);
        expect(steps(session).canRedo).toBe(false);
      }
      const end = seen(session);
      const strip = session.versions.getState().items;
      let count = 0;
      const passed = [end];
      while (steps(session).canUndo) {
        await travel(editor, 'undo');
        count += 1;
        expect(count).toBeLessThan(100);
        passed.push(seen(session));
      }
      // Each recorded state is on the way back, in order; images that nothing was done to are skipped.
      const keys = passed.map((state) => JSON.stringify(state));
      let at = 0;
      for (const state of states.toReversed()) {
        const found = keys.indexOf(JSON.stringify(state), at);
        if (found >= 0) at = found;
        else expect(state).toMatchObject({ baseId: 0, shownId: null, frame: null, maskBounds: { width: 0 } });
      }
      await travel(editor, 'redo', count);
      expect(seen(session)).toEqual(end);
      expect(session.versions.getState().items).toEqual(strip);
      expect(steps(session).canRedo).toBe(false);
    }),
    { numRuns: 20 },
  );
});
