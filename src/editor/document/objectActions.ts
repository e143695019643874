/** Selecting things: what presses and boxes mean, which of them correct the selection before, and the hint under the pointer. */
import type { StoreApi } from 'zustand/vanilla';
import {
  MAX_AGAIN,
  type MaskPart,
  type NamingRequest,
  type ObjectPrompt,
  type SelectionRequest,
} from '../../contract/assist';
import { isAbort, messageOf } from '../../contract/errors';
import {
  intersectRect,
  isEmptyRect,
  isSameRect,
  type Point,
  type Rect,
  rectOfSize,
} from '../../image/geometry';
import type { Mode } from '../../image/mask/mask';
import { toImage } from '../kernels/view';
import type { EditorState } from '../state';
import type { ObjectHand, ObjectMark } from '../tools/objectHand';
import type { EditorDocument } from './document';
import type { Step } from './undoStep';

/** What finds things in images; both reject with an AbortError if that was cancelled. */
export interface ObjectSource {
  /** @returns null if there is nothing */
  select(image: Blob, request: SelectionRequest): Promise<MaskPart | null>;
  /** Whatever has that name. @returns null if nothing has */
  find(image: Blob, request: NamingRequest): Promise<MaskPart | null>;
  /** @returns an SVG path in image pixels; empty if there is nothing to hint at, or no time for it */
  outline(image: Blob, prompt: ObjectPrompt): Promise<string>;
}

/** The thing that was selected last, as long as its step is the newest. */
interface Current {
  own: EditorDocument;
  step: Step;
  points: ObjectMark[];
  box: Rect | undefined;
  mode: Mode;
  grow: number;
  /** What was in sight. */
  view: Rect;
  /** How often its one place was pressed again. */
  again: number;
}

/** The pointer rests so long before a hint is computed. */
const REST_MS = 120;
/** A press so close to the one before means the same place, in pixels of the screen: a hand's own unsteadiness. */
const SAME_PLACE = 8;
/** A box has at least this on each side, in image pixels. */
const SMALLEST_BOX = 2;

export function createObjectActions(parts: {
  store: StoreApi<EditorState>;
  document(): EditorDocument | null;
  source(): ObjectSource | null;
  /** As in `MaskActions`. */
  selectPart(
    find: (picture: { file: Blob }) => Promise<MaskPart | null>,
    how: { mode: Mode; replaces?: Step | undefined },
  ): Promise<Step | null>;
  report(problem: string): void;
}): ObjectHand {
  const { store, document, source, selectPart, report } = parts;
  const { setState: set, getState: get } = store;
  let current: Current | null = null;
  let resting: ReturnType<typeof setTimeout> | undefined;
  let hinted = 0;
  /** Presses are answered one after another. */
  let tail: Promise<unknown> = Promise.resolve();

  const endHint = () => {
    clearTimeout(resting);
    hinted += 1;
    if (get().objectHint !== '') set({ objectHint: '' });
  };

  async function select(
    { points, box, again = 0 }: Pick<Current, 'points' | 'box'> & { again?: number },
    how: { mode: Mode; grow: number; corrects: Current | null },
  ): Promise<void> {
    const finder = source();
    if (!finder) return;
    endHint();
    const marks = points.slice(-1);
    set({ objectMarks: [...get().objectMarks, ...marks] });
    const view = areaInSight(get());
    try {
      const made = await selectPart(
        ({ file }) =>
          finder.select(file, { points, box, view, refines: how.corrects !== null, again, grow: how.grow }),
        { mode: how.mode, replaces: how.corrects?.step },
      );
      const own = document();
      current =
        made && own ? { own, step: made, points, box, mode: how.mode, grow: how.grow, view, again } : null;
    } catch (error) {
      if (!isAbort(error)) report(messageOf(error));
    } finally {
      set({ objectMarks: get().objectMarks.filter((mark) => !marks.includes(mark)) });
    }
  }
  const inTurn = (act: () => Promise<void>): Promise<void> => {
    const done = tail.then(act);
    tail = done.catch(() => {});
    return done;
  };

  /** The thing selected last, unless something else was done since. */
  const newest = () => {
    const own = document();
    return current?.own === own && own?.history.last === current?.step ? current : null;
  };
  /** Whether a press there asks for another thing: closer up, or grown otherwise, the same one is meant. */
  const isAgain = (last: Current, point: Point, how: { mode: Mode; grow: number }) => {
    const { points, box, view } = last;
    const [place, ...others] = points;
    if (place === undefined || others.length > 0 || box !== undefined) return false;
    const isNear = Math.hypot(place.x - point.x, place.y - point.y) * get().view.scale <= SAME_PLACE;
    return isNear && how.mode === last.mode && how.grow === last.grow && isSameRect(view, areaInSight(get()));
  };

  return {
    selectAt: (point, how) =>
      inTurn(async () => {
        const last = newest();
        if (last === null || !isAgain(last, point, how)) {
          await select({ points: [{ ...point, include: true }], box: undefined }, { ...how, corrects: null });
          return;
        }
        // The place stays the very same, so that the things there are the same ones.
        const { points, box, again } = last;
        await select({ points, box, again: (again + 1) % MAX_AGAIN }, { ...how, corrects: last });
      }),
    async selectIn(box, how) {
      const { picture } = get();
      const inside = picture && intersectRect(box, rectOfSize(picture));
      if (!inside || isEmptyRect(inside) || Math.min(inside.width, inside.height) < SMALLEST_BOX) return;
      await inTurn(() => select({ points: [], box: inside }, { ...how, corrects: null }));
    },
    exclude: (point, { grow }) =>
      inTurn(async () => {
        const last = newest();
        if (!last) {
          const points = [{ ...point, include: true }];
          await select({ points, box: undefined }, { mode: 'subtract', grow, corrects: null });
          return;
        }
        const { points, box, mode } = last;
        await select(
          { points: [...points, { ...point, include: false }], box },
          { mode, grow, corrects: last },
        );
      }),
    async selectNamed(text, { mode, grow }) {
      let isFound = false;
      await inTurn(async () => {
        const finder = source();
        if (!finder) return;
        endHint();
        current = null;
        const step = await selectPart(({ file }) => finder.find(file, { text, grow }), { mode });
        isFound = step !== null;
      });
      return isFound;
    },
    hint(point) {
      endHint();
      const { picture } = get();
      if (!picture || point.x < 0 || point.y < 0 || point.x >= picture.width || point.y >= picture.height)
        return;
      const mine = hinted;
      resting = setTimeout(async () => {
        const own = document();
        if (!own) return;
        const prompt = { points: [{ ...point, include: true }], view: areaInSight(get()) };
        const path = await source()
          ?.outline(own.picture.file, prompt)
          .catch(() => '');
        if (mine === hinted && path && document() === own) set({ objectHint: path });
      }, REST_MS);
    },
    endHint,
  };
}

/** The part of the image that is in sight, in image pixels; it may reach beyond the image. */
export function areaInSight({ view, viewSize }: Pick<EditorState, 'view' | 'viewSize'>): Rect {
  const corner = toImage(view, { x: 0, y: 0 });
  return { ...corner, width: viewSize.width / view.scale, height: viewSize.height / view.scale };
}
