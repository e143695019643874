/** The page's one place that listens to keys; those of single letters rest while text is typed. */
import { useEffect } from 'react';
import { pressCanvasKey } from '../../editor/tools/keyCursor';
import type { Command, CommandApp } from './command';
import { commandByKeys, commands } from './index';
import { combinationOf } from './keyCombinations';

export function useKeys(app: CommandApp): void {
  useEffect(() => {
    const { editor } = app.session;
    /** What lasts as long as a key is held. */
    let held: { key: string; command: Command } | null = null;
    const onDown = (event: KeyboardEvent) => {
      // An open menu or dialog has taken it, or the keys belong to it.
      if (event.defaultPrevented) return;
      const target = event.target instanceof Element ? event.target : null;
      const command = commandByKeys(combinationOf(event));
      // Selected text is what is to be copied.
      if (command?.id === 'copy' && getSelection()?.isCollapsed === false) return;
      if (command?.everywhere) {
        event.preventDefault();
        command.run(app);
        return;
      }
      if (target?.closest(ownKeys)) return;
      const isOnCanvas = target?.closest('[role=application]') != null;
      if (isOnCanvas && pressCanvasKey(editor, event)) event.preventDefault();
      else if (event.code === 'Space' && !target?.closest(spaceKeys)) {
        event.preventDefault();
        editor.setOptions({ panning: true });
      } else if (event.key === 'Alt') {
        // On its own it would open the browser's menu; here it subtracts.
        event.preventDefault();
      } else if (command) {
        event.preventDefault();
        if (command.release) held = { key: keyOf(event), command };
        command.run(app);
      }
    };
    const onUp = (event: KeyboardEvent) => {
      // By the key, not by its letter: the layout may have been switched in between.
      if (keyOf(event) === held?.key) {
        held.command.release?.(app);
        held = null;
      }
      if (event.code === 'Space') editor.setOptions({ panning: false });
    };
    // The window lost the focus, and will not hear of a key or button that is let go.
    const release = () => {
      held = null;
      for (const command of commands) command.release?.(app);
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
  }, [app]);
}

/** Where letters are text, or keys have a meaning of their own. */
const ownKeys = 'input, textarea, select, [contenteditable=true], [role=dialog], [role=menu]';
/** Where the space bar presses something; handles are dragged. */
const spaceKeys = 'button:not(.handle), a, summary, [role=slider], [role=switch]';

/** The key itself; its letter where an on-screen keyboard says no more. */
const keyOf = ({ code, key }: KeyboardEvent) => code || key;
