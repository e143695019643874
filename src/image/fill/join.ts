/**
 * The last step: of the copied colours only the differences between neighbours are kept, and the hole is put together from
 * them so that it meets its border without a step (Pérez, Gangnet and Blake, "Poisson Image Editing", 2003). What is added
 * to each copied pixel solves Poisson's equation, by multigrid.
 */
import type { Rect, Size } from '../geometry';
import type { Matches } from './matches';
import { HOLE, KNOWN, type Level, VOID } from './scale';
import { byCount, byRows, type Steps } from './stretches';

/** How much a copied colour itself counts beside its differences: keeps a hole that no known pixel touches from drifting. */
const OWN_COUNT = 0.001;
/**
 * Levels of colour. A difference that is broken by more than this is an edge that ends there, not another light: left as it
 * is, rather than smeared over the hole.
 */
const EDGE = 60;
const CYCLES = 3;
/** Passes of relaxation before and after each coarser grid. */
const PASSES = 2;
/** A grid with a shorter side is solved by relaxation alone. */
const COARSEST_SIDE = 4;
const COARSEST_PASSES = 30;

/** A hole's box: the correction e solves (n + own) · e − Σ e(neighbours) = wanted over the hole, e = 0 where known. */
interface Grid extends Size {
  kinds: Uint8Array;
  /** [height × width × 3] */
  wanted: Float32Array;
  /** [height × width × 3] */
  correction: Float32Array;
  own: number;
}

/** Joins the copied colours in the hole of `level.colours`, in place; no channel leaves the range of what is known. */
export function* join({ level, nearest, costs }: Matches): Steps {
  const box = yield* holeBox(level);
  const grid = emptyGrid(box, OWN_COUNT);
  yield* byRows(box, (first, end) => {
    for (let y = first; y < end; y++) {
      const start = (y + box.y) * level.width + box.x;
      grid.kinds.set(level.kinds.subarray(start, start + box.width), y * box.width);
    }
  });
  yield* byRows(box, (first, end) => {
    for (let y = first; y < end; y++) setWanted(grid, y, box, level, nearest, costs);
  });
  for (let cycle = 0; cycle < CYCLES; cycle++) yield* improve(grid);
  const [low, high] = yield* knownRange(level);
  yield* byCount(grid.kinds.length, (first, end) => {
    for (let i = first; i < end; i++) {
      if (grid.kinds[i] !== HOLE) continue;
      const pixel = (Math.floor(i / box.width) + box.y) * level.width + (i % box.width) + box.x;
      for (let c = 0; c < 3; c++) {
        const value = (level.colours[3 * pixel + c] ?? 0) + (grid.correction[3 * i + c] ?? 0);
        level.colours[3 * pixel + c] = Math.round(Math.min(high[c] ?? 255, Math.max(low[c] ?? 0, value)));
      }
    }
  });
}

