/** Actions that change the mask; each is one step of the history. */

import type { StoreApi } from 'zustand/vanilla';
import { messageOf } from '../../contract/errors';
import { cropMask, MAX_EDGE_RADIUS } from '../../image/edges';
import { isEmptyRect, type Point, type Rect, rectOfSize } from '../../image/geometry';
import { combineMasks, type Mode } from '../../image/mask/mask';
import { type Shape, shapeRuns } from '../kernels/shape';
import { paintSegment, segmentBounds } from '../kernels/stroke';
import type { EditorState } from '../state';
import { edgeArea, type MaskWork, type Patch } from '../workers/maskOperations';
import { createTurns } from './commandQueue';
import { closePictures, type EditorDocument } from './document';
import type { MaskHistory } from './history';
import type { MaskActions } from './maskActionTypes';
import { finish, finishInSlices, type SlicedWork } from './slicedWork';

/** Even without pressure, a pen paints at this share of the brush's size. */
const LEAST_PRESSURE = 0.1;
/** Tiles that are settled after each segment, so that little is left to do at the end of a long stroke. */
const TIDY_TILES = 64;
/** Rows of a patch that are joined with the mask at a time. */
const BAND_ROWS = 64;
/** Work up to this cost (see `SlicedWork`) is done at once, in about 5 ms; the rest follows in slices. */
const AT_ONCE = 256;

