/** The editor's large data, which no store holds. */
import type { MaskHistory } from './history';
import type { Rect } from './kernels/geometry';
import type { Mask } from './kernels/raster';
import type { Picture } from './picture';

export interface EditorDocument {
  picture: Picture;
  mask: Mask;
  history: MaskHistory;
  /** What it was drawn out of, or cut from: undo returns to it once its own steps are taken back. */
  before: EditorDocument | null;
  /** What redo goes on to once its own steps are done again, until another step is made here. */
  after: EditorDocument | null;
}

/** The forming picture, and where it lies. */
export interface Preview {
  bitmap: ImageBitmap;
  frame: Rect;
}
