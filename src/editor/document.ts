/** The editor's large data, which no store holds. */
import type { MaskHistory } from './history';
import type { Rect } from './kernels/geometry';
import type { Mask } from './kernels/raster';
import type { Surface } from './surface';

export interface EditorDocument {
  picture: Surface;
  mask: Mask;
  history: MaskHistory;
}

/** The forming picture, and where it lies. */
export interface Preview {
  bitmap: ImageBitmap;
  frame: Rect;
}
