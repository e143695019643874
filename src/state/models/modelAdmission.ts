/** Before a download: whether this device can run the model, and whether the user wants it. */
import type { StoreApi } from 'zustand/vanilla';
import { TooLargeError } from '../../contract/errors';
import { configurationsOf } from '../../contract/knownNetworks';
import type { Fit, ModelDetails, ModelLibrary } from '../../contract/modelLibrary';
import { offers } from './modelCatalogue';
import { type ModelLibraryState, unfinishedOf } from './modelState';
import type { Pace } from './pace';

export function createAdmission(
  store: StoreApi<ModelLibraryState>,
  library: Pick<ModelLibrary, 'judge'>,
  pace: Pick<Pace, 'downloadSeconds'>,
) {
  let reply: ((yes: boolean) => void) | undefined;
  const judging = new Map<string, Promise<void>>();

  const setFit = (name: string, fit: Fit | undefined) =>
    store.setState(({ fits: { [name]: _, ...others } }) => ({
      fits: fit === undefined ? others : { ...others, [name]: fit },
    }));

  /** Judges a model unless that is under way; the store has the answer. What cannot be judged is judged when it runs. */
  function judge(name: string, configurations: ReadonlyMap<string, string>): Promise<void> {
    const under = judging.get(name);
    if (under !== undefined) return under;
    const work = library
      .judge(name, configurations)
      .then(
        (fit) => setFit(name, fit),
        () => setFit(name, undefined),
      )
      .finally(() => judging.delete(name));
    judging.set(name, work);
    return work;
  }

  return {
    judge,
    /** The recommended models, from what is known of them without a network; once a visit. */
    async judgeOffers(): Promise<void> {
      for (const { model_name, networks } of offers) {
        if (networks === undefined || store.getState().fits[model_name] !== undefined) continue;
        const texts = [...configurationsOf(networks)].map(
          ([path, config]) => [path, JSON.stringify(config)] as const,
        );
        await judge(model_name, new Map(texts));
      }
    },
    /** @throws TooLargeError where the model was judged too large */
    async refuseUnfit(name: string): Promise<void> {
      await judging.get(name);
      const fit = store.getState().fits[name];
      if (fit?.verdict !== 'tooLarge') return;
      const { message, neededBytes, availableBytes } = fit;
      throw new TooLargeError(message, { component: 'model', neededBytes, availableBytes, limit: 'memory' });
    },
    /**
     * Puts the question whether a model may be fetched, until it is answered or the signal aborts.
     * @throws AbortError where the answer is no
     */
    async ask(
      { name, totalBytes }: Pick<ModelDetails, 'name' | 'totalBytes'>,
      signal: AbortSignal,
    ): Promise<void> {
      const begun = unfinishedOf(store.getState(), name)?.unfinished;
      const bytes = Math.max(0, totalBytes - (begun?.receivedBytes ?? 0));
      const answered = new Promise<boolean>((resolve) => {
        reply = resolve;
        signal.addEventListener('abort', () => resolve(false), { once: true });
      });
      const question = { name, bytes, seconds: pace.downloadSeconds(bytes), isBegun: begun !== undefined };
      store.setState({ question });
      const isWanted = await answered;
      reply = undefined;
      store.setState({ question: null });
      signal.throwIfAborted();
      if (!isWanted) throw new DOMException('The download was declined.', 'AbortError');
    },
    answer: (yes: boolean): void => reply?.(yes),
  };
}
