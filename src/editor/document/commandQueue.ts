/** The order of commands: one that comes while the mask is being computed waits for its turn. */
import type { EditorDocument } from './document';

export interface Waiting {
  /**
   * Whether the action is meant for wherever earlier commands in the line lead, as undo and redo are: they go through
   * several documents. Others are meant for the document at hand.
   */
  follows?: boolean;
}

export interface Turns {
  /** Runs the action now, or in its turn if the mask is being computed or others wait: nothing is lost or reordered. */
  inTurn<Result>(action: () => Result | Promise<Result>, how?: Waiting): Result | Promise<Result | undefined>;
  /**
   * Puts the action at the end of the line; commands that come later wait for it.
   * @returns undefined if another image was opened before its turn came
   */
  inLine<Result>(action: () => Result | Promise<Result>, how?: Waiting): Promise<Result | undefined>;
  /** Undo or redo led from one document to another: the line goes along. */
  follow(from: EditorDocument | null, to: EditorDocument | null): void;
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
  const inLine = <Result>(
    action: () => Result | Promise<Result>,
    { follows = false }: Waiting = {},
  ): Promise<Result | undefined> => {
    const own = document();
    if (line.own !== own) line = { own, length: 0, end: Promise.resolve() };
    const mine = line;
    mine.length += 1;
    // If another image was opened meanwhile: the command was not meant for that one.
    const isMeant = () => document() === (follows ? mine.own : own);
    const result = mine.end.then(computed).then(() => (isMeant() ? action() : undefined));
    const gone = () => {
      mine.length -= 1;
    };
    mine.end = result.then(gone, gone);
    return result;
  };

  return {
    inTurn(action, how) {
      const isFree = line.own !== document() || line.length === 0;
      return isFree && !isWorking() ? action() : inLine(action, how);
    },
    inLine,
    follow(from, to) {
      if (line.own === from) line.own = to;
    },
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
