/** The order of commands: one that comes while the mask is being computed waits for its turn. */
import type { EditorDocument } from './document';

export interface Turns {
  /** Runs the action now, or in its turn if the mask is being computed or others wait: nothing is lost or reordered. */
  inTurn<Result>(action: () => Result | Promise<Result>): Result | Promise<Result | undefined>;
  /**
   * Puts the action at the end of the line; commands that come later wait for it.
   * @returns undefined if another image was opened before its turn came
   */
  inLine<Result>(action: () => Result | Promise<Result>): Promise<Result | undefined>;
  /** Names the work that now keeps the mask from changing. @param work must not reject */
  startWork(work: Promise<void>): void;
  /** Resolves once nothing is being computed and nobody waits. */
  settled(): Promise<void>;
}

export function createTurns(parts: {
  document(): EditorDocument | null;
  /** Whether the mask is being computed. */
  isWorking(): boolean;
}): Turns {
  const { document, isWorking } = parts;
  let work = Promise.resolve();
  /** What waits until the mask of one document may change again. */
  let line = { own: document(), length: 0, end: Promise.resolve() };

  const computed = async () => {
    while (isWorking()) await work;
  };
  const inLine = <Result>(action: () => Result | Promise<Result>): Promise<Result | undefined> => {
    const own = document();
    if (line.own !== own) line = { own, length: 0, end: Promise.resolve() };
    const mine = line;
    mine.length += 1;
    // If another image was opened meanwhile: the command was not meant for that one.
    const result = mine.end.then(computed).then(() => (document() === own ? action() : undefined));
    const gone = () => {
      mine.length -= 1;
    };
    mine.end = result.then(gone, gone);
    return result;
  };

  return {
    inTurn(action) {
      const isFree = line.own !== document() || line.length === 0;
      return isFree && !isWorking() ? action() : inLine(action);
    },
    inLine,
    startWork(started) {
      work = started;
    },
    async settled() {
      do {
        await line.end;
        await computed();
      } while (line.length > 0);
    },
  };
}
