/** Before a download: whether this device can run the model, and whether the user wants it. */
import { TooLargeError } from '../../contract/errors';
import { configurationsOf } from '../../contract/knownNetworks';
import type { ModelDetails, ModelLibrary } from '../../contract/modelLibrary';
import { offers } from './modelCatalogue';
import { type ModelState, unfinishedOf } from './modelState';
import type { Pace } from './pace';

export function createAdmission(
  state: Pick<ModelState, 'store' | 'setFit' | 'setQuestion'>,
  library: Pick<ModelLibrary, 'judge'>,
  pace: Pick<Pace, 'downloadSeconds'>,
) {
  let reply: ((yes: boolean) => void) | undefined;
  const checking = new Map<string, Promise<void>>();

  /** Checks a model unless that is under way; the store has the answer. What can't be checked is checked by the run. */
  function checkFits(name: string, configurations: ReadonlyMap<string, string>): Promise<void> {
    const under = checking.get(name);
    if (under !== undefined) return under;
    const work = library
      .judge(name, configurations)
      .then(
        (fit) => state.setFit(name, fit),
        () => state.setFit(name, undefined),
      )
      .finally(() => checking.delete(name));
    checking.set(name, work);
    return work;
  }

  return {
    checkFits,
    /** Checks the recommended models, from what is known without a network; once per visit. */
    async checkOffers(): Promise<void> {
      for (const { model_name, networks } of offers) {
        if (networks === undefined || state.store.getState().fits[model_name] !== undefined) continue;
        const texts = [...configurationsOf(networks)].map(
          ([path, config]) => [path, JSON.stringify(config)] as const,
        );
        await checkFits(model_name, new Map(texts));
      }
    },
    /** @throws TooLargeError if the check found it too large */
    async refuseUnfit(name: string): Promise<void> {
      await checking.get(name);
      const fit = state.store.getState().fits[name];
      if (fit?.verdict !== 'tooLarge') return;
      const { message, neededBytes, availableBytes } = fit;
      throw new TooLargeError(message, { component: 'model', neededBytes, availableBytes, limit: 'memory' });
    },
    /**
     * Asks whether a model may be downloaded, until there is an answer or the signal aborts.
     * @throws AbortError if the answer is no
     */
    async ask(
      { name, totalBytes }: Pick<ModelDetails, 'name' | 'totalBytes'>,
      signal: AbortSignal,
    ): Promise<void> {
      const begun = unfinishedOf(state.store.getState(), name)?.unfinished;
      const bytes = Math.max(0, totalBytes - (begun?.receivedBytes ?? 0));
      const answered = new Promise<boolean>((resolve) => {
        reply = resolve;
        signal.addEventListener('abort', () => resolve(false), { once: true });
      });
      const question = { name, bytes, seconds: pace.downloadSeconds(bytes), isBegun: begun !== undefined };
      state.setQuestion(question);
      const isWanted = await answered;
      reply = undefined;
      state.setQuestion(null);
      signal.throwIfAborted();
      if (!isWanted) throw new DOMException('The download was declined.', 'AbortError');
    },
    answer: (yes: boolean): void => reply?.(yes),
  };
}
