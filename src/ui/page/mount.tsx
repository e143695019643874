/** Puts the page together around an engine. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createEditor } from '../../editor/store';
import { maskWorker, readOwnMaskFile, writeMaskInSlices } from '../../editor/workers/maskFiles';
import { encodeAs, imaging } from '../../editor/workers/pictureWorkerClient';
import { browserGallery } from '../../state/gallery/gallery';
import type { Hosted } from '../../state/hosted/hosted';
import { createEngineStatus } from '../../state/models/deviceStatus';
import { browserHubPreferences } from '../../state/models/hubPreferences';
import { STARTER } from '../../state/models/modelCatalogue';
import { createModelLibraryStore } from '../../state/models/modelLibrary';
import { browserPace } from '../../state/models/pace';
import type { Offline } from '../../state/offline';
import type { SampleLink } from '../../state/pictures/sample';
import { browserSurroundings, warmUp } from '../../state/run/warmUp';
import { createSelecting, type SelectingParts } from '../../state/selecting/selecting';
import { browserSelectorPreference, createSelectors } from '../../state/selecting/selectors';
import { browserDrafts } from '../../state/session/drafts';
import { createRecipeOffer } from '../../state/session/recipeOffer';
import { createSaving } from '../../state/session/saving';
import { createSession, type PageEngine } from '../../state/session/session';
import { copyPng, giveFile } from '../base/downloadAndCopy';
import { App } from './App';

export interface PageParts {
  engine: PageEngine;
  hosted: Hosted;
  offline: Offline;
  /** What selects objects, and the bytes that it downloads once. */
  assistant: SelectingParts['assistant'];
  assistantBytes: number;
  /** The page opens with the first of them at a first visit. */
  samples: readonly [SampleLink, ...SampleLink[]];
}

export function mountApp(root: HTMLElement, parts: PageParts): void {
  const { engine, hosted, offline, samples } = parts;
  const models = createModelLibraryStore(
    engine.models,
    browserHubPreferences(),
    () => performance.now(),
    browserPace(),
  );
  engine.onStatus(({ provider, precision, threads }) =>
    models.pace.runsOn([provider, precision, threads].filter(Boolean).join(' ')),
  );
  window.addEventListener('online', models.reconnect);
  const session = createSession({
    editor: createEditor(maskWorker),
    engine,
    imaging,
    models,
    hosted,
  });
  // A run may have found that the stored model is damaged.
  session.run.subscribe(({ running }, before) => {
    if (before.running && !running) void models.refresh();
  });
  session.versions.subscribe(({ items }) => {
    if (items.at(-1)?.modelName === STARTER) offline.keepStarter();
  });
  const starterUrl = new URL('models/starter/', document.baseURI).href;
  const gallery = browserGallery(session.versions);
  const recipeOffer = createRecipeOffer(session);
  const drafts = browserDrafts(session, gallery, { read: readOwnMaskFile, write: writeMaskInSlices });
  const selecting = createSelecting({
    session,
    assistant: parts.assistant,
    downloadBytes: parts.assistantBytes,
    runsHere: () => !hosted.store.getState().on,
  });
  void warmUp({
    engine,
    ...session,
    selecting: selecting.store,
    hosted: hosted.store,
    surroundings: browserSurroundings(starterUrl),
  });
  const selectors = createSelectors(
    { models, assistant: parts.assistant, session, selecting },
    browserSelectorPreference(),
  );
  session.editor.onProblem(session.showStageError);
  createRoot(root).render(
    <StrictMode>
      <App
        session={session}
        samples={samples}
        engineStatus={createEngineStatus(engine)}
        models={models}
        hosted={hosted}
        offline={offline}
        gallery={gallery}
        recipeOffer={recipeOffer}
        drafts={drafts}
        selecting={selecting}
        selectors={selectors}
        saving={createSaving({ session, encode: encodeAs, give: giveFile, write: copyPng })}
      />
    </StrictMode>,
  );
  // The sample is for the first visit; later ones continue the last session.
  void drafts.start().then((visit) => visit === 'first' && session.openSample(samples[0].url));
}
