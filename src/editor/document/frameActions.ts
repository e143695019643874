/** Choosing the frame by hand: each choice is a step of the history, as a stroke is. */
import type { StoreApi } from 'zustand/vanilla';
import { isSameRect, type Rect } from '../../image/geometry';
import type { EditorState } from '../state';
import type { EditorDocument } from './document';
import type { Beside } from './undoStep';

export interface FrameActions {
  /** @param frame whole image pixels, inside the image; with null it follows from the mask again */
  moveFrame(frame: Rect | null): void;
  /** Turns all moves since the last step into one step. */
  endFrame(): void;
}

export function createFrameActions(parts: {
  store: StoreApi<EditorState>;
  document(): EditorDocument | null;
  record(beside: Beside): void;
}): FrameActions {
  const { store, document, record } = parts;
  /** The document whose frame is being moved, and where the frame was. */
  let held: { own: EditorDocument; before: Rect | null } | null = null;

  const show = (own: EditorDocument, frame: Rect | null) => {
    own.frame = frame;
    if (document() === own) store.setState({ frame });
  };

  return {
    moveFrame(frame) {
      const own = document();
      if (!own) return;
      if (held?.own !== own) held = { own, before: own.frame };
      show(own, frame);
    },
    endFrame() {
      if (!held) return;
      const { own, before } = held;
      held = null;
      if (document() !== own || isSameRect(before, own.frame)) return;
      let other = before;
      record({
        exchange() {
          const { frame } = own;
          show(own, other);
          other = frame;
        },
      });
    },
  };
}