/** The hole and one pixel around it, within the image. */
function* holeBox(level: Level): Steps<Rect> {
  const { width, height, kinds } = level;
  let [left, right, top, bottom] = [width, -1, height, -1];
  yield* byRows(level, (first, end) => {
    for (let y = first; y < end; y++) {
      for (let x = 0; x < width; x++) {
        if (kinds[y * width + x] !== HOLE) continue;
        if (x < left) left = x;
        if (x > right) right = x;
        if (y < top) top = y;
        bottom = y;
      }
    }
  });
  [left, top] = [Math.max(0, left - 1), Math.max(0, top - 1)];
  [right, bottom] = [Math.min(width - 1, right + 1), Math.min(height - 1, bottom + 1)];
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

function emptyGrid({ width, height }: Size, own: number): Grid {
  const values = () => new Float32Array(width * height * 3);
  return {
    width,
    height,
    kinds: new Uint8Array(width * height),
    wanted: values(),
    correction: values(),
    own,
  };
}

/** How far the copied colours of one row are from the differences that their patches have. */
function setWanted(
  grid: Grid,
  row: number,
  box: { x: number; y: number },
  { width, height, colours, kinds }: Level,
  nearest: Int32Array,
  costs: Float32Array,
): void {
  for (let column = 0; column < grid.width; column++) {
    const [x, y] = [column + box.x, row + box.y];
    const pixel = y * width + x;
    if (kinds[pixel] !== HOLE) continue;
    const to = 3 * (row * grid.width + column);
    const source = nearest[pixel] ?? 0;
    for (let side = 0; side < 4; side++) {
      const [dx, dy] = [side === 0 ? 1 : side === 1 ? -1 : 0, side === 2 ? 1 : side === 3 ? -1 : 0];
      if (x + dx < 0 || y + dy < 0 || x + dx >= width || y + dy >= height) continue;
      const step = dy * width + dx;
      const next = pixel + step;
      if (kinds[next] === VOID) continue;
      // Of the two patches the better one says how the neighbours differ; both pixels ask the same one.
      const theirs = (nearest[next] ?? 0) - step;
      const [own, other] = [costs[pixel] ?? 0, costs[next] ?? 0];
      const isOwn = kinds[next] === KNOWN || own < other || (own === other && pixel < next);
      const from = isOwn ? source : theirs;
      let broken = 0;
      for (let c = 0; c < 3; c++) {
        const copied = (colours[3 * next + c] ?? 0) - (colours[3 * pixel + c] ?? 0);
        const patch = (colours[3 * (from + step) + c] ?? 0) - (colours[3 * from + c] ?? 0);
        broken += (copied - patch) ** 2;
      }
      const kept = 1 / (1 + broken / (3 * EDGE * EDGE));
      for (let c = 0; c < 3; c++) {
        const copied = (colours[3 * next + c] ?? 0) - (colours[3 * pixel + c] ?? 0);
        const patch = (colours[3 * (from + step) + c] ?? 0) - (colours[3 * from + c] ?? 0);
        grid.wanted[to + c] = (grid.wanted[to + c] ?? 0) + kept * (copied - patch);
      }
    }
  }
}

/** One V-cycle (Brandt 1977): relaxed, corrected from a grid half as fine, relaxed again. */
function* improve(grid: Grid): Steps {
  if (Math.min(grid.width, grid.height) < 2 * COARSEST_SIDE) {
    for (let pass = 0; pass < COARSEST_PASSES; pass++) yield* relax(grid);
    return;
  }
  for (let pass = 0; pass < PASSES; pass++) yield* relax(grid);
  const coarse = yield* coarsened(grid);
  yield* improve(coarse);
  yield* handDown(coarse, grid);
  for (let pass = 0; pass < PASSES; pass++) yield* relax(grid);
}

/** Gauss and Seidel's: each pixel in turn is made to fit its neighbours. */
function* relax(grid: Grid): Steps {
  const { wanted, correction } = grid;
  yield* forHole(grid, (at, neighbours, count) => {
    for (let c = at; c < at + 3; c++) {
      correction[c] = ((wanted[c] ?? 0) + neighbours(c - at)) / (count + grid.own);
    }
  });
}

/** The equation of what is still missing, on a grid half as fine: four cells of the hole make one. */
function* coarsened(grid: Grid): Steps<Grid> {
  const coarse = emptyGrid({ width: grid.width >> 1, height: grid.height >> 1 }, 4 * grid.own);
  const cell = (i: number) => {
    const x = Math.min(coarse.width - 1, (i % grid.width) >> 1);
    return Math.min(coarse.height - 1, Math.floor(i / grid.width) >> 1) * coarse.width + x;
  };
  coarse.kinds.fill(HOLE);
  yield* byCount(grid.kinds.length, (first, end) => {
    for (let i = first; i < end; i++) {
      const kind = grid.kinds[i] ?? VOID;
      const at = cell(i);
      if (kind === KNOWN || (kind === VOID && coarse.kinds[at] === HOLE)) coarse.kinds[at] = kind;
    }
  });
  yield* forHole(grid, (at, neighbours, count) => {
    const to = 3 * cell(at / 3);
    for (let c = 0; c < 3; c++) {
      const left =
        (grid.wanted[at + c] ?? 0) + neighbours(c) - (count + grid.own) * (grid.correction[at + c] ?? 0);
      coarse.wanted[to + c] = (coarse.wanted[to + c] ?? 0) + left;
    }
  });
  return coarse;
}

/** Adds the coarse correction, bilinearly. */
function* handDown(coarse: Grid, fine: Grid): Steps {
  yield* byRows(fine, (first, end) => {
    for (let y = first; y < end; y++) {
      const v = Math.min(coarse.height - 1, Math.max(0, (y - 0.5) / 2));
      const top = Math.floor(v);
      const bottom = Math.min(coarse.height - 1, top + 1);
      for (let x = 0; x < fine.width; x++) {
        const at = y * fine.width + x;
        if (fine.kinds[at] !== HOLE) continue;
        const u = Math.min(coarse.width - 1, Math.max(0, (x - 0.5) / 2));
        const left = Math.floor(u);
        const right = Math.min(coarse.width - 1, left + 1);
        const [wx, wy] = [u - left, v - top];
        for (let c = 0; c < 3; c++) {
          const a = coarse.correction[3 * (top * coarse.width + left) + c] ?? 0;
          const b = coarse.correction[3 * (top * coarse.width + right) + c] ?? 0;
          const d = coarse.correction[3 * (bottom * coarse.width + left) + c] ?? 0;
          const e = coarse.correction[3 * (bottom * coarse.width + right) + c] ?? 0;
          const handed = (a + (b - a) * wx) * (1 - wy) + (d + (e - d) * wx) * wy;
          fine.correction[3 * at + c] = (fine.correction[3 * at + c] ?? 0) + handed;
        }
      }
    }
  });
}

/** Calls `visit` for each pixel of the hole: its place in the values, the sum of its neighbours' corrections, their count. */
function* forHole(
  grid: Grid,
  visit: (at: number, neighbours: (channel: number) => number, count: number) => void,
): Steps {
  const { width, height, kinds, correction } = grid;
  let [left, right, above, below] = [-1, -1, -1, -1];
  const neighbours = (c: number) =>
    (left < 0 ? 0 : (correction[left + c] ?? 0)) +
    (right < 0 ? 0 : (correction[right + c] ?? 0)) +
    (above < 0 ? 0 : (correction[above + c] ?? 0)) +
    (below < 0 ? 0 : (correction[below + c] ?? 0));
  yield* byRows(grid, (first, end) => {
    for (let y = first; y < end; y++) {
      for (let x = 0; x < width; x++) {
        const i = y * width + x;
        if (kinds[i] !== HOLE) continue;
        left = x > 0 && kinds[i - 1] !== VOID ? 3 * (i - 1) : -1;
        right = x + 1 < width && kinds[i + 1] !== VOID ? 3 * (i + 1) : -1;
        above = y > 0 && kinds[i - width] !== VOID ? 3 * (i - width) : -1;
        below = y + 1 < height && kinds[i + width] !== VOID ? 3 * (i + width) : -1;
        const count = (left < 0 ? 0 : 1) + (right < 0 ? 0 : 1) + (above < 0 ? 0 : 1) + (below < 0 ? 0 : 1);
        visit(3 * i, neighbours, count);
      }
    }
  });
}

/** The least and the greatest value of each channel where it is known. */
function* knownRange({ colours, kinds }: Level): Steps<[low: number[], high: number[]]> {
  const low = [255, 255, 255];
  const high = [0, 0, 0];
  yield* byCount(kinds.length, (first, end) => {
    for (let i = first; i < end; i++) {
      if (kinds[i] !== KNOWN) continue;
      for (let c = 0; c < 3; c++) {
        const value = colours[3 * i + c] ?? 0;
        if (value < (low[c] ?? 0)) low[c] = value;
        if (value > (high[c] ?? 0)) high[c] = value;
      }
    }
  });
  return [low, high];
}
