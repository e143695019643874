/** Continues from a result as soon as the user paints over it. */
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Step } from '../../../editor/store';
import type { Version } from '../../../state/pictures/versions';
import { taskOfResult } from '../../../state/run/removal';
import { useEditor, useModelState, useSession } from '../../base/context';

/**
 * Painting over a result continues from it: once a press on the canvas has changed the mask, that version is the one being
 * painted on. Enter presses as a pointer does. A second finger zooms instead; undo and other keys and buttons do what they
 * say.
 */
export function useContinueByPainting(version: Version | undefined) {
  const session = useSession();
  const pane = useRef<HTMLElement>(null);
  const revision = useEditor((state) => state.maskRevision);
  const id = version?.id;
  const [since, setSince] = useState({ id, revision });
  if (since.id !== id) setSince({ id, revision });
  const [pressed, setPressed] = useState(false);
  /** The newest step before the press. */
  const stepBefore = useRef<Step | null>(null);
  useEffect(() => {
    if (id === undefined) return;
    let fingers = 0;
    const isOnCanvas = ({ target }: Event) =>
      target instanceof Element && pane.current?.querySelector('.canvas')?.contains(target) === true;
    const onDown = (event: PointerEvent) => {
      const { panning, draft } = session.editor.store.getState();
      const onCanvas = isOnCanvas(event);
      fingers += 1;
      // A polygon started on the canvas may be closed by its button.
      if (!onCanvas && draft) return;
      stepBefore.current = session.editor.lastStep();
      setPressed(onCanvas && fingers === 1 && event.button === 0 && !panning);
    };
    const onUp = () => {
      fingers = Math.max(0, fingers - 1);
    };
    const onKey = (event: KeyboardEvent) => {
      const { draft } = session.editor.store.getState();
      const presses = event.key === 'Enter' && !event.ctrlKey && !event.metaKey;
      // Between press and release, and between a polygon's corners, the cursor moves.
      const moves = session.editor.gesture.isPressed || draft !== null;
      stepBefore.current = session.editor.lastStep();
      setPressed(isOnCanvas(event) && (presses || moves));
    };
    window.addEventListener('pointerdown', onDown, true);
    window.addEventListener('pointerup', onUp, true);
    window.addEventListener('pointercancel', onUp, true);
    window.addEventListener('keydown', onKey, true);
    return () => {
      window.removeEventListener('pointerdown', onDown, true);
      window.removeEventListener('pointerup', onUp, true);
      window.removeEventListener('pointercancel', onUp, true);
      window.removeEventListener('keydown', onKey, true);
      setPressed(false);
    };
  }, [session, id]);
  // The wand picks from what is visible.
  useEffect(() => {
    session.editor.setBeforePick(id === undefined ? null : () => session.continueFrom(id));
    return () => session.editor.setBeforePick(null);
  }, [session, id]);
  // What a removal was asked for is done: a stroke over it is the next thing to remove, on its own.
  const startsAnew = useModelState(
    ({ lookups }) => version !== undefined && taskOfResult(version, lookups) === 'remove',
  );
  useLayoutEffect(() => {
    session.editor.setOptions({ startsAnew });
    return () => session.editor.setOptions({ startsAnew: false });
  }, [session, startsAnew]);
  const changed = since.id === id && since.revision !== revision;
  useEffect(() => {
    if (id !== undefined && changed && pressed) void session.continueFrom(id, stepBefore.current);
  }, [session, id, changed, pressed]);
  return { pane, painting: changed || pressed, pressed };
}
