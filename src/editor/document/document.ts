/** The editor's large data, which no store holds. */

import type { Rect } from '../../image/geometry';
import type { Mask } from '../../image/raster';
import type { MaskHistory } from './history';
import type { Picture } from './picture';

export interface EditorDocument {
  /** The picture's, as a person knows it. */
  name: string;
  /** Whether it was opened, and not drawn out of another one or cut from it. */
  opened: boolean;
  /** Whether it was worked on before it was opened, in an earlier session: undo returns to it though it has no step. */
  worked: boolean;
  picture: Picture;
  mask: Mask;
  /** The frame that is sent, where a person has chosen one, in image pixels; null while it follows from the mask. */
  frame: Rect | null;
  history: MaskHistory;
  /**
   * What it was drawn out of or cut from, or the picture that it took the place of, if anything was done to that: undo
   * returns to it once its own steps are taken back.
   */
  before: EditorDocument | null;
  /** What redo goes on to once its own steps are done again, until another step is made here. */
  after: EditorDocument | null;
}

/** Lets go of the picture of `first` and of all that undo (`before`) or redo (`after`) would reach beyond it. */
export function closePictures(first: EditorDocument | null | undefined, way: 'before' | 'after'): void {
  for (let document = first; document; document = document[way]) document.picture.close();
}

/** The forming picture, and where it lies. */
export interface Preview {
  bitmap: ImageBitmap;
  frame: Rect;
}
