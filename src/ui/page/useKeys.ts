/** The page's one place that listens to keys; those of single letters rest while text is typed. */
import { useEffect } from 'react';
import type { Editor } from '../../editor/store';
import { moveKeyCursor, pressKeyCursor } from '../../editor/tools/keyCursor';
import type { Saving } from '../../state/session/saving';
import type { Session } from '../../state/session/session';
import { pickMask, saveMask } from '../mask/maskFile';
import { actualSize, scaleBrush, swap, toggleMaskAlone, zoomBy } from '../mask/toolActions';
import { type CommandId, combinationOf, commandOf } from './commands';

export interface KeyHooks {
  onOpen(): void;
  onCompare(held: boolean): void;
  onHelp(): void;
  /** Takes up frame or canvas, or lets it go again; null lets go. */
  onAdjust(what: 'frame' | 'canvas' | null): void;
}

/** View pixels that an arrow key moves the cursor by. */
const ARROW_STEP = 16;
const HARDNESS_STEP = 0.1;
/** These work while text is typed, too. */
const everywhere = new Set<CommandId>(['generate', 'open', 'escape', 'download']);

export function useKeys(
  session: Session,
  saving: Saving,
  { onOpen, onCompare, onHelp, onAdjust }: KeyHooks,
): void {
  useEffect(() => {
    const { editor } = session;
    /** The key that is held to compare. */
    let comparedBy = '';
    const harden = (by: number) => editor.setOptions({ hardness: editor.store.getState().hardness + by });
    const actions: Record<CommandId, () => void> = {
      brush: () => editor.setTool('brush'),
      eraser: () => editor.setTool('eraser'),
      lasso: () => editor.setTool('lasso'),
      polygon: () => editor.setTool('polygon'),
      rectangle: () => editor.setTool('rectangle'),
      ellipse: () => editor.setTool('ellipse'),
      wand: () => editor.setTool('wand'),
      swap: () => swap(editor),
      smaller: () => scaleBrush(editor, 'smaller'),
      larger: () => scaleBrush(editor, 'larger'),
      softer: () => harden(-HARDNESS_STEP),
      harder: () => harden(HARDNESS_STEP),
      undo: editor.undo,
      redo: editor.redo,
      fill: editor.fill,
      invert: editor.invert,
      clear: editor.clear,
      grow: () => void editor.edge('grow'),
      shrink: () => void editor.edge('shrink'),
      feather: () => void editor.edge('feather'),
      transparency: () => void editor.fromTransparency(),
      importMask: () => pickMask(session),
      saveMask: () => void saveMask(session),
      maskAlone: () => toggleMaskAlone(editor),
      zoomIn: () => zoomBy(editor, 'in'),
      zoomOut: () => zoomBy(editor, 'out'),
      fit: editor.fit,
      actualSize: () => actualSize(editor),
      compare: () => onCompare(true),
      continueFrom: () => {
        const { shownId } = session.versions.getState();
        if (shownId !== null) void session.continueFrom(shownId);
      },
      frame: () => onAdjust('frame'),
      canvas: () => onAdjust('canvas'),
      open: onOpen,
      download: () => void saving.download(),
      copy: () => void saving.copy(),
      generate: () => void session.generate(),
      escape: () => {
        const { draft } = editor.store.getState();
        if (draft || editor.gesture.isPressed) dropShape(editor);
        else if (session.job.getState().running) session.cancel();
        else onAdjust(null);
      },
      help: onHelp,
    };
    const onDown = (event: KeyboardEvent) => {
      // An open menu or sheet has taken it, or the keys belong to it.
      if (event.defaultPrevented) return;
      const target = event.target instanceof Element ? event.target : null;
      const id = commandOf(combinationOf(event));
      // Text that is selected is what is to be copied.
      if (id === 'copy' && getSelection()?.isCollapsed === false) return;
      if (id && everywhere.has(id)) {
        event.preventDefault();
        actions[id]();
        return;
      }
      if (target?.closest(ownKeys)) return;
      const onCanvas = target?.closest('[role=application]') != null;
      if (onCanvas && drive(editor, event)) event.preventDefault();
      else if (event.code === 'Space' && !target?.closest(spaceKeys)) {
        event.preventDefault();
        editor.setOptions({ panning: true });
      } else if (event.key === 'Alt') {
        // Alone it would open the browser's menu; here it subtracts.
        event.preventDefault();
      } else if (id) {
        event.preventDefault();
        if (id === 'compare') comparedBy = keyOf(event);
        actions[id]();
      }
    };
    const onUp = (event: KeyboardEvent) => {
      // By the key, not by its letter: the layout may have been switched in between.
      if (keyOf(event) === comparedBy) onCompare(false);
      if (event.code === 'Space') editor.setOptions({ panning: false });
    };
    const release = () => {
      onCompare(false);
      editor.setOptions({ panning: false });
    };
    window.addEventListener('keydown', onDown);
    window.addEventListener('keyup', onUp);
    window.addEventListener('blur', release);
    return () => {
      window.removeEventListener('keydown', onDown);
      window.removeEventListener('keyup', onUp);
      window.removeEventListener('blur', release);
    };
  }, [session, saving, onOpen, onCompare, onHelp, onAdjust]);
}

/** Where letters are text, or keys have a meaning of their own. */
const ownKeys = 'input, textarea, select, [contenteditable=true], [role=dialog], [role=menu]';
/** Where the space bar presses something; handles are dragged. */
const spaceKeys = 'button:not(.handle), a, summary, [role=slider], [role=switch]';

/** The key itself; its letter where a keyboard on the screen says no more. */
const keyOf = ({ code, key }: KeyboardEvent) => code || key;

function dropShape(editor: Editor): void {
  editor.gesture.cancel();
  editor.setDraft(null);
}

/** Keys that work the tool in hand on the canvas. @returns whether it was one */
function drive(editor: Editor, event: KeyboardEvent): boolean {
  const { key, shiftKey, altKey, ctrlKey, metaKey } = event;
  const { view, draft, keyCursor } = editor.store.getState();
  const step = shiftKey ? view.scale : ARROW_STEP;
  const arrows: Record<string, [dx: number, dy: number]> = {
    ArrowLeft: [-step, 0],
    ArrowRight: [step, 0],
    ArrowUp: [0, -step],
    ArrowDown: [0, step],
  };
  const arrow = arrows[key];
  if (arrow) moveKeyCursor(editor, ...arrow);
  else if (key === 'Enter' && !ctrlKey && !metaKey) {
    if (draft?.tool === 'polygon' && !keyCursor) editor.gesture.finish();
    else pressKeyCursor(editor, { shift: shiftKey, alt: altKey });
  } else if (key === 'Backspace' && draft?.tool === 'polygon') {
    editor.setDraft(draft.points.length > 1 ? { ...draft, points: draft.points.slice(0, -1) } : null);
  } else return false;
  return true;
}
