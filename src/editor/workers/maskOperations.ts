/** Operations on whole masks and images; on the page they run in a worker. */

import { cropMask, featherMask, growMask, shrinkMask } from '../../image/edges';
import {
  growRect,
  intersectRect,
  isEmptyRect,
  type Point,
  type Rect,
  rectOfSize,
} from '../../image/geometry';
import { cleanMask } from '../../image/mask/cleanMask';
import { maskBounds, maskFromTransparency } from '../../image/mask/mask';
import type { Mask, Pixels } from '../../image/raster';
import type { Picture } from '../document/picture';
import type { Operation } from '../tools/tool';

export type Edge = 'grow' | 'shrink' | 'feather';

/** A part of a mask, and the position of its upper left corner. */
export interface Patch {
  mask: Mask;
  place: Point;
}

export interface MaskWork {
  /** @param radius whole pixels @param mask may be transferred, and so be empty afterwards @returns a mask of the same size */
  edge(edge: Edge, mask: Mask, radius: number): Promise<Mask>;
  select<Request>(picture: Picture, operation: Operation<Request>, request: Request): Promise<Patch>;
  /** White where the image is transparent; null if it is opaque. */
  transparency(picture: Picture): Promise<Patch | null>;
}

const edges = { grow: growMask, shrink: shrinkMask, feather: featherMask } as const;

export function runEdge(edge: Edge, mask: Mask, radius: number): Mask {
  return edges[edge](mask, radius);
}

/** The area of a mask that an edge operation can change. @param bounds of everything painted */
export function edgeArea(edge: Edge, bounds: Rect, mask: Mask, radius: number): Rect {
  return intersectRect(growRect(bounds, edge === 'shrink' ? 1 : radius), rectOfSize(mask));
}

export function runSelect<Request>(pixels: Pixels, operation: Operation<Request>, request: Request): Patch {
  const { mask, bounds } = operation.run(pixels, request);
  return { mask: cropMask(mask, bounds), place: bounds };
}

export function runTransparency(pixels: Pixels): Patch | null {
  const mask = maskFromTransparency(pixels);
  // Lossy formats leave noise in transparency, too.
  cleanMask(mask);
  const bounds = maskBounds(mask);
  return isEmptyRect(bounds) ? null : { mask: cropMask(mask, bounds), place: bounds };
}

/** On this thread, for Node. */
export const directWork: MaskWork = {
  edge: async (edge, mask, radius) => runEdge(edge, mask, radius),
  select: async (picture, operation, request) =>
    runSelect(picture.read(rectOfSize(picture)), operation, request),
  transparency: async (picture) => runTransparency(picture.read(rectOfSize(picture))),
};
