/** Runs the contract of every engine in a browser: the page's own worker, or the real client through the server's proxy. */

import type { Engine } from '../../src/contract/engine';
import { messageOf } from '../../src/contract/errors';
import { createHostedEngine } from '../../src/engine/hosted';
import { createLocalEngine } from '../../src/engine/local';
import { contractCases } from '../../test/support/engineContract';

export interface ContractGiven {
  engine:
    | { kind: 'local'; hubUrl: string }
    | {
        kind: 'hosted';
        /** Of the proxy. */
        url: string;
      };
  modelName: string;
  /** Data URIs. */
  picture: string;
  mask: string;
  otherMask: string;
}

declare global {
  interface Window {
    /** @returns what does not hold in the case of that name; null where it holds */
    contractHarness?: { open(given: ContractGiven): Promise<(name: string) => Promise<string | null>> };
  }
}

function start(given: ContractGiven['engine']): Engine {
  if (given.kind === 'local') return createLocalEngine({ provider: 'wasm', hubUrl: given.hubUrl });
  return createHostedEngine({ access: () => ({ kind: 'proxy', url: given.url }), pollMs: 50 });
}

const blobOf = async (dataUri: string) => (await fetch(dataUri)).blob();

window.contractHarness = {
  async open({ engine: chosen, modelName, picture, mask, otherMask }) {
    const input = { model_name: modelName, image_url: await blobOf(picture), mask_url: await blobOf(mask) };
    const subject = { engine: start(chosen), input, otherMask: await blobOf(otherMask) };
    return async (name) => {
      const found = contractCases.find((each) => each.name === name);
      if (!found) throw new Error(`there is no case "${name}"`);
      return found.check(subject).then(
        () => null,
        (error: unknown) => messageOf(error),
      );
    };
  },
};
