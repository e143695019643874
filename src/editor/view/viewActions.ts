/** The view of the image in its pane: fit, zoom, pan. */
import type { StoreApi } from 'zustand/vanilla';
import type { Point, Rect, Size } from '../../image/geometry';
import { clampScale, fitView, keepInSight, rectToView, zoomAbout } from '../kernels/view';
import type { EditorState } from '../state';

/** The margin around a fitted image, in CSS pixels; less in small panes. */
export const fitMargin = (viewSize: Size) => Math.min(28, viewSize.width / 40);

export interface ViewActions {
  resizeView(viewSize: Size): void;
  fit(): void;
  /** Zooms so that an area is in sight, if it isn't; the area may reach beyond the image. */
  reveal(imageRect: Rect): void;
  /** @param viewPoint the point that stays in place; by default the pane's middle */
  zoomTo(scale: number, viewPoint?: Point): void;
  panBy(dx: number, dy: number): void;
}

export function createViewActions({ setState: set, getState: get }: StoreApi<EditorState>): ViewActions {
  const fitted = () => {
    const { picture, viewSize, view } = get();
    return picture && viewSize.width > 0 ? fitView(picture, viewSize, fitMargin(viewSize)) : view;
  };
  return {
    resizeView(viewSize) {
      const { fitted: follows, view, viewSize: old } = get();
      set({ viewSize });
      if (follows) set({ view: fitted() });
      else {
        const dx = (viewSize.width - old.width) / 2;
        const dy = (viewSize.height - old.height) / 2;
        set({ view: { ...view, x: view.x + dx, y: view.y + dy } });
      }
    },
    fit() {
      set({ fitted: true });
      set({ view: fitted() });
    },
    reveal(imageRect) {
      const { view, viewSize } = get();
      const { x, y, width, height } = rectToView(view, imageRect);
      if (x >= 0 && y >= 0 && x + width <= viewSize.width && y + height <= viewSize.height) return;
      const around = fitView(imageRect, viewSize, fitMargin(viewSize));
      const { scale } = around;
      set({
        fitted: false,
        view: { scale, x: around.x - imageRect.x * scale, y: around.y - imageRect.y * scale },
      });
    },
    zoomTo(scale, viewPoint) {
      const { picture, view, viewSize } = get();
      if (!picture) return;
      const about = viewPoint ?? { x: viewSize.width / 2, y: viewSize.height / 2 };
      const zoomed = zoomAbout(view, about, clampScale(scale, picture, viewSize));
      set({ fitted: false, view: keepInSight(zoomed, picture, viewSize) });
    },
    panBy(dx, dy) {
      const { picture, view, viewSize } = get();
      if (!picture) return;
      const panned = { scale: view.scale, x: view.x + dx, y: view.y + dy };
      set({ fitted: false, view: keepInSight(panned, picture, viewSize) });
    },
  };
}