export function createMaskActions(parts: {
  store: StoreApi<EditorState>;
  document(): EditorDocument | null;
  work: MaskWork;
  /** Shows the document that undo or redo leads to from this one. @returns false if there isn't one */
  moveToLinkedDocument(direction: 'undo' | 'redo'): boolean;
  /** Tells the views that draw the mask. */
  announce(area: Rect): void;
  /** Tells the user what could not be computed. */
  report(problem: string): void;
  /** Puts on the canvas what the user sees over it, since colours are picked from that. @returns undefined if it is there */
  beforePick(): Promise<unknown> | undefined;
}): MaskActions {
  const { store, document, work, announce, report, beforePick } = parts;
  const { setState: set, getState: get } = store;
  let last: { point: Point; radius: number; erase: boolean } | null = null;
  let lastEnd: { document: EditorDocument; point: Point } | null = null;
  const { inTurn, inLine, follow, startWork, settled } = createTurns({
    document,
    isWorking: () => get().working !== null,
  });
  const stepsMade = new WeakMap<MaskHistory, number>();
  /** Documents that are being changed in slices, whether they are shown or not. */
  const inSlices = new WeakSet<EditorDocument>();

  /** After a step: updates what the panels show of the history. */
  const settleSteps = (own: EditorDocument) => {
    const { history } = own;
    const isShown = document() === own;
    // A step that ended after another image was opened still leads there.
    if (isShown && history.stepsMade !== (stepsMade.get(history) ?? 0)) {
      closePictures(own.after, 'after');
      own.after = null;
    }
    stepsMade.set(history, history.stepsMade);
    if (!isShown) return;
    set({
      canUndo: history.canUndo || own.before !== null,
      canRedo: history.canRedo || own.after !== null,
    });
  };
  /** The same, and what they show of the mask. */
  const settle = (own: EditorDocument, isMaskSame = false) => {
    settleSteps(own);
    if (document() !== own) return;
    set({
      maskBounds: own.history.paintBounds,
      maskRevision: get().maskRevision + (isMaskSame ? 0 : 1),
    });
  };
  /** The document, if its mask may change now. */
  const free = (): EditorDocument | null => {
    endStroke();
    const own = document();
    const { working, opening } = get();
    return own && working === null && opening === null && !inSlices.has(own) ? own : null;
  };
  const endStroke = () => {
    const own = document();
    if (!own || !last) return;
    lastEnd = { document: own, point: last.point };
    last = null;
    own.history.commit();
    settle(own);
  };
  /**
   * Changes the mask: at once if it costs little, otherwise in slices between which the page can react, but the mask
   * cannot be changed. It is finished even if the canvas shows another document by then.
   * @param otherwise what to do if there was nothing to change
   */
  const perform = (
    title: string,
    partsOf: (own: EditorDocument) => SlicedWork<Rect | undefined>,
    otherwise: () => boolean = () => false,
  ): void => {
    const own = free();
    if (!own) return;
    const parts = partsOf(own);
    const conclude = (area: Rect | undefined) => {
      const isShown = document() === own;
      if (area && isShown) announce(area);
      else if (isShown && !otherwise()) return;
      settle(document() ?? own);
    };
    for (let cost = 0; cost <= AT_ONCE; ) {
      const next = parts.next();
      if (next.done) {
        conclude(next.value);
        return;
      }
      cost += next.value;
    }
    set({ working: title });
    inSlices.add(own);
    const rested = () => {
      inSlices.delete(own);
      if (document() === own) set({ working: null });
    };
    startWork(
      finishInSlices(parts).then(
        (area) => {
          rested();
          conclude(area);
        },
        (error: unknown) => {
          rested();
          report(messageOf(error));
        },
      ),
    );
  };
  const moveToLinkedDocument = (direction: 'undo' | 'redo'): boolean => {
    const from = document();
    const hasMoved = parts.moveToLinkedDocument(direction);
    // Presses of undo and redo that wait are meant for where this one leads.
    if (hasMoved) follow(from, document());
    return hasMoved;
  };
  const travel = (direction: 'undo' | 'redo') => {
    const own = free();
    const title = direction === 'undo' ? 'Undoing' : 'Redoing';
    const go = () =>
      perform(
        title,
        ({ history }) => history[direction](),
        () => moveToLinkedDocument(direction),
      );
    const ready = own?.history.ready(direction);
    if (!own || !ready) {
      if (document()) go();
      else moveToLinkedDocument(direction);
      return;
    }
    // Nothing may change the mask meanwhile: a stroke would come after the step that is to be taken back.
    set({ working: title });
    const rested = () => {
      const isShown = document() === own;
      if (isShown) set({ working: null });
      return isShown;
    };
    startWork(
      ready.then(
        () => {
          if (rested()) go();
        },
        (error: unknown) => {
          rested();
          report(messageOf(error));
        },
      ),
    );
  };
  /** A step that changes the whole mask, or nothing. */
  const step = (title: string, change: (history: MaskHistory) => SlicedWork<boolean>) =>
    perform(title, function* ({ history, mask }) {
      return (yield* change(history)) ? rectOfSize(mask) : undefined;
    });
  const fill = (value: 0 | 255) =>
    step(value === 0 ? 'Clearing' : 'Filling', (history) => history.fill(value));
  const invert = () =>
    step('Inverting', function* (history) {
      yield* history.invert();
      return true;
    });
  const addShape = (shape: Shape, mode: Mode) =>
    perform('Filling', function* ({ history, mask }) {
      const covered = shapeRuns(shape, mask);
      if (isEmptyRect(covered.bounds)) return undefined;
      if (mode === 'replace') yield* history.flood(0);
      yield* history.paint(covered, mode === 'subtract' ? 0 : 255);
      if (!history.commit()) return undefined;
      return mode === 'replace' ? rectOfSize(mask) : covered.bounds;
    });

  /** What is added replaces the mask if the next paint starts anew. */
  const joinedBy = (mode: Mode): Mode => (mode === 'add' && get().startsAnew ? 'replace' : mode);

  /** Computes a patch in a worker, then joins it with the mask in slices; until then the mask does not change. */
  const change = async (
    title: string,
    mode: Mode,
    compute: (own: EditorDocument) => Promise<Patch | null>,
  ): Promise<void> => {
    const own = free();
    if (!own) return;
    set({ working: title });
    const job = (async () => {
      const patch = await compute(own);
      if (patch && document() === own) await join(own, patch, mode);
    })();
    const done = job.then(
      () => {},
      () => {},
    );
    startWork(done);
    try {
      await job;
    } finally {
      if (document() === own) set({ working: null });
    }
  };
  /** The same for commands: problems are reported, and then nothing has changed. */
  const changeOrReport = async (...request: Parameters<typeof change>): Promise<void> => {
    try {
      await inTurn(() => change(...request));
    } catch (error) {
      report(messageOf(error));
    }
  };
  const join = async (own: EditorDocument, patch: Patch, mode: Mode) => {
    const { history, mask } = own;
    await finishInSlices(joining(own, patch, mode));
    if (!history.commit()) return;
    if (document() === own) announce(rectOfSize(mask));
    settle(own);
  };

  return {
    stroke(point, { pressure = 1, erase: startsErasing = false } = {}) {
      const own = document();
      const { brushSize, hardness, penPressure, startsAnew, working } = get();
      if (!own || working !== null) return;
      const share = penPressure ? LEAST_PRESSURE + (1 - LEAST_PRESSURE) * pressure : 1;
      const radius = (brushSize / 2) * share;
      const from = last ?? { point, radius, erase: startsErasing };
      const { erase } = from;
      if (!last && !erase && startsAnew) {
        finish(own.history.flood(0));
        announce(rectOfSize(own.mask));
      }
      const segment = { from: from.point, to: point, radius: from.radius, toRadius: radius, hardness };
      own.history.touch(segmentBounds(segment, own.mask), erase ? 0 : 255);
      announce(paintSegment(own.mask, segment, erase ? 0 : 255));
      own.history.tidy(TIDY_TILES);
      last = { point, radius, erase };
    },
    endStroke,
    abandonStroke() {
      const own = document();
      if (!own || !last) return;
      last = null;
      const area = own.history.abandon();
      if (area) announce(area);
      settle(own);
    },
    strokeEnd: () => (lastEnd && lastEnd.document === document() ? lastEnd.point : null),
    undo: () => void inTurn(() => travel('undo'), { follows: true }),
    withdraw: (step) => void inTurn(() => perform('Undoing', ({ history }) => history.withdraw(step))),
    redo: () => void inTurn(() => travel('redo'), { follows: true }),
    fill: () => void inTurn(() => fill(255)),
    clear: () => void inTurn(() => fill(0)),
    invert: () => void inTurn(invert),
    fillShape: (shape, mode) => {
      const how = joinedBy(mode);
      void inTurn(() => addShape(shape, how));
    },
    async select(operation, request, mode) {
      const own = document();
      // Before the version is brought to the canvas: then nothing starts anew any more.
      const how = joinedBy(mode);
      const bringing = beforePick();
      if (bringing) await bringing;
      const brought = bringing ? document()?.history.last : undefined;
      if (document() !== own) return;
      await changeOrReport('Selecting', how, ({ picture }) => work.select(picture, operation, request));
      // One undo also takes back what was put on the canvas for it.
      own?.history.join(brought);
    },
    async selectPart(find, { mode, replaces }) {
      const own = document();
      const how = joinedBy(mode);
      const bringing = beforePick();
      if (bringing) await bringing;
      if (!own || document() !== own) return null;
      const brought = bringing ? own.history.last : undefined;
      const part = await find(own.picture);
      if (!part || document() !== own) return null;
      const { x, y, ...mask } = part;
      const before = own.history.stepsMade;
      await changeOrReport('Selecting', how, async () => {
        if (replaces && own.history.last === replaces) await finishInSlices(own.history.undo());
        return { mask, place: { x, y } };
      });
      if (document() !== own || own.history.stepsMade === before) return null;
      // One undo also takes back what was put on the canvas for it.
      own.history.join(brought);
      return own.history.last ?? null;
    },
    async edge(edge, radius = get().edgeRadius) {
      const reach = Math.min(radius, MAX_EDGE_RADIUS);
      await changeOrReport('Moving the edge', 'replace', async ({ mask, history }) => {
        const area = edgeArea(edge, history.paintBounds, mask, reach);
        if (isEmptyRect(area)) return null;
        return { mask: await work.edge(edge, cropMask(mask, area), reach), place: area };
      });
    },
    async fromTransparency() {
      await changeOrReport('Reading transparency', 'replace', async ({ picture }) => {
        const patch = await work.transparency(picture);
        if (!patch) throw new Error('This image has no transparent parts to make a mask from.');
        return patch;
      });
    },
    async replaceMask(replacement) {
      await inTurn(() =>
        change('Reading the mask', 'replace', async ({ mask }) => {
          if (replacement.width !== mask.width || replacement.height !== mask.height) {
            throw new RangeError(
              `the mask is ${replacement.width} × ${replacement.height}, its image ${mask.width} × ${mask.height}`,
            );
          }
          return { mask: replacement, place: { x: 0, y: 0 } };
        }),
      );
    },
    record: (beside) =>
      void inTurn(() => {
        const own = free();
        if (!own) return;
        own.history.record(beside);
        settle(own, true);
      }),
    note(beside, how) {
      const own = document();
      if (!own) return;
      own.history.note(beside, how);
      settleSteps(own);
    },
    lastStep: () => document()?.history.last ?? null,
    inLine,
    settled,
  };
}

/** Writes a patch within the open step, a band of rows at a time. */
function* joining({ history, mask }: EditorDocument, { mask: patch, place }: Patch, mode: Mode) {
  if (mode === 'replace') yield* history.flood(0);
  for (let y = 0; y < patch.height; y += BAND_ROWS) {
    const band = { x: 0, y, width: patch.width, height: Math.min(BAND_ROWS, patch.height - y) };
    const corner = { x: place.x, y: place.y + y };
    yield* history.write(combineMasks(mask, cropMask(patch, band), corner, mode), corner);
  }
}
