/** A command as its button shows it. */
import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';
import type { CommandApp, CommandState } from './command';
import { type CommandId, commandOf } from './index';
import { keysOf } from './keyCombinations';

export const CommandContext = createContext<CommandApp | null>(null);

function useCommandApp(): CommandApp {
  const app = useContext(CommandContext);
  if (!app) throw new Error('commands are used inside CommandContext');
  return app;
}

/** @param select gives a string or a boolean */
function useCommandState<Value extends string | boolean>(select: (state: CommandState) => Value): Value {
  const { session, saving } = useCommandApp();
  const { editor, run, versions } = session;
  const subscribe = useCallback(
    (listener: () => void) => {
      const stops = [editor.store, run, versions, saving.store].map((store) => store.subscribe(listener));
      return () => {
        for (const stop of stops) stop();
      };
    },
    [editor, run, versions, saving],
  );
  return useSyncExternalStore(subscribe, () =>
    select({
      editor: editor.store.getState(),
      run: run.getState(),
      versions: versions.getState(),
      saving: saving.store.getState(),
    }),
  );
}

export function useCommand(id: CommandId) {
  const app = useCommandApp();
  const command = commandOf(id);
  const { label, word, icon, tip = label, enabled, pressed } = command;
  return {
    label,
    word,
    icon,
    keys: keysOf(id),
    tip: useCommandState((state) => (typeof tip === 'string' ? tip : tip(state))),
    isEnabled: useCommandState(enabled),
    isPressed: useCommandState((state) => pressed?.(state) ?? false),
    /** Whether its button stays pressed, and so says whether it is. */
    isToggle: pressed !== undefined,
    run: () => command.run(app),
  };
}
