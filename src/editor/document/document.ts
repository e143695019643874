/** The editor's large data, which is kept outside the store. */

import type { Rect } from '../../image/geometry';
import type { Mask } from '../../image/raster';
import type { MaskHistory } from './history';
import type { Picture } from './picture';

export interface EditorDocument {
  /** The image's name, as the user knows it. */
  name: string;
  /** Whether it was opened; false if it was made from another document by changing the canvas. */
  opened: boolean;
  /** Whether it was worked on in an earlier session: undo then returns to it even if it has no steps. */
  worked: boolean;
  picture: Picture;
  mask: Mask;
  /** The frame that the user chose, in image pixels; null while it follows from the mask. */
  frame: Rect | null;
  history: MaskHistory;
  /**
   * What undo returns to once this document has no steps left: the same image on another canvas, or the image that was
   * open before, if anything was done to it.
   */
  before: EditorDocument | null;
  /** What redo continues with once this document's own steps are redone, until a new step is made here. */
  after: EditorDocument | null;
}

/** Closes the picture of `first` and of every document that undo (`before`) or redo (`after`) would reach from it. */
export function closePictures(first: EditorDocument | null | undefined, way: 'before' | 'after'): void {
  for (let document = first; document; document = document[way]) document.picture.close();
}

/** The image being generated, and its position. */
export interface Preview {
  bitmap: ImageBitmap;
  frame: Rect;
}
