/** How many CPU threads models run on in a browser. */

/** More threads than this bring nothing and starve the page. */
const MAX_THREADS = 8;

/** The part of `navigator` that says it. */
export interface Processors {
  hardwareConcurrency: number;
  userAgent: string;
}

/**
 * WebKit says 4 on devices with one to seven processors and 8 on larger ones, so that pages cannot tell devices apart
 * (`NavigatorBase::hardwareConcurrency`, WebKit bug 132588). Half of that is what such devices have of fast cores (iPhones 2
 * of 6, Apple M1 4 of 8), and threads beyond the processors wait for one another.
 * @returns threads for an isolated page; one that is not has a single thread
 */
export function cpuThreads({ hardwareConcurrency, userAgent }: Processors): number {
  // Chromium's has both words. Every browser on iOS is WebKit, whatever it calls itself.
  const isWebkit = /AppleWebKit\//.test(userAgent) && !/Chrom(e|ium)\//.test(userAgent);
  return Math.min(isWebkit ? Math.ceil(hardwareConcurrency / 2) : hardwareConcurrency, MAX_THREADS);
}
