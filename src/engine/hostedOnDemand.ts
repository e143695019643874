/** The hosted engine, whose code and client are fetched at the first run: most visits make none. */
import type { Engine } from '../contract/engine';
import { NetworkError } from '../contract/errors';
import type { HostedOptions } from './hosted';

/** @param load tests pass another */
export function createHostedEngineOnDemand(options: HostedOptions, load = () => import('./hosted')): Engine {
  let opened: Promise<Engine> | undefined;

  async function open(): Promise<Engine> {
    try {
      return (await load()).createHostedEngine(options);
    } catch (cause) {
      opened = undefined;
      throw new NetworkError(
        'Hosted API: the part of this page that speaks to it could not be loaded; check the network and reload the page.',
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
