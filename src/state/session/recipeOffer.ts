/** A picture that was opened and says how it was made: its settings are offered. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { type Found, foundIn, missingFiles, settingsFrom } from './recipes';
import type { Session } from './session';

export interface RecipeOffer {
  readonly store: StoreApi<{ found: Found | null }>;
  accept(): void;
  dismiss(): void;
}

/** Watches for pictures that are opened; a new one ends the offer of the one before. */
export function createRecipeOffer(session: Pick<Session, 'versions' | 'change' | 'complain'>): RecipeOffer {
  const store = createStore<{ found: Found | null }>(() => ({ found: null }));
  session.versions.subscribe(({ items: [original] }, { items: [before] }) => {
    if (original?.id !== 0 || original.file === before?.file) return;
    store.setState({ found: null });
    const { file } = original;
    const tell = async () => {
      const found = await foundIn(file);
      if (session.versions.getState().items[0]?.file === file) store.setState({ found });
    };
    void tell();
  });
  return {
    store,
    accept() {
      const { found } = store.getState();
      if (found) restore(session, found);
      store.setState({ found: null });
    },
    dismiss() {
      store.setState({ found: null });
    },
  };
}

/** Puts the settings back, and says which files of the person's own they lack. */
export function restore(session: Pick<Session, 'change' | 'complain'>, found: Found): void {
  session.change(settingsFrom(found));
  const missing = found.recipe ? missingFiles(found.recipe) : [];
  if (missing.length > 0) {
    session.complain(
      `All settings are back but the ${missing.join(', ')}, a file of yours: add it again in the panel.`,
    );
  }
}
