/** An opened image may contain the settings that made it: they are offered. */
import { type Found, foundIn, missingFiles, settingsFrom } from '../settings/recipes';
import type { ReadonlyStore } from '../settings/settingsStore';
import type { Session } from './session';
import type { SessionState } from './sessionState';

export interface RecipeOffer {
  readonly store: ReadonlyStore<Pick<SessionState, 'found'>>;
  accept(): void;
  dismiss(): void;
}

/** Watches for images that are opened; a new one ends the offer of the one before. */
export function createRecipeOffer(
  session: Pick<Session, 'state' | 'versions' | 'change' | 'showStageError'>,
): RecipeOffer {
  const { store, offerRecipe } = session.state;
  session.versions.subscribe(({ items: [original] }, { items: [before] }) => {
    if (original?.id !== 0 || original.file === before?.file) return;
    offerRecipe(null);
    const { file } = original;
    const look = async () => {
      const found = await foundIn(file);
      if (session.versions.getState().items[0]?.file === file) offerRecipe(found);
    };
    void look();
  });
  return {
    store,
    accept() {
      const { found } = store.getState();
      if (found) restore(session, found);
      offerRecipe(null);
    },
    dismiss: () => offerRecipe(null),
  };
}

/** Puts the settings back, and names the user's own files that are missing from them. */
export function restore(session: Pick<Session, 'change' | 'showStageError'>, found: Found): void {
  session.change(settingsFrom(found));
  const missing = found.recipe ? missingFiles(found.recipe) : [];
  if (missing.length > 0) {
    session.showStageError(
      `All settings are back except your own files: ${missing.join(', ')}. Add them again in the panel.`,
    );
  }
}
