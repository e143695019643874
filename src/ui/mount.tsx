/** Puts the page together around an engine. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { imaging } from '../editor/imaging';
import { createEditor } from '../editor/store';
import { createEngineStatus } from '../state/engineStatus';
import { createSession, type PageEngine } from '../state/session';
import { App } from './App';

/** @param sample where the description of the sample lies that the page opens with */
export function mountApp(root: HTMLElement, engine: PageEngine, sample: URL): void {
  const session = createSession({ editor: createEditor(), engine, imaging });
  createRoot(root).render(
    <StrictMode>
      <App session={session} engineStatus={createEngineStatus(engine)} />
    </StrictMode>,
  );
  void session.openSample(sample);
}
