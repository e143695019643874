/** The hosted engine, whose code and client are loaded at the first run: most visits have none. */
import type { Engine } from '../contract/engine';
import { NetworkError } from '../contract/errors';
import type { HostedOptions } from './hosted';

/** @param load imports the engine's code */
export function createHostedEngineOnDemand(options: HostedOptions, load = () => import('./hosted')): Engine {
  let opened: Promise<Engine> | undefined;

  async function open(): Promise<Engine> {
    try {
      return (await load()).createHostedEngine(options);
    } catch (cause) {
      opened = undefined;
      throw new NetworkError(
        'The code for the hosted API could not be loaded. Check your connection and reload the page.',
        { cause },
      );
    }
  }

  return {
    async inpaint(...run) {
      opened ??= open();
      return (await opened).inpaint(...run);
    },
    async dispose() {
      await (await opened?.catch(() => undefined))?.dispose();
    },
  };
}
