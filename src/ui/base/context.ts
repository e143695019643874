/** The parts that every panel works on. */
import { createContext, useContext } from 'react';
import { type StoreApi, useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import type { EditorState } from '../../editor/store';
import type { Gallery } from '../../state/gallery/gallery';
import type { Hosted } from '../../state/hosted/hosted';
import type { EngineStatus } from '../../state/models/deviceStatus';
import type { ModelLibraryState, ModelLibraryStore, ModelSizes } from '../../state/models/modelLibrary';
import type { Offline, OfflineState } from '../../state/offline';
import type { SampleLink } from '../../state/pictures/sample';
import type { Versions } from '../../state/pictures/versions';
import type { Selecting } from '../../state/selecting/selecting';
import type { Selectors } from '../../state/selecting/selectors';
import type { Drafts } from '../../state/session/drafts';
import type { RecipeOffer } from '../../state/session/recipeOffer';
import type { Saving } from '../../state/session/saving';
import type { RunState, Session } from '../../state/session/session';
import type { SettingsState } from '../../state/settings/settingsStore';

export interface AppParts {
  session: Session;
  engineStatus: StoreApi<{ status: EngineStatus | null }>;
  /** The first one opens at a first visit. */
  samples: readonly [SampleLink, ...SampleLink[]];
  models: ModelLibraryStore;
  hosted: Hosted;
  offline: Offline;
  gallery: Gallery;
  recipeOffer: RecipeOffer;
  drafts: Drafts;
  saving: Saving;
  selecting: Selecting;
  selectors: Selectors;
}

export const AppContext = createContext<AppParts | null>(null);

export function useApp(): AppParts {
  const parts = useContext(AppContext);
  if (!parts) throw new Error('panels must be inside AppContext');
  return parts;
}

export const useSession = (): Session => useApp().session;
export const useEditor = <T>(select: (state: EditorState) => T): T =>
  useStore(useSession().editor.store, select);
export const useSettings = <T>(select: (state: SettingsState) => T): T =>
  useStore(useSession().settings, select);
export const useRun = <T>(select: (state: RunState) => T): T => useStore(useSession().run, select);
export const useVersions = <T>(select: (state: Versions) => T): T => useStore(useSession().versions, select);
export const useModels = (): ModelLibraryStore => useApp().models;
export const useModelState = <T>(select: (state: ModelLibraryState) => T): T =>
  useStore(useModels().store, select);
/** The sizes at which the chosen model works. */
export const useModelSizes = (): ModelSizes => {
  const name = useSettings((state) => state.model_name);
  const models = useModels();
  return useModelState(useShallow(() => models.sizesOf(name)));
};
export const useEngineStatus = (): EngineStatus | null => useStore(useApp().engineStatus).status;

export function useOffline(): OfflineState & Pick<Offline, 'reload' | 'dismiss'> {
  const { store, reload, dismiss } = useApp().offline;
  return { ...useStore(store), reload, dismiss };
}
