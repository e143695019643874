/** Composition root: the only place that constructs engines. */
import './styles.css';
import { createLocalEngine } from './engine/local';
import { mountApp } from './ui/mount';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
mountApp(
  root,
  createLocalEngine({ provider: chosenProvider() }),
  new URL('samples/sample.json', document.baseURI),
);

/** `?provider=wasm` or `?provider=webgpu` in the address overrides the choice, for trouble-shooting. */
function chosenProvider(): 'auto' | 'webgpu' | 'wasm' {
  const named = new URLSearchParams(location.search).get('provider');
  return named === 'webgpu' || named === 'wasm' ? named : 'auto';
}
