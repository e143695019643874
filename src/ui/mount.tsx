/** Puts the page together around an engine. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { imaging } from '../editor/imaging';
import { maskWorker } from '../editor/maskFiles';
import { createEditor } from '../editor/store';
import { createEngineStatus } from '../state/engineStatus';
import { browserHubMemory } from '../state/hubMemory';
import { createModels } from '../state/modelLibrary';
import { STARTER } from '../state/models';
import { type Offline, withoutOffline } from '../state/offline';
import { createSession, type PageEngine } from '../state/session';
import { App } from './App';

/** @param sample where the description of the sample lies that the page opens with */
export function mountApp(
  root: HTMLElement,
  engine: PageEngine,
  sample: URL,
  offline: Offline = withoutOffline(),
): void {
  const models = createModels(engine.models, browserHubMemory());
  const session = createSession({ editor: createEditor(maskWorker), engine, imaging, models });
  session.versions.subscribe(({ items }) => {
    if (items.at(-1)?.modelName === STARTER) offline.keepStarter();
  });
  createRoot(root).render(
    <StrictMode>
      <App
        session={session}
        sample={sample}
        engineStatus={createEngineStatus(engine)}
        models={models}
        offline={offline}
      />
    </StrictMode>,
  );
  void session.openSample(sample);
}
