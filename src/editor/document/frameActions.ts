/** The frame that is sent, where a person chooses it: each choice is a step of the history, as a stroke is. */
import type { StoreApi } from 'zustand/vanilla';
import { isSameRect, type Rect } from '../../image/geometry';
import type { EditorState } from '../state';
import type { EditorDocument } from './document';
import type { Beside } from './steps';

export interface FrameActions {
  /** @param frame whole image pixels, inside the picture; null lets it follow from the mask again */
  moveFrame(frame: Rect | null): void;
  /** Makes one step of how far the frame was moved since the last one. */
  endFrame(): void;
}

export function createFrameActions(parts: {
  store: StoreApi<EditorState>;
  document(): EditorDocument | null;
  record(beside: Beside): void;
}): FrameActions {
  const { store, document, record } = parts;
  /** What is being moved, and from where. */
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
