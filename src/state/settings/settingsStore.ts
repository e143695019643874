/** Holds the settings and the note about the settings that suit the model: the only file that writes them. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { initialSettings, type Settings } from './settings';

export interface SuitedNote {
  /** `Set for this model: 4 steps, guidance 0` */
  text: string;
  /** `set`: the settings were changed, which can be undone; `kept`: the user's own were left, and others can be taken. */
  kind: 'set' | 'kept';
  /** The settings that the note's button brings. */
  other: Partial<Settings>;
}

export interface SettingsState extends Settings {
  suitedNote: SuitedNote | null;
}

/** A store for readers: only its owner writes it. */
export type ReadonlyStore<State> = Pick<StoreApi<State>, 'getState' | 'getInitialState' | 'subscribe'>;

export interface SettingsStore {
  readonly store: ReadonlyStore<SettingsState>;
  change(changed: Partial<Settings>): void;
  /** Shows a note about the settings that suit the model, or takes it away. */
  note(note: SuitedNote | null): void;
}

export function createSettings(): SettingsStore {
  const store = createStore<SettingsState>(() => ({ ...initialSettings, suitedNote: null }));
  return {
    store,
    change: (changed) => store.setState(changed),
    note: (suitedNote) => store.setState({ suitedNote }),
  };
}

/** @returns only the settings, without the note */
export function settingsIn(state: SettingsState): Settings {
  const { suitedNote: _, ...settings } = state;
  return settings;
}
