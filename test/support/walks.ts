/** What tests of undo across versions share: what is seen, a stroke, a step's state. */
import { createHash } from 'node:crypto';
import { type Point, rectOfSize } from '../../src/image/geometry';
import type { Session } from '../../src/state/session/session';

const hash = (data: ArrayLike<number> | undefined) =>
  createHash('sha1')
    .update(Uint8Array.from(data ?? []))
    .digest('hex');

/** Everything that undo and redo restore. */
export function seen(session: Session) {
  const { document } = session.editor;
  const { baseId, shownId } = session.versions.getState();
  const { picture, frame, maskBounds } = session.editor.store.getState();
  return {
    ...{ baseId, shownId, picture, frame, maskBounds },
    mask: hash(document?.mask.data),
    pixels: hash(document?.picture.read(rectOfSize(document.picture)).data),
  };
}

export const png = () => new Blob(['x'], { type: 'image/png' });
export const steps = ({ editor }: Session) => editor.store.getState();
export const stroke = ({ editor }: Session, at: Point, erase = false) => {
  editor.setBrushSize(40);
  editor.stroke(at, { erase });
  editor.stroke({ x: at.x + 30, y: at.y + 10 }, { erase });
  editor.endStroke();
};
