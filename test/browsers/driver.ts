/** What a test needs of a browser, whichever client drives it. */

export interface Point {
  /** CSS pixels from the left of the viewport. */
  x: number;
  /** CSS pixels from its top. */
  y: number;
}

/** Values that survive the way into the page and back. */
export type Plain =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Plain[]
  | { readonly [key: string]: Plain };

export interface Driver {
  /** E.g. `Firefox 153.8`. */
  readonly title: string;
  /** Resolves once the document is loaded. */
  open(url: string): Promise<void>;
  reload(): Promise<void>;
  /**
   * Runs a function in the page: it sees nothing of its surroundings here.
   * @throws Error with the page's own message
   */
  evaluate<Parameters extends readonly Plain[], Result>(
    work: (...parameters: Parameters) => Result | Promise<Result>,
    ...parameters: Parameters
  ): Promise<Result>;
  move(to: Point): Promise<void>;
  press(): Promise<void>;
  release(): Promise<void>;
  /** Types into what has the focus. */
  type(text: string): Promise<void>;
  escape(): Promise<void>;
  /** Of the viewport. @returns a PNG */
  screenshot(): Promise<Buffer>;
  close(): Promise<void>;
}

export const VIEWPORT = { width: 1440, height: 900 };

/** The source of a function for the page. The compiler of these tests gives functions their names through a helper. */
export function sourceFor(work: (...parameters: never[]) => unknown): string {
  return `(() => { const __name = (named) => named; return (${work.toString()}); })()`;
}
